"""What tells runs apart: what was written, not what followed from it."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Set, Swap
from grokterm.runs.differences import differences, in_short, settings_at_end
from grokterm.runs.storage.making import create_run
from tests.runs.records import acted
from tests.training.outcome import changed

if TYPE_CHECKING:
    from grokterm.runs.store import Run


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, Path]:
    """Two tables of the same name, and a copy of the first under another."""
    texts = {"a/mine.csv": "0,1,2\n1,2,0\n2,0,1", "b/mine.csv": "0,1\n1,0", "b/copy.csv": "0,1,2\n1,2,0\n2,0,1"}
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return {name: tmp_path / name for name in texts}


def told(tmp_path: Path, *experiments: Experiment) -> list[str]:
    """Say what each run differs in from the first."""
    runs: list[Run] = [create_run(tmp_path / "runs", experiment, "mine", {}) for experiment in experiments]
    return [in_short(one) for one in differences(runs)]


def of_table(tiny: Experiment, path: Path, *more: str) -> Experiment:
    return changed(tiny, "task.operation=table", f"task.table={path}", *more)


def test_a_table_is_called_by_the_name_of_its_file(tiny: Experiment, tables: dict[str, Path], tmp_path: Path) -> None:
    assert told(tmp_path, tiny, of_table(tiny, tables["a/mine.csv"])) == ["", "operation=table, table=mine.csv"]


def test_files_are_told_apart_by_what_they_hold(tiny: Experiment, tables: dict[str, Path], tmp_path: Path) -> None:
    one, copy, other = (of_table(tiny, tables[name]) for name in ("a/mine.csv", "b/copy.csv", "b/mine.csv"))
    assert told(tmp_path, one, one, copy, other) == ["", "", "", "table=mine.csv"]


def test_a_modulus_that_the_operation_decides_is_not_told(tiny: Experiment, tmp_path: Path) -> None:
    s4 = changed(tiny, "task.operation=s4_product", "seed=1")
    assert told(tmp_path, tiny, s4) == ["", "seed=1, operation=s4_product"]
    assert told(tmp_path / "again", s4, changed(tiny, "task.modulus=13", "seed=1")) == ["", "operation=add, modulus=13"]


def test_of_the_size_of_a_training_set_what_was_written_is_told(tiny: Experiment, tmp_path: Path) -> None:
    fifty = changed(tiny, "task.n_train=50")
    assert told(tmp_path, tiny, fifty) == ["", "n_train=50"]
    assert told(tmp_path / "again", fifty, changed(fifty, "task.train_fraction=0.25")) == ["", "train_fraction=0.25"]


def test_a_polynomial_is_not_told_where_the_operation_has_none(tiny: Experiment, tmp_path: Path) -> None:
    own = changed(tiny, "task.operation=expression", "task.expression=a*b")
    assert told(tmp_path, own, changed(own, "task.operation=cubic")) == ["", "operation=cubic"]


def test_what_follows_is_told_where_nothing_else_differs(tiny: Experiment, tmp_path: Path) -> None:
    number = changed(tiny, "task.n_train=50")
    share = changed(tiny, f"task.train_fraction={number.task.train_fraction!r}")
    assert told(tmp_path, number, share) == ["", "n_train=auto"]


def test_a_swap_by_hand_tells_runs_apart_and_so_does_a_setting(tiny: Experiment) -> None:
    slower, fewer = Set(values={"optimizer.learning_rate": 1e-4}), Swap(train_fraction=0.25)
    planned = acted(40, Swap(seed=7)).model_copy(update={"intervention": 0})
    before, after = (settings_at_end(tiny, records) for records in ([], [acted(20, slower), acted(30, fewer), planned]))
    assert {name: value for name, value in after.items() if before.get(name) != value} == {
        "optimizer.learning_rate": 1e-4,
        "swap at step 30": "train_fraction=0.25",
    }
