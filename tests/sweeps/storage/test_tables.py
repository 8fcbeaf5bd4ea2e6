"""The table of a sweep, read back by those who read such tables."""

import csv
from pathlib import Path
from typing import Any

import pytest

from grokterm.errors import StorageError
from grokterm.runs.export.columns import Column
from grokterm.sweeps.storage import tables
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.result import Result
from grokterm.sweeps.storage.tables import GrowingTable, columns_of, write_table
from tests.sweeps.fixtures import tiny_sweep

TABLE: dict[str, Any] = {
    "grid": {"optimizer.batch_size": ["full", 8], "task.train_fraction": [0.4, 0.6]},
    "variants": {"plain": {}, "wide, wider": {"model.width": 16}},
    "seeds": 2,
}


@pytest.fixture
def sweep(tmp_path: Path) -> SweepFolder:
    """A sweep all of whose members have ended, but the last."""
    made = tiny_sweep(tmp_path, TABLE)
    for number, member in enumerate(made.members()[:-1]):
        reached = number % 3 or None
        made.keep_result(Result(key=member.key, grokked_at=reached, val_loss=number / 7, metrics={"ipr": 0.5}, host="here"))
    first = made.members()[0]
    made.keep_result(Result(key=first.key, outcome="failed", problem='out of "memory", maybe', val_loss=float("inf")))
    return made


def rows(sweep: SweepFolder) -> list[dict[str, str]]:
    with (sweep.path / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_it_has_a_row_for_each_member_that_has_ended(sweep: SweepFolder) -> None:
    members, results = sweep.members(), sweep.results()
    written = write_table(sweep, members, results)
    read = rows(sweep)
    assert written.csv == sweep.path / "results.csv"
    assert len(read) == len(members) - 1
    assert {row["key"] for row in read} == set(results)
    one = next(row for row in read if row["key"] == members[3].key)
    assert one["optimizer.batch_size"] == "8"
    assert one["task.train_fraction"] == "0.6"
    assert (one["variant"], one["seed"], one["grokked_at"], one["ipr"]) == ("plain", "0", "", "0.5")
    assert float(one["val_loss"]) == 3 / 7
    assert [row["problem"] for row in read if row["outcome"] == "failed"] == ['out of "memory", maybe']


def test_the_seeds_of_a_point_stand_together(sweep: SweepFolder) -> None:
    write_table(sweep, sweep.members(), sweep.results())
    points = [(row["variant"], row["optimizer.batch_size"], row["task.train_fraction"]) for row in rows(sweep)]
    assert points[:-1:2] == points[1::2]


def test_a_column_is_of_the_kind_of_all_its_values(sweep: SweepFolder) -> None:
    found = columns_of(sweep.members(), sweep.results())
    kinds = {
        name: found[name].kind for name in ("optimizer.batch_size", "task.train_fraction", "variant", "seed", "grokked_at")
    }
    assert list(kinds.values()) == ["text", "float", "text", "int", "int"]


def test_an_axis_of_truth_values_or_whole_numbers_is_one(tmp_path: Path) -> None:
    axes = {"training.tf32": [False, True], "model.width": [8, 16]}
    made = tiny_sweep(tmp_path, {"grid": axes})
    made.keep_result(Result(key=made.members()[-1].key))
    found = columns_of(made.members(), made.results())
    assert {name: found[name] for name in axes} == {
        "training.tf32": Column("bool", [True]),
        "model.width": Column("int", [16]),
    }


def test_a_table_that_cannot_be_written_is_told_of_in_a_line(sweep: SweepFolder) -> None:
    (sweep.path / "results.csv").mkdir()
    with pytest.raises(StorageError, match="tiny-sweep cannot be written: Is a directory"):
        write_table(sweep, sweep.members(), sweep.results())


def test_pandas_reads_it(sweep: SweepFolder) -> None:
    pandas = pytest.importorskip("pandas")
    write_table(sweep, sweep.members(), sweep.results())
    read = pandas.read_csv(sweep.path / "results.csv")
    assert read["grokked_at"].isna().sum() == 5
    assert read["val_loss"].max() == float("inf")
    assert read.groupby("task.train_fraction")["seed"].count().to_dict() == {0.4: 8, 0.6: 7}


def test_parquet_holds_the_same(sweep: SweepFolder) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    written = write_table(sweep, sweep.members(), sweep.results())
    assert written.parquet is not None
    read = parquet.read_table(written.parquet).to_pydict()
    assert read == {name: list(column.values) for name, column in columns_of(sweep.members(), sweep.results()).items()}


def test_without_pyarrow_there_is_none(sweep: SweepFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "find_spec", lambda _: None)
    assert write_table(sweep, sweep.members(), sweep.results()).parquet is None
    assert not (sweep.path / "results.parquet").exists()


def test_a_table_that_grows_is_written_seldom_and_only_if_there_is_something_new(sweep: SweepFolder) -> None:
    now = 0.0
    table, members, results = GrowingTable(sweep, lambda: now), sweep.members(), sweep.results()
    path = sweep.path / "results.csv"
    table.update(members, results)
    assert not path.exists()
    now = tables.LEAST_SECONDS
    table.update(members, results)
    assert path.exists()
    path.unlink()
    now += 100 * tables.LEAST_SECONDS
    table.update(members, results)
    assert not path.exists()


def test_no_draft_is_left(sweep: SweepFolder) -> None:
    write_table(sweep, sweep.members(), sweep.results())
    assert not list(sweep.path.glob(".*"))
