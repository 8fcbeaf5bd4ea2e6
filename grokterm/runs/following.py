"""A journal that another process writes, read as it grows."""

from pathlib import Path

from pydantic import ValidationError

from grokterm.errors import CheckpointError
from grokterm.experiment.recording.packing import gathered, last_of_each
from grokterm.experiment.recording.records import RECORD, Record
from grokterm.runs.journal import collecting_no_garbage
from grokterm.runs.journal_lines import DamagedError, is_whole, read_records

LANDMARK = 200  # bytes before the present place, by which a journal that was rewound is known


class JournalReader:
    """Reads what is new in a journal, which may have been rewound since: by a resume, from its last checkpoint on."""

    def __init__(self, path: Path, *, is_brief: bool = False) -> None:
        self._path = path
        self._is_brief = is_brief  # of evaluations that follow one another only some are wanted, the last among them
        self._end = 0  # of the lines that were read
        self._before = b""  # what stood there before that place

    def read(self) -> tuple[list[Record], bool]:
        """Return the records since the last call; or all of them, and True, if it is the first or the journal was rewound.

        Raises:
            CheckpointError: if the journal cannot be read, or what was added are no records.
        """
        try:
            with self._path.open("rb") as file:
                file.seek(self._end - len(self._before))
                is_anew = self._end == 0 or file.read(len(self._before)) != self._before
                if is_anew:
                    file.seek(0)
                    self._end, self._before = 0, b""
                with collecting_no_garbage():
                    read = last_of_each(read_records(file)) if self._is_brief else read_records(file)
                    records, ends = gathered(read, self._path.stat().st_size - self._end)
                end = self._end + (ends[-1] if ends else 0)
                file.seek(end)
                if is_whole(rest := file.readline()):  # else it comes later
                    RECORD.validate_json(rest)
                file.seek(max(0, end - LANDMARK))
                self._end, self._before = end, file.read(min(LANDMARK, end))
        except OSError as error:
            raise CheckpointError(f"{self._path} cannot be read: {error.strerror}") from None
        except (DamagedError, ValidationError):
            raise CheckpointError(
                f"{self._path} has a line that is not a record: it is of another version, or damaged"
            ) from None
        return records, is_anew
