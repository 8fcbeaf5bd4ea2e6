"""`grokterm attach [RUN]` and `grokterm runs stop RUN`: what trains in other processes of this host."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grokterm.cli.completion import complete_run
from grokterm.cli.console import print_results, print_status
from grokterm.cli.lab import show_run
from grokterm.cli.options import RUNS, Ascii, LinkOption, NoPixels, RunName, RunsDir, chosen_folder
from grokterm.errors import UnreachableError

if TYPE_CHECKING:
    from grokterm.runs.store import Run


def attach(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN", help="A run that trains on this host.", show_default="the only one", autocompletion=complete_run
        ),
    ] = None,
    *,
    ascii_only: Ascii = False,
    no_pixels: NoPixels = False,
    link: LinkOption = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Open the lab on a run that another process of this host trains; it goes on when the lab is left."""
    from grokterm.runs.finding import find_run
    from grokterm.session.attaching import attached
    from grokterm.session.remote.address import require_sockets

    require_sockets("attach", "grokterm open RUN follows a run")
    run = _only_one(runs_dir) if name is None else find_run(runs_dir, name)
    show_run(run, runs_dir, ascii_only=ascii_only, no_pixels=no_pixels, link=link, training=attached(run))


def stop(context: typer.Context, name: RunName, runs_dir: RunsDir = RUNS) -> None:
    """Save and end a run that another process of this host trains, and wait until it is."""
    from grokterm.runs.command_line import command_line
    from grokterm.runs.finding import find_run
    from grokterm.runs.journal import read_journal
    from grokterm.runs.results.summarizing import summarize
    from grokterm.session.attaching import stop_training

    run = find_run(chosen_folder(context, runs_dir), name)
    stop_training(run)
    summary = summarize(run, read_journal(run.journal))
    go_on = f"{command_line('run --resume', run.path)} goes on"
    if summary.status != "ended":
        print_status(f"grokterm: run {run.name} ended without being saved: {go_on} from its last checkpoint")
        raise typer.Exit(1)
    print_results(f"{run.name} is saved at step {summary.steps:,} and has ended; {go_on}")


def _only_one(runs_dir: Path) -> "Run":
    """Find the only run that trains: in the folder, or if none does there, anywhere on this host."""
    from grokterm.runs.command_line import command_line
    from grokterm.session.attaching import trained_here

    found = trained_here()
    here = [run for run in found if run.path.parent == runs_dir.resolve()]
    if len(choices := here or found) == 1:
        return choices[0]
    if not found:
        raise UnreachableError("no run trains on this host: grokterm run --detach --preset NAME starts one")
    print_status(
        "grokterm: several runs train on this host: choose one", *(command_line("attach", run.path) for run in choices)
    )
    raise typer.Exit(2)
