"""The sweep that a name means."""

from pathlib import Path

import pytest

from grokterm.errors import RunNotFoundError
from grokterm.sweeps.storage.finding import find_sweep
from tests.sweeps.fixtures import tiny_sweep


def test_a_sweep_is_found_by_its_name_the_beginning_of_one_or_its_path(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    assert {find_sweep(tmp_path, name) for name in ("tiny-sweep", "tin", str(sweep.path))} == {sweep}
    with pytest.raises(RunNotFoundError, match="no sweep is called 'big': there are tiny-sweep"):
        find_sweep(tmp_path, "big")
