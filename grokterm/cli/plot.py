"""`grokterm plot RUN`: prints the curves of a saved run as text."""

import os
import shutil
from typing import Annotated

import typer

from grokterm.cli.console import results
from grokterm.cli.options import RUNS, Ascii, RunName, RunsDir

PIPE_SIZE = (100, 40)  # columns and lines of pictures in a pipe or a file


def plot(
    name: RunName,
    *,
    linear: Annotated[bool, typer.Option("--linear", help="A linear axis of steps instead of a logarithmic one.")] = False,
    ascii_only: Ascii = False,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Draw accuracy and loss of a run over its steps."""
    from grokterm.plots.cells import rows_to_text
    from grokterm.plots.palettes import choose_palette
    from grokterm.plots.sanitize import plain_text
    from grokterm.runs.finding import find_run
    from grokterm.runs.journal import read_journal
    from grokterm.session.state import LabState, fold
    from grokterm.views.curves import draw_curves
    from grokterm.views.view import Sheet

    run = find_run(runs_dir, name)
    state = fold(LabState(run.experiment), read_journal(run.journal))
    palette = choose_palette(os.environ, ascii_only=ascii_only)
    columns, lines = shutil.get_terminal_size(PIPE_SIZE)
    sheet = Sheet(columns - 1, max(10, lines - 4), palette)
    console = results()
    console.print(plain_text(f"{run.name}: {run.experiment.title}"))
    console.print(rows_to_text(draw_curves(state, sheet, "linear" if linear else "log")), soft_wrap=True)
