"""What makes the folder of a sweep, or gives it another definition."""

from pathlib import Path

import pytest

from grokterm.errors import ConfigError
from grokterm.experiment.sweep import Sweep
from grokterm.sweeps.storage.keeping import keep_sweep
from grokterm.sweeps.storage.result import Result
from tests.sweeps.fixtures import TINY, tiny_sweep


def test_an_edited_grid_keeps_what_came_of_its_members(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    first = sweep.members()[0]
    sweep.keep_result(Result(key=first.key, memorized_at=4, val_loss=float("inf")))
    edited = tiny_sweep(tmp_path, {"grid": {"task.train_fraction": [0.4, 0.5]}, "seeds": 3})
    assert edited.results()[first.key].memorized_at == 4
    assert edited.results()[first.key].val_loss == float("inf")
    assert len(edited.members()) == 6


def test_a_folder_of_another_sweep_is_refused(tmp_path: Path) -> None:
    tiny_sweep(tmp_path)
    with pytest.raises(ConfigError, match="is a sweep of tiny, not of quick"):
        keep_sweep(tmp_path, "tiny-sweep", "quick", TINY, Sweep())
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(ConfigError, match="is there, and is no sweep"):
        keep_sweep(tmp_path, "other", "quick", TINY, Sweep())
