"""`grokterm runs tag`, `untag`, `note`, `pin` and `unpin`: what a user writes to runs."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grokterm.cli.console import print_status
from grokterm.cli.options import RUNS, RunOrSweep, RunsDir, RunsOrSweeps, chosen_folder

if TYPE_CHECKING:
    from grokterm.runs.listing.annotations import Annotations

Words = Annotated[list[str], typer.Argument(metavar="WORD...", help="Tags.")]


def tag(context: typer.Context, name: RunOrSweep, words: Words, runs_dir: RunsDir = RUNS) -> None:
    """Give a run tags, by which `grokterm runs --filter tag:WORD` finds it."""
    _annotate(chosen_folder(context, runs_dir), name, lambda annotations: annotations.tagged(words))


def untag(context: typer.Context, name: RunOrSweep, words: Words, runs_dir: RunsDir = RUNS) -> None:
    """Take tags from a run."""
    _annotate(chosen_folder(context, runs_dir), name, lambda annotations: annotations.untagged(words))


def note(
    context: typer.Context,
    name: RunOrSweep,
    text: Annotated[str, typer.Argument(metavar="TEXT", help='One line; "" takes it away.')],
    runs_dir: RunsDir = RUNS,
) -> None:
    """Write a note to a run, in place of the one before."""
    _annotate(chosen_folder(context, runs_dir), name, lambda annotations: annotations.noted(text))


def pin(context: typer.Context, names: RunsOrSweeps, runs_dir: RunsDir = RUNS) -> None:
    """Pin runs: they are listed first."""
    _set_pinned(chosen_folder(context, runs_dir), names, is_pinned=True)


def unpin(context: typer.Context, names: RunsOrSweeps, runs_dir: RunsDir = RUNS) -> None:
    """List runs in their turn again."""
    _set_pinned(chosen_folder(context, runs_dir), names, is_pinned=False)


def _set_pinned(folder: Path, names: list[str], *, is_pinned: bool) -> None:
    from dataclasses import replace

    for name in names:
        _annotate(folder, name, lambda annotations: replace(annotations, is_pinned=is_pinned))


def _annotate(folder: Path, name: str, change: Callable[["Annotations"], "Annotations"]) -> None:
    from grokterm.cli.finding import run_or_sweep
    from grokterm.runs.listing.annotations import read_annotations, write_annotations

    run = run_or_sweep(folder, name)
    annotations = change(read_annotations(run.path))
    write_annotations(run.path, annotations)
    told = ["pinned"] * annotations.is_pinned + [f"#{tag}" for tag in annotations.tags]
    told += [f'"{annotations.note}"'] * bool(annotations.note)
    print_status(f"{run.name}: {' '.join(told) or 'nothing is written to it'}")


COMMANDS: dict[str, Callable[..., None]] = {"tag": tag, "untag": untag, "note": note, "pin": pin, "unpin": unpin}
