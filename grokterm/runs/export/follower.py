"""Writes the log of a run that trains: `python -m grokterm.runs.export.follower FORMAT RUN FOLDER`.

A process of its own, so that it neither slows the training down nor ends it. It reads the journal, and ends with its parent.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from time import time
from typing import TYPE_CHECKING

from grokterm.errors import GroktermError
from grokterm.plugins.loading import load_inherited
from grokterm.runs.export.log import OpenLog, tell
from grokterm.runs.export.table import FORMATS
from grokterm.runs.following import JournalReader
from grokterm.runs.store import Run

if TYPE_CHECKING:
    from grokterm.runs.export.log import Log

SECONDS = 1.0  # between two looks at the journal

NICENESS = 10  # the training goes first, where both want a core


def main() -> None:
    """Follow a run until the parent closes standard input, or is gone; say in the last line on stderr what went wrong."""
    kind, run, folder = sys.argv[1:]
    with suppress(AttributeError, OSError):  # Windows has none
        os.nice(NICENESS)
    is_over = Event()
    Thread(target=_wait_for_end, args=[is_over], name="end", daemon=True).start()
    open_log = FORMATS[kind].open_log
    assert open_log is not None
    try:
        load_inherited()
        follow(Run(Path(run)), open_log, Path(folder), is_over.wait)
    except (GroktermError, OSError) as error:
        sys.exit(str(error))


def follow(run: Run, open_log: OpenLog, folder: Path, is_over: Callable[[float], bool]) -> None:
    """Write what is new in the journal to the log, again and again; `is_over` waits, and tells whether this is the last time.

    A journal that was rewound is told anew.
    """
    reader, log = JournalReader(run.journal), None
    is_last = False
    while not is_last:
        is_last = is_over(SECONDS)
        records, is_anew = reader.read()
        if records:
            log = _opened(log, open_log, run, folder) if is_anew or log is None else log
            tell(log, run, records, time())
            log.flush()
    if log is not None:
        log.close()


def _opened(earlier: "Log | None", open_log: OpenLog, run: Run, folder: Path) -> "Log":
    if earlier is not None:
        earlier.close()
    return open_log(run, folder)


def _wait_for_end(is_over: Event) -> None:
    sys.stdin.buffer.read()
    is_over.set()


if __name__ == "__main__":
    main()
