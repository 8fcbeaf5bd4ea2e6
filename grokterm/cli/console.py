"""Where words go: results to stdout, talk to stderr; no color codes when not a terminal."""

import sys

from rich.console import Console, RenderableType

from grokterm.plots.sanitize import plain_text

PIPE_WIDTH = 160
"""Columns of a table that goes into a pipe or a file, so that names are not cut."""


def results() -> Console:
    """Open stdout."""
    return Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def print_results(*parts: RenderableType) -> None:
    """Print parts of a report on stdout, one below the other; only plain text may be wider than the terminal."""
    console = results()
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, str))


def talk(*lines: str) -> None:
    """Say something on stderr, one line each, if anybody still listens."""
    try:
        for line in lines:
            print(plain_text(line), file=sys.stderr, flush=True)  # noqa: T201 - this is the place that prints
    except OSError:
        return  # the terminal is gone; the run is not
