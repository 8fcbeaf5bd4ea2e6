import random
from math import inf, nan
from pathlib import Path

import pytest

from grokterm.errors import CheckpointError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Extend, Save, Set, Swap
from grokterm.experiment.recording.inspected import Inspected
from grokterm.experiment.recording.records import Continued, Paused, Reached, Record, Skipped, Switched
from grokterm.runs.journal import JournalWriter, journal_line, read_journal
from grokterm.runs.listing.skim import Skim
from grokterm.runs.results.summarizing import summarize_means
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run
from tests.runs.records import acted, checkpointed, evaluated, finished, journaled, started

SAVED = Path(__file__).parents[2] / "cli" / "saved"


@pytest.fixture
def run(tiny: Experiment, tmp_path: Path) -> Run:
    return create_run(tmp_path, tiny, "tiny", {})


def write(run: Run, *records: Record) -> None:
    JournalWriter(run.journal, run.journal.stat().st_size).write(records)


def some_records(choose: random.Random) -> list[Record]:
    """A journal in any order that a summary can be made of."""
    records: list[Record] = [started()]
    for step in sorted(choose.randrange(200) for _ in range(choose.randrange(60))):
        loss = choose.choice([0.5, 1.5, choose.random(), nan, inf])
        possible: list[Record] = [
            *(evaluated(step, val_loss=loss, val_accuracy=choose.random()) for _ in range(6)),
            evaluated(step).model_copy(update={"val_loss": None, "val_accuracy": None}),
            Reached(step=step, milestone=choose.choice(("memorized", "grokked", "ungrokked"))),
            checkpointed(step, seconds=step / 7),
            acted(
                step, choose.choice((Save(), Extend(steps=step + 9), Swap(seed=1), Set(values={"optimizer.weight_decay": 1})))
            ),
            finished(step, choose.choice(("complete", "interrupted"))),
            Inspected(step=step),
            Skipped(step=step, intervention=0, message="a } and a \n"),
            Switched(step=step, engine="fused"),
            Paused(step=step),
            Continued(step=step),
            started(step),
        ]
        records.append(choose.choice(possible))
    return records


@pytest.mark.parametrize("seed", range(40))
def test_it_sums_up_to_the_same_as_the_whole_journal_also_read_in_parts(run: Run, seed: int) -> None:
    choose = random.Random(seed)
    records, skim = some_records(choose), None
    while records:
        part, records = records[: (n := choose.randrange(1, 30))], records[n:]
        write(run, *part)
        skim = Skim.of(run.journal, skim)
        whole = summarize_means(run, read_journal(run.journal))
        assert repr(summarize_means(run, skim.records(run.journal))) == repr(whole)  # where NaN equals NaN
    assert skim is not None
    assert skim.end == run.journal.stat().st_size


@pytest.mark.parametrize("saved", list(SAVED.iterdir()), ids=lambda path: path.name)
def test_a_run_of_a_training_is_summed_up_the_same(saved: Path) -> None:
    run = Run(saved)
    skim = Skim.of(run.journal)
    assert summarize_means(run, skim.records(run.journal)) == summarize_means(run, read_journal(run.journal))
    assert len(skim.kept) < skim.n_lines / 2


def test_a_journal_that_has_grown_is_read_on_from_its_end(run: Run) -> None:
    write(run, started(), evaluated(5, val_loss=9.0))
    before = Skim.of(run.journal)
    with run.journal.open("r+b") as journal:
        journal.write(b"#")  # would be seen if it were read again
    write(run, evaluated(10))
    assert [record.step for record in Skim.of(run.journal, before).records(run.journal)] == [0, 5, 10]


def test_a_journal_that_was_truncated_or_replaced_is_read_from_the_start(run: Run) -> None:
    write(run, started(), evaluated(5, val_loss=9.0), evaluated(10))
    before = Skim.of(run.journal)
    run.journal.write_bytes(b"")
    write(run, started(), evaluated(5), evaluated(15), evaluated(20))
    skim = Skim.of(run.journal, before)
    assert (skim.peak, skim.n_lines) == (0.5, 2)


def test_the_last_line_is_skipped_while_it_is_partial(run: Run) -> None:
    write(run, started(), evaluated(5))
    with run.journal.open("ab") as journal:
        journal.write(b'{"step":6,"record":"paused"}')
    skim = Skim.of(run.journal)
    assert skim.n_lines == 2
    with run.journal.open("ab") as journal:
        journal.write(b"\n")
    assert [record.step for record in Skim.of(run.journal, skim).records(run.journal)] == [0, 5, 6]


@pytest.mark.parametrize("line", [b"nonsense\n", b'{"step":1}\n', b'{"record":"evaluated"\n', b'{"step":1,"record":"new"}\n'])
def test_a_line_that_is_no_record_is_named_unless_it_is_the_last(run: Run, line: bytes) -> None:
    write(run, started())
    with run.journal.open("ab") as journal:
        journal.write(line)
    skim = Skim.of(run.journal)
    assert len(skim.records(run.journal)) == len(read_journal(run.journal)) == 1
    write(run, evaluated(5))
    for damaged in (Skim.of(run.journal), Skim.of(run.journal, skim)):
        with pytest.raises(CheckpointError, match="line 2, is not a record"):
            damaged.records(run.journal)


def test_a_line_that_names_its_kind_twice_is_what_it_names_last(run: Run) -> None:
    run.journal.write_text(journal_line(evaluated(5)).decode().replace("{", '{"record":"evaluations",'), encoding="utf-8")
    assert Skim.of(run.journal).records(run.journal) == journaled(run.journal)


def test_a_journal_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"journal\.jsonl cannot be read: No such file"):
        Skim.of(tmp_path / "journal.jsonl")
