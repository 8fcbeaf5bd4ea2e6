"""The curves of a run as tables, read back by those who read such tables, and held against the journal."""

import csv
import tracemalloc
from collections.abc import Callable
from math import inf, nan
from pathlib import Path

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.inspected import Inspected
from grokterm.experiment.recording.records import Branched, Record, Skipped
from grokterm.runs import journal_lines
from grokterm.runs.export import curves
from grokterm.runs.export.curves import tables_of, write_csv, write_parquet
from grokterm.runs.export.measured import Event, events
from grokterm.runs.export.source import Source
from grokterm.runs.journal import JournalWriter
from grokterm.runs.storage.making import create_run
from tests.runs.export.conftest import replay_to
from tests.runs.records import evaluated, finished, journaled, started


def as_read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def with_journal(folder: Path, records: list[Record], experiment: Experiment) -> Source:
    run = create_run(folder, experiment, "made", {})
    JournalWriter(run.journal).write(records)
    return Source(run, replay_to)


def test_a_row_is_an_evaluation(swapped: Source, tmp_path: Path) -> None:
    write_csv(swapped, tmp_path / "x.csv")
    rows = as_read(tmp_path / "x.csv")
    written = [one for one in journaled(swapped.run.journal) if isinstance(one, Evaluated)]
    assert [int(row["step"]) for row in rows] == [one.step for one in written] == [0, 5, 10, 12, 15, 20, 25, 30]
    assert {row["network"] for row in rows} == {"mlp"}
    assert {row["seed"] for row in rows} == {"0"}
    for name in ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "parameter_norm"):
        assert [float(row[name]) for row in rows] == [getattr(one, name) for one in written], name


def test_what_was_inspected_stands_at_its_step(swapped: Source, tmp_path: Path) -> None:
    write_csv(swapped, tmp_path / "x.csv")
    inspected = {one.step: one for one in journaled(swapped.run.journal) if isinstance(one, Inspected)}
    assert inspected.keys() >= {0, 10, 20, 30}
    for row in as_read(tmp_path / "x.csv"):
        one = inspected.get(int(row["step"]))
        assert row["ipr"] == ("" if one is None else str(one.ipr))


def test_events_are_beside_the_curves(swapped: Source, tmp_path: Path) -> None:
    write_csv(swapped, tmp_path / "x.csv")
    events = [(row["step"], row["event"], row["what"]) for row in as_read(tmp_path / "x-events.csv")]
    assert events[-1] == ("30", "end", "complete")
    assert ("12", "intervention", "swap to 30 %") in events
    assert ("13", "intervention", "set learning_rate 0.001") in events


def test_members_are_told_apart_by_their_seeds(ensemble: Source, tmp_path: Path) -> None:
    write_csv(ensemble, tmp_path / "x.csv")
    rows = as_read(tmp_path / "x.csv")
    records = [one for one in journaled(ensemble.run.journal) if isinstance(one, Evaluated)]
    assert [(row["seed"], int(row["step"])) for row in rows] == [(seed, one.step) for seed in "34" for one in records]
    losses = [one.members["val_loss"][number] for number in (0, 1) for one in records if one.members]
    assert [float(row["val_loss"]) for row in rows] == pytest.approx(losses, rel=1e-7)


def test_parquet_holds_the_same(swapped: Source, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_parquet(swapped, tmp_path / "x.parquet")
    (whole,), events = tables_of(swapped)
    for file, table in (("x", whole), ("x-events", events)):
        read = parquet.read_table(tmp_path / f"{file}.parquet")
        assert read.to_pydict() == {name: list(column.values) for name, column in table.items()}
    assert str(parquet.read_schema(tmp_path / "x.parquet").field("step").type) == "int64"


def test_a_loss_that_is_not_finite_is_a_number_and_one_of_an_empty_side_is_none(tiny: Experiment, tmp_path: Path) -> None:
    whole = evaluated(5).model_copy(update={"val_loss": None, "val_accuracy": None})
    records: list[Record] = [
        started(),
        evaluated(0),
        whole,
        evaluated(6, train_loss=inf, val_loss=nan),
        finished(6, "diverged"),
    ]
    (columns,), _ = tables_of(with_journal(tmp_path, records, tiny))
    assert list(columns["train_loss"].values) == [0.5, 0.5, inf]
    losses = list(columns["val_loss"].values)
    assert losses[:2] == [0.5, None]
    assert losses[2] != losses[2]
    assert list(columns["val_accuracy"].values) == [0.0, None, 0.0]


@pytest.mark.parametrize("write", [write_csv, write_parquet])
def test_an_export_holds_a_piece_of_a_long_run_in_memory(
    tiny: Experiment, tmp_path: Path, write: Callable[[Source, Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(curves, "ROWS_AT_ONCE", 250)
    monkeypatch.setattr(journal_lines, "PIECE", 2**14)
    source = with_journal(tmp_path, [started()], tiny)
    journal = JournalWriter(source.run.journal, source.run.journal.stat().st_size)
    peaks = []
    for steps in (range(0, 2_000, 100), range(2_000, 10_000, 100)):
        for first in steps:
            journal.write([evaluated(step, train_loss=1 / (step + 1)) for step in range(first, first + 100)])
        tracemalloc.start()
        write(source, tmp_path / "x")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (peaks[1] - peaks[0]) / 8_000 < 150, "bytes of an evaluation; as Python's numbers they take 400"


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 100])
def test_pieces_add_up_to_the_whole(swapped: Source, n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    (whole,), _ = tables_of(swapped)
    monkeypatch.setattr(curves, "ROWS_AT_ONCE", n or len(whole["step"].values))
    pieces = [*tables_of(swapped).curves]
    assert {name: [value for piece in pieces for value in piece[name].values] for name in whole} == {
        name: list(column.values) for name, column in whole.items()
    }


def test_a_run_that_was_never_evaluated_has_an_empty_table(tiny: Experiment, tmp_path: Path) -> None:
    write_csv(with_journal(tmp_path, [started()], tiny), tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text() == "network,seed,step\n"
    assert (tmp_path / "x-events.csv").read_text() == "network,step,event,what\n"


def test_escape_codes_do_not_come_through(tiny: Experiment, tmp_path: Path) -> None:
    end = finished(0, "com\x1b[31mplete\x07")
    _, events = tables_of(with_journal(tmp_path, [end], tiny))
    assert list(events["what"].values) == ["complete"]


def test_where_a_run_came_from_and_what_was_left_out_are_events() -> None:
    branched = Branched(step=20, parent="quick-1", path="runs/quick-1")
    skipped = Skipped(step=30, intervention=0, message="interventions[0]: no\x1b[2J room")
    assert list(events([branched, skipped, finished(40)])) == [
        Event(20, "branch", "of quick-1"),
        Event(30, "skipped", "interventions[0]: no room"),
        Event(40, "end", "complete"),
    ]
