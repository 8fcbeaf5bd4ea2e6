import json
import math
import re
from pathlib import Path

import pytest

from grokterm.errors import CheckpointError
from grokterm.experiment.interventions import Set, Swap
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.packing import unpacked
from grokterm.experiment.recording.records import Advanced, Continued, Paced, Paused, Reached, Record, Refused, Unsaved
from grokterm.runs.following import JournalReader
from grokterm.runs.journal import JournalWriter, journal_line, read_journal, rewind_journal
from grokterm.runs.listing.skim import Skim
from tests.runs.records import acted, checkpointed, evaluated, finished, journaled, started

EVERYTHING: list[Record] = [
    started(changes=("training.steps=9",)),
    evaluated(0),
    Reached(step=1, milestone="memorized"),
    acted(2, Swap(train_fraction=0.25)),
    acted(2, Set(values={"optimizer.learning_rate": 0.125})),
    Paused(step=3),
    Continued(step=3),
    checkpointed(4),
    finished(5),
]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """An empty journal in a run directory."""
    (tmp_path / "checkpoints").mkdir()
    path = tmp_path / "journal.jsonl"
    path.touch()
    return path


def keep(journal: Path, records: list[Record]) -> list[Record]:
    """Write records, and the checkpoint files that they name."""
    JournalWriter(journal, journal.stat().st_size).write(records)
    for record in records:
        if record.record == "checkpointed":
            (journal.parent / "checkpoints" / record.file).touch()
    return records


def test_every_record_survives_the_journal(journal: Path) -> None:
    writer = JournalWriter(journal)
    for record in EVERYTHING:
        writer.write([record])
    assert journaled(journal) == EVERYTHING
    assert len(journal.read_bytes().splitlines()) == len(EVERYTHING)


def test_what_means_nothing_later_is_not_kept(journal: Path) -> None:
    passing: list[Record] = [
        Advanced(step=1, steps_per_second=9.0),
        Paced(step=1, steps_per_second=None),
        Unsaved(step=1, message="full"),
        Refused(step=1, message="no"),
    ]
    JournalWriter(journal).write(passing)
    assert journal.read_bytes() == b""


def test_numbers_that_are_not_finite_survive_the_journal(journal: Path) -> None:
    keep(journal, [evaluated(0, train_loss=math.nan, val_loss=-math.inf)])
    (read,) = journaled(journal)
    assert isinstance(read, Evaluated)
    assert math.isnan(read.train_loss)
    assert read.val_loss == -math.inf
    assert "NaN" in json.loads(journal.read_text(), parse_constant=_refuse).values()


def test_what_was_trained_on_before_is_journaled_where_there_is_any(journal: Path) -> None:
    both = Evaluated.of(0, [[0.5, 1.0, 0.25, 0.5, 3.0, 0.125, 0.75], [0.5, 1.0, 0.75, 0.5, 5.0, math.nan, math.nan]])
    keep(journal, [both, evaluated(1)])
    assert list(map(repr, journaled(journal))) == [repr(both), repr(evaluated(1))]  # nan is not equal to itself
    assert (both.val_loss, both.parameter_norm, both.seen_loss, both.seen_accuracy) == (0.5, 4.0, 0.125, 0.75)
    assert [len(row) for row in both.rows] == [7, 5]
    first, second = map(json.loads, journal.read_text().splitlines())
    assert first["members"] == {
        "train_loss": [0.5, 0.5],
        "train_accuracy": [1.0, 1.0],
        "val_loss": [0.25, 0.75],
        "val_accuracy": [0.5, 0.5],
        "parameter_norm": [3.0, 5.0],
        "seen_loss": [0.125, "NaN"],
        "seen_accuracy": [0.75, "NaN"],
    }
    assert first["seen_accuracy"] == 0.75
    assert "seen" not in str(second)


def test_members_of_an_older_journal_are_read_by_the_names_of_their_numbers(journal: Path) -> None:
    old = {"train_loss": 0.5, "val_loss": 0.5, "train_accuracy": 1.0, "val_accuracy": 0.5}
    rows = [[0.5, 1.0, 0.25, 0.5, 0.125, 0.75], [0.5, 1.0, 0.75, 0.5]]
    journal.write_text(json.dumps({"record": "evaluated", "step": 0, **old, "members": rows}) + "\n")
    (read,) = journaled(journal)
    assert isinstance(read, Evaluated)
    assert read.parameter_norm is None
    assert [list(row.values()) for row in read.rows] == rows
    assert list(read.rows[1]) == ["train_loss", "train_accuracy", "val_loss", "val_accuracy"]


@pytest.mark.parametrize("first", ["in a line", "where one begins"])
def test_what_comes_after_a_page_of_zeros_is_skipped_by_every_reader(first: str, journal: Path) -> None:
    sure = keep(journal, [started(), evaluated(0)])
    end = journal.stat().st_size
    keep(journal, [evaluated(1), evaluated(2), evaluated(3), finished(3)])
    start, content = end + 9 * (first == "in a line"), journal.read_bytes()
    journal.write_bytes(content[:start] + bytes(50) + content[start + 50 :])
    assert journaled(journal) == sure
    assert len(Skim.of(journal).records(journal)) == 2
    read, is_anew = JournalReader(journal).read()
    assert (list(unpacked(read)), is_anew) == (sure, True)


@pytest.mark.parametrize("n_lost", range(1, 40))
def test_a_torn_last_line_is_skipped_wherever_it_tore(n_lost: int, journal: Path) -> None:
    whole = keep(journal, [started(), evaluated(0)]) + keep(journal, [evaluated(1)])
    journal.write_bytes(journal.read_bytes()[:-n_lost])
    assert journaled(journal) == whole[:-1]


@pytest.mark.parametrize("n_lost", [1, 2, 30])
def test_a_run_goes_on_after_a_torn_line_without_a_trace_of_it(n_lost: int, journal: Path) -> None:
    keep(journal, [started(), checkpointed(0), checkpointed(1)])
    journal.write_bytes(journal.read_bytes()[:-n_lost])
    JournalWriter(journal, rewind_journal(journal).end).write([evaluated(1)])
    assert journaled(journal) == [started(), checkpointed(0), evaluated(1)]


@pytest.mark.parametrize("damage", [b"{}\n", b"\n", b"\x00\x00\n", b"\xff\n", b'{"record":"evaluated","step":1}\n', b"[]\n"])
def test_a_damaged_line_in_the_middle_is_refused_with_its_number(damage: bytes, journal: Path) -> None:
    keep(journal, [started()])
    journal.write_bytes(journal.read_bytes() + damage)
    keep(journal, [evaluated(1), checkpointed(1), checkpointed(2)])
    with pytest.raises(CheckpointError, match=rf"^{re.escape(str(journal))}, line 2, is not a record: .*damaged$"):
        journaled(journal)


@pytest.mark.parametrize(
    "record",
    [
        {"record": "paused", "step": 10**19},
        {"record": "paused", "step": -1},
        {"record": "evaluations", "step": [1], "train_loss": [10**400], "train_accuracy": [0]},
        {"record": "checkpointed", "step": 1, "seconds": 1, "file": "../../outside.safetensors"},
        {"record": "checkpointed", "step": 1, "seconds": 1, "file": "x" * 5000},
        {"record": "inspected", "step": 1, "effective_rank": "text"},
        started().model_dump() | {"owner": {"pid": -1, "host": "h"}},  # a signal to it would reach every process
        started().model_dump() | {"owner": {"pid": 2**63, "host": "h"}},
    ],
)
def test_a_record_that_no_training_writes_is_refused(record: dict[str, object], journal: Path) -> None:
    journal.write_text("\n".join([json.dumps(record), journal_line(started()).decode()]), encoding="utf-8")
    with pytest.raises(CheckpointError, match="line 1, is not a record"):
        read_journal(journal)


def test_a_journal_that_is_missing_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"^.*journal.jsonl cannot be read: No such file or directory$"):
        journaled(tmp_path / "journal.jsonl")


def test_times_are_for_people_and_never_read(journal: Path) -> None:
    keep(journal, EVERYTHING)
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert all(line.pop("time") for line in lines)
    without = "".join(json.dumps(line) + "\n" for line in lines)
    journal.write_text(without)
    assert journaled(journal) == EVERYTHING
    journal.write_text(without.replace("{", '{"time": "half past nonsense", ', 1))
    assert journaled(journal) == EVERYTHING


def test_a_run_goes_on_from_the_last_checkpoint(journal: Path) -> None:
    before = keep(journal, [started(), checkpointed(1), evaluated(2), checkpointed(3)])
    end = journal.stat().st_size
    keep(journal, [evaluated(4), finished(5)])
    rewound = rewind_journal(journal)
    assert list(unpacked(rewound.records)) == before
    assert rewound.checkpoint == checkpointed(3)
    assert rewound.end == end


def test_a_checkpoint_whose_file_is_gone_is_passed_over(journal: Path) -> None:
    keep(journal, [started(), checkpointed(1), evaluated(2), checkpointed(3)])
    (journal.parent / "checkpoints" / checkpointed(3).file).unlink()
    assert rewind_journal(journal).checkpoint == checkpointed(1)
    (journal.parent / "checkpoints" / checkpointed(1).file).unlink()
    rewound = rewind_journal(journal)
    assert (rewound.records, rewound.checkpoint, rewound.end) == ((), None, 0)


@pytest.mark.parametrize("content", [b"", b'{"record":"star', b"{}\n"])
def test_a_journal_that_was_lost_is_not_trained_again_over_its_checkpoints(content: bytes, journal: Path) -> None:
    journal.write_bytes(content)
    assert rewind_journal(journal).end == 0  # killed before its first checkpoint
    for step in (5, 1200):
        (journal.parent / "checkpoints" / checkpointed(step).file).touch()
        with pytest.raises(CheckpointError, match=f"journal.jsonl is empty or damaged, but .* up to step {step:,}: restore it"):
            rewind_journal(journal)


def test_a_journal_that_ends_before_its_checkpoints_is_refused_but_for_a_first_one(journal: Path) -> None:
    keep(journal, [started(), evaluated(0)])
    (journal.parent / "checkpoints" / checkpointed(5).file).touch()
    assert rewind_journal(journal).checkpoint is None  # killed before the journal named it
    (journal.parent / "checkpoints" / checkpointed(9).file).touch()
    with pytest.raises(CheckpointError, match="up to step 9"):
        rewind_journal(journal)


def test_what_came_after_the_checkpoint_is_dropped_with_the_first_line_that_is_written(journal: Path) -> None:
    keep(journal, [started(), checkpointed(1), evaluated(2), finished(2)])
    before = journal.read_bytes()
    writer = JournalWriter(journal, rewind_journal(journal).end)
    writer.write([])
    writer.write([Advanced(step=1, steps_per_second=1.0)])
    assert journal.read_bytes() == before  # a run that is only looked at stays as it was
    writer.write([evaluated(3)])
    assert journaled(journal) == [started(), checkpointed(1), evaluated(3)]


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")
