"""The folder of a sweep."""

from pathlib import Path

import pytest

from grokterm.errors import RunNotFoundError
from grokterm.experiment.sweep import Sweep
from grokterm.runs.finding import sweep_names
from grokterm.runs.store import list_runs
from grokterm.sweeps.measuring.measures import network_measures
from grokterm.sweeps.members import members_of
from grokterm.sweeps.storage.finding import find_sweep
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.result import Result
from grokterm.sweeps.work import Work
from tests.sweeps.fixtures import TINY, TWO_BY_TWO, tiny_sweep


def test_it_has_the_members_that_it_was_made_with(tmp_path: Path) -> None:
    made = tiny_sweep(tmp_path)
    found = find_sweep(tmp_path, "tiny")
    assert found.path == made.path
    assert found.preset == "tiny"
    assert found.members() == members_of(TINY, Sweep.from_settings(TWO_BY_TWO))


def test_it_is_no_run(tmp_path: Path) -> None:
    tiny_sweep(tmp_path)
    assert not list_runs(tmp_path)
    assert sweep_names(tmp_path) == ["tiny-sweep"]


def test_one_that_cannot_be_read_says_so_in_a_line(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    (sweep.path / "sweep.toml").write_text("[sweep]\nseeds = 'x'")
    with pytest.raises(RunNotFoundError, match=r"sweep tiny-sweep: sweep.toml cannot be read: seeds must be"):
        _ = SweepFolder(sweep.path).sweep


def test_another_measure_of_the_network_is_taken_of_what_has_ended(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    first, second = sweep.members()[:2]
    Work(sweep).on(first)
    sweep.keep_result(Result(key=second.key))  # of a run that has left no checkpoint
    asked = tiny_sweep(tmp_path, TWO_BY_TWO | {"measure": "ipr"})
    asked.forget_unmeasured(network_measures(asked.sweep))
    assert asked.results().keys() == {second.key}
    Work(asked).on(first)
    result = asked.result_of(first.key)
    assert result is not None
    assert result.value("ipr") is not None
    asked.forget_unmeasured(network_measures(asked.sweep))
    assert len(asked.results()) == 2


def test_a_result_that_cannot_be_read_or_is_about_another_member_is_none(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    (sweep.path / "results" / "abc.json").write_text("{")
    (sweep.path / "results" / "abd.json").write_text(Result(key="../outside").model_dump_json())  # by which it would be removed
    assert sweep.results() == {}


def test_meta_data_that_no_program_has_written_name_no_preset(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    for content in ("[" * 9999, "{", "[]"):
        (sweep.path / "meta.json").write_text(content)
        assert sweep.preset == ""
