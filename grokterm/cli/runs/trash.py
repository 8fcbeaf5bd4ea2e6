"""`grokterm runs delete`, `restore` and `purge`: runs on their way out."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from grokterm.cli.completion import complete_deleted
from grokterm.cli.console import print_status
from grokterm.cli.options import RUNS, RunsDir, RunsOrSweeps, chosen_folder
from grokterm.errors import ConfigError

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def delete(context: typer.Context, names: RunsOrSweeps, yes: Yes = False, runs_dir: RunsDir = RUNS) -> None:
    """Move runs and sweeps to the trash, from which `restore` brings them back until `purge` empties it."""
    from grokterm.cli.finding import run_or_sweep
    from grokterm.reports.kept import size
    from grokterm.runs.command_line import command_line
    from grokterm.runs.listing.trash import move_to_trash, space
    from grokterm.sweeps.listing import refuse_if_trained

    folder = chosen_folder(context, runs_dir)
    paths = list(dict.fromkeys(run_or_sweep(folder, name).path for name in names))
    for path in paths:
        refuse_if_trained(path)
    told = ", ".join(path.name for path in paths)
    if not yes and not _is_agreed(f"move {told} ({size(sum(map(space, paths)))}) to the trash?"):
        print_status("nothing was moved")
        return
    for path in paths:
        moved = move_to_trash(path)
        back = command_line("runs restore", path.with_name(moved.name))
        print_status(f"{path.name} is in the trash: {back} brings it back")


def restore(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="A run in the trash: its name, the beginning of one, or - for the newest.",
            autocompletion=complete_deleted,
        ),
    ],
    runs_dir: RunsDir = RUNS,
) -> None:
    """Bring a deleted run or sweep back."""
    from grokterm.runs.listing import trash

    print_status(f"{trash.restore(chosen_folder(context, runs_dir), name).name} is back")


def purge(context: typer.Context, yes: Yes = False, runs_dir: RunsDir = RUNS) -> None:
    """Empty the trash for good."""
    from grokterm.reports.kept import size
    from grokterm.runs.listing import trash

    folder = chosen_folder(context, runs_dir)
    names = trash.trashed(folder)
    if not names:
        print_status("the trash is empty")
        return
    n_runs = f"{len(names)} run{'s' * (len(names) > 1)}"
    taken = size(trash.space(folder / trash.FOLDER))
    if yes or _is_agreed(f"remove {n_runs} ({taken}) in {Path(folder, trash.FOLDER)} for good?"):
        print_status(f"{n_runs} removed, {size(trash.purge(folder))} freed")
    else:
        print_status("nothing was removed")


def _is_agreed(question: str) -> bool:
    """Ask on the terminal; an empty answer is no.

    Raises:
        ConfigError: if there is no terminal.
    """
    from grokterm.plots.sanitize import plain_text

    if not sys.stdin.isatty():
        raise ConfigError("this asks first, and there is no terminal to ask on: add --yes")
    try:
        return typer.confirm(plain_text(question), err=True)
    except typer.Abort:  # Ctrl+C, or the end of what is typed
        return False


COMMANDS: dict[str, Callable[..., None]] = {"delete": delete, "restore": restore, "purge": purge}
