"""Output: results to stdout, status messages to stderr; no color codes unless on a terminal, or asked for."""

import errno
import os
import shutil
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING

from grokterm.errors import StorageError
from grokterm.experiment.reading.escaping import escaped_text
from grokterm.plots.sanitize import plain_text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

PIPE_WIDTH = 160  # columns of a table in a pipe or a file, so that names are not cut


def open_closed_streams() -> None:
    """Open streams that were closed, as by `>&-`, on nothing: no file that is opened later takes their place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - for as long as the process


def replace_unencodable() -> None:
    """Write ? for what the encoding of a stream lacks, as that of a pipe on Windows lacks most, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def results() -> "Console":
    """Return a console for stdout, which uses colors as the terminal, NO_COLOR, FORCE_COLOR and TERM say."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, width=width_of_results() or PIPE_WIDTH)


def width_of_results() -> int | None:
    """How many columns results have to fit in: those of the terminal, or as COLUMNS says; None if neither does."""
    if sys.stdout.isatty() or "COLUMNS" in os.environ:
        return shutil.get_terminal_size((0, 0)).columns or None
    return None


def overwrites_lines() -> bool:
    """Whether status messages go to a terminal that can write one line in place of another, as TERM=dumb cannot."""
    from rich.console import Console

    return sys.stderr.isatty() and Console(stderr=True).is_interactive


def print_results(*parts: "RenderableType") -> None:
    """Print parts of a report to stdout; only plain text may be wider than the terminal, as JSON and TOML are.

    Raises:
        StorageError: if they go to a file on a disk that is full.
    """
    console = results()
    try:
        for part in parts:
            console.print(escaped_text(part) if isinstance(part, str) else part, soft_wrap=isinstance(part, str))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        drop_results()
        raise StorageError(f"what is to be printed cannot be written: {error.strerror}") from None


def drop_results() -> None:
    """Write what is still to be flushed to stdout nowhere: it cannot be written, or its reader has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def print_status(*lines: str) -> None:
    """Print lines to stderr, unless it is closed."""
    with suppress(OSError):  # the terminal is gone; the run is not
        for line in lines:
            print(plain_text(line), file=sys.stderr, flush=True)  # noqa: T201 - the only function that prints
