from pathlib import Path

import pytest

from grokterm.errors import CheckpointError
from grokterm.experiment.recording.packing import unpacked
from grokterm.experiment.recording.records import Record
from grokterm.runs.following import JournalReader
from grokterm.runs.journal import JournalWriter
from tests.runs.records import checkpointed, evaluated


def news(reader: JournalReader) -> tuple[list[Record], bool]:
    records, is_anew = reader.read()
    return list(unpacked(records)), is_anew


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    (tmp_path / "journal.jsonl").touch()
    return tmp_path / "journal.jsonl"


def test_what_is_added_is_read_once_and_half_a_line_when_it_is_whole(journal: Path) -> None:
    reader, writer = JournalReader(journal), JournalWriter(journal)
    assert news(reader) == ([], True)
    writer.write([evaluated(0), evaluated(1)])
    assert news(reader) == ([evaluated(0), evaluated(1)], True)
    writer.write([evaluated(2)])
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-5])
    assert news(reader) == ([], False)
    journal.write_bytes(whole)
    assert news(reader) == ([evaluated(2)], False)
    assert news(reader) == ([], False)


def test_in_brief_of_evaluations_the_last_is_kept_and_everything_else(journal: Path) -> None:
    writer = JournalWriter(journal)
    writer.write([evaluated(0), evaluated(1), checkpointed(1), evaluated(2), evaluated(3)])
    reader = JournalReader(journal, is_brief=True)
    assert news(reader) == ([evaluated(1), checkpointed(1), evaluated(3)], True)
    writer.write([evaluated(4)])
    assert news(reader) == ([evaluated(4)], False)


def test_a_journal_that_was_rewound_is_read_anew_also_if_it_is_longer_by_then(journal: Path) -> None:
    reader, writer = JournalReader(journal), JournalWriter(journal)
    writer.write([evaluated(0), checkpointed(0)])
    end = journal.stat().st_size
    writer.write([evaluated(step) for step in range(1, 4)])
    assert len(news(reader)[0]) == 5
    JournalWriter(journal, end).write([evaluated(step, train_loss=0.25) for step in range(1, 9)])
    records, is_anew = news(reader)
    assert is_anew
    assert records == [evaluated(0), checkpointed(0), *(evaluated(step, train_loss=0.25) for step in range(1, 9))]


def test_a_journal_that_is_gone_or_no_journal_is_an_error_of_one_line(journal: Path) -> None:
    journal.write_text("no record\n")
    with pytest.raises(CheckpointError, match="has a line that is not a record"):
        JournalReader(journal).read()
    with pytest.raises(CheckpointError, match="cannot be read: No such file"):
        JournalReader(journal.parent / "gone").read()
