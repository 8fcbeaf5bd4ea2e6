"""Evaluations that are packed into one line tell the same as a line each, bit for bit."""

import json
import tempfile
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grokterm.analysis.milestones import MilestoneDetector, telling_rows
from grokterm.errors import CheckpointError
from grokterm.experiment.conditions import Comparison
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Set, Swap
from grokterm.experiment.metrics import EVALUATION_METRICS
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.evaluations import Evaluations
from grokterm.experiment.recording.inspected import Inspected
from grokterm.experiment.recording.packing import n_unpacked, packed, since, thinned, unpacked, until
from grokterm.experiment.recording.records import Branched, Reached, Record
from grokterm.runs.branching import Branching
from grokterm.runs.following import JournalReader
from grokterm.runs.journal import JournalWriter, journal_line, read_journal, read_lines, rewind_journal
from grokterm.runs.listing.skim import Skim
from grokterm.runs.results.summarizing import summarize_means
from grokterm.runs.results.verification import first_crossing
from grokterm.runs.store import Run
from grokterm.session.state import LabState, fold
from grokterm.training.schedule import Schedule
from tests.runs.records import acted, checkpointed, evaluated, finished, journaled, started

EXPERIMENT = """
[task]
modulus = 5
[training]
steps = 100
stop_when = "20 steps after val_loss < 0.3"
[[interventions]]
when = "5 steps after train_loss < 0.4"
save = true
[[interventions]]
when = "grokked"
save = true
"""

ACCURACIES = st.sampled_from([0.0, 0.25, 0.49999999, 0.5, 0.75, 0.99, float(np.float32(0.99)), 1.0, float("nan")])
LOSSES = st.one_of(
    st.sampled_from([0.3, 0.4, float(np.float32(0.3)), -0.0, 5e-324, 1e-40, 3e38, float("inf"), float("-inf"), float("nan")]),
    st.floats(0, 4, width=32),
    st.floats(0, 4),
)


@st.composite
def journals(draw: st.DrawFn) -> list[Record]:
    """Draw what a journal may hold, in the order of the steps."""
    step, records, has_seen = 0, list[Record]([started(), Branched(step=0, parent="other", path="/other")]), False
    kinds = st.sampled_from(["evaluated"] * 6 + ["swap", "set", "inspected", "reached", "saved"])
    for kind in draw(st.lists(kinds, max_size=40)):
        if kind == "evaluated":
            step += draw(st.integers(0, 3))
            measured = {name: draw(LOSSES if name.endswith("loss") else ACCURACIES) for name in EVALUATION_METRICS}
            seen = {"seen_loss": draw(LOSSES), "seen_accuracy": draw(ACCURACIES)} if has_seen else {}
            records.append(Evaluated(step=step, **measured, **seen))
        elif kind == "swap":
            has_seen = draw(st.booleans())
            records.append(acted(step, Swap(train_fraction=0.5)))
        elif kind == "set":
            records.append(acted(step, Set(values={"training.stop_when": draw(st.sampled_from(["never", "grokked"]))})))
        elif kind == "inspected":
            records.append(Inspected(step=step, ipr=0.5))
        elif kind == "reached":
            records.append(Reached(step=step, milestone=draw(st.sampled_from(["memorized", "grokked", "ungrokked"]))))
        else:
            records.append(checkpointed(step))
    return [*records, finished(step)]


def line_by_line(records: Iterable[Record]) -> bytes:
    return b"".join(map(journal_line, records))


def written(records: list[Record], folder: Path, sizes: list[int]) -> Path:
    """Write a run, so many records at once."""
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "experiment.toml").write_text(EXPERIMENT)
    (folder / "meta.json").write_text("{}")
    journal = folder / "journal.jsonl"
    journal.touch()
    writer, rest = JournalWriter(journal), list(records)
    while rest:
        n = sizes[len(rest) % len(sizes)]
        writer.write(rest[:n])
        rest = rest[n:]
    for record in records:
        if record.record == "checkpointed":
            (folder / "checkpoints" / record.file).touch()
    return journal


def told(state: LabState) -> list[object]:
    """Everything of a state, numbers by their bits."""
    columns = {name: column.astype(np.float64) for name, column in state.curves.measured.items()}
    curves = {name: column.tobytes() for name, column in columns.items() if not np.isnan(column).all()}
    return [curves, *(getattr(state, one.name) for one in fields(state) if one.name != "curves")]


def same(one: Iterable[Record], other: Iterable[Record]) -> bool:
    return list(map(repr, one)) == list(map(repr, other))  # NaN is not equal to itself; a repr has every bit


@settings(max_examples=60, deadline=None)
@given(journals(), st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(0, 40))
def test_packed_lines_tell_the_same_as_a_line_each(records: list[Record], sizes: list[int], step: int) -> None:
    experiment = Experiment.from_toml(EXPERIMENT)
    with tempfile.TemporaryDirectory() as folder:
        journal, plain = written(records, Path(folder, "packed"), sizes), Path(folder, "plain.jsonl")
        plain.write_bytes(line_by_line(records))
        assert same(journaled(journal), records)
        assert same(journaled(plain), records)
        for read in (read_journal(journal), read_journal(plain)):
            assert told(fold(LabState(experiment), read)) == told(fold(LabState(experiment), records))
            assert same(unpacked(until(read, step)), [one for one in records if one.step <= step])
            assert same(unpacked(since(read, step)), [one for one in records if one.step > step])
            assert n_unpacked(read) == len(records)
            some = list(until(read, step))
            assert told(fold(LabState(experiment), some)) == told(fold(LabState(experiment), unpacked(some)))
            for crossing in (Comparison("val_loss", "<", 0.3), Comparison("train_accuracy", ">=", 0.99)):
                evaluations = [one for one in read if isinstance(one, Evaluated | Evaluations)]
                rows = [one for one in records if isinstance(one, Evaluated)]
                assert first_crossing(crossing, evaluations) == first_crossing(crossing, rows)
        run = Run(journal.parent)
        summary = repr(summarize_means(run, records))
        assert repr(summarize_means(run, read_journal(journal))) == summary
        assert repr(summarize_means(run, Skim.of(journal).records(journal))) == summary
        assert same(unpacked(JournalReader(journal).read()[0]), records)
        assert b"".join(line for line, _ in read_lines(journal)) == journal.read_bytes()
        plan = Branching(run, step, experiment, (), ())
        kept = [one for one in records if one.step < step or (one.step == step and one.record != "finished")]
        assert same(unpacked(plan.past), kept)
        (journal.parent / "cut.jsonl").write_bytes(b"".join(plan.journal))
        assert same(journaled(journal.parent / "cut.jsonl"), kept)
        rewound = rewind_journal(journal)
        assert same(unpacked(rewound.records), records[: n_unpacked(rewound.records)])


@settings(max_examples=60, deadline=None)
@given(journals())
def test_the_rows_that_tell_leave_a_detector_and_a_schedule_as_all_of_them_do(records: list[Record]) -> None:
    experiment = Experiment.from_toml(EXPERIMENT)
    whole, some = (
        (MilestoneDetector(), Schedule(experiment.interventions, experiment.training.stop_condition)) for _ in range(2)
    )
    for record in packed(records):
        (detector, schedule), (other, another) = whole, some
        if isinstance(record, Evaluations):
            rows = list(unpacked([record]))
            telling = sorted(telling_rows(record.columns) | another.telling_rows(record))
            note(detector, schedule, rows)
            note(other, another, [rows[number] for number in telling])
        elif isinstance(record, Evaluated):
            note(detector, schedule, [record])
            note(other, another, [record])
        elif record.record == "acted" and isinstance(record.action, Swap):
            for one, plan in (whole, some):
                one.begin_segment()
                plan.begin_segment()
        assert vars(detector) == vars(other)
        assert vars(schedule) == vars(another)


def note(detector: MilestoneDetector, schedule: Schedule, rows: Iterable[Record]) -> None:
    for row in rows:
        assert isinstance(row, Evaluated)
        milestones = detector.update(**{name: value for name, value in row.rows[0].items() if name in EVALUATION_METRICS})
        schedule.take_note(row.step, (*milestones, *schedule.shown_by(row)))


def test_a_line_has_few_digits_where_they_tell_the_number() -> None:
    rows = [Evaluated(step=step, train_loss=float(np.float32(0.1) / (step + 1)), train_accuracy=0.5) for step in range(3)]
    (line,) = packed(rows)
    written = json.loads(journal_line(line))
    assert written.pop("time")
    assert written == {
        "record": "evaluations",
        "precision": "single",
        "step": [0, 1, 2],
        "train_loss": [0.1, 0.05, 0.033333335],
        "train_accuracy": [0.5, 0.5, 0.5],
    }


@pytest.mark.parametrize("damage", [b"0.1]", b"[]", b'["x",0.1]', b"[null,0.1]", b"[[0.1],[0.2]]", b"{}", b"[0.1,0.2,0.3]"])
def test_a_damaged_line_of_many_is_refused_with_its_number(damage: bytes, tmp_path: Path) -> None:
    rows = [Evaluated(step=step, train_loss=0.25, train_accuracy=0.5) for step in range(2)]
    good = line_by_line(packed(rows))
    journal = tmp_path / "journal.jsonl"
    bad = good.replace(b"[0.25,0.25]", damage)
    journal.write_bytes(good + bad + good)
    with pytest.raises(CheckpointError, match="line 2, is not a record"):
        read_journal(journal)
    journal.write_bytes(good + bad)
    assert same(unpacked(read_journal(journal)), rows)


def test_what_is_trained_on_takes_the_place_of_what_came_after_the_checkpoint(tmp_path: Path) -> None:
    rows = [Evaluated(step=step, train_loss=0.25, train_accuracy=0.5) for step in range(6)]
    journal = written([started(), *rows[:3], checkpointed(2), *rows[3:]], tmp_path / "run", [9])
    before = fold(LabState(Experiment.from_toml(EXPERIMENT)), rewind_journal(journal).records)
    after = fold(before, [Evaluated(step=3, train_loss=0.75, train_accuracy=0.5)])
    assert after.curves.column("train_loss").tolist() == [0.25, 0.25, 0.25, 0.75]
    assert np.shares_memory(before.curves.column("train_loss"), after.curves.column("train_loss"))


def test_of_many_evaluations_every_nth_is_kept_and_the_last_before_something_else() -> None:
    first, second = (list(packed(evaluated(step) for step in steps)) for steps in (range(100), range(100, 107)))
    kept = thinned([*first, checkpointed(99), *second, evaluated(107), finished(107)], 10)
    assert [record.step for record in unpacked(kept)] == [*range(0, 97, 16), 99, 99, 106, 107]
    assert thinned([evaluated(0), checkpointed(0), *second], 10) == [evaluated(0), checkpointed(0), *second]
