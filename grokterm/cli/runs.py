"""`grokterm runs`: lists saved runs."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from grokterm.cli.console import print_results, print_status
from grokterm.cli.options import RUNS, AsJson, RunName, RunsDir

if TYPE_CHECKING:
    from grokterm.runs.store import Run
    from grokterm.runs.summary import Summary

Format = Literal["split"]

app = typer.Typer(help="List the saved runs, or sum one up.", invoke_without_command=True, rich_markup_mode=None)


@app.callback()
def runs(context: typer.Context, as_json: AsJson = False, runs_dir: RunsDir = RUNS) -> None:
    """List the saved runs, oldest first, and what differs from their presets."""
    if context.invoked_subcommand is not None:
        context.obj = runs_dir, as_json
        return
    from grokterm.errors import GroktermError
    from grokterm.reports.run import listing, listing_as_json
    from grokterm.runs.differences import differences
    from grokterm.runs.journal import read_journal
    from grokterm.runs.store import list_runs
    from grokterm.runs.summary import summarize

    found: list[tuple[Run, Summary]] = []
    for run in list_runs(runs_dir):
        try:
            run.experiment  # noqa: B018 - read, to see whether it can be
            found.append((run, summarize(run, read_journal(run.journal))))
        except GroktermError as error:
            print_status(f"grokterm: {error}")
    summaries, differing = [summary for _, summary in found], list(differences(run for run, _ in found))
    if as_json:
        print_results(listing_as_json(summaries, differing))
    elif summaries:
        print_results(listing(summaries, differing))
    else:
        print_status(f"no runs in {runs_dir}: `grokterm run --preset quick` makes one")


@app.command("export")
def export(
    context: typer.Context,
    name: RunName,
    *,
    layout: Annotated[
        Format | None, typer.Option("--format", help="split: the sides that the run began with, as csv to stdout.")
    ] = None,
    preset: Annotated[
        str | None, typer.Option("--preset", metavar="FILE", help="A preset that does all of it again; - for stdout.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE.")] = False,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Write a run as a preset, with all that was done to it; or its split, of an ensemble the first member's."""
    from grokterm.errors import ConfigError
    from grokterm.runs.finding import find_run

    given_dir, _ = context.obj
    if (layout is None) == (preset is None):
        raise ConfigError("runs export needs one of --format split and --preset FILE")
    run = find_run(runs_dir if runs_dir != RUNS else given_dir, name)
    if preset is None:
        _print_split(run)
    else:
        _write_preset(run, preset, force)


def _print_split(run: "Run") -> None:
    from grokterm.tasks.split_file import write_split

    dataset = run.experiment.task.dataset(run.experiment.seed)
    print_results(write_split(dataset.train, dataset.val))


def _write_preset(run: "Run", file: str, may_overwrite: bool) -> None:
    from grokterm.runs.as_preset import as_preset, write_preset

    made = as_preset(run)
    if file == "-":
        print_results(made.experiment.to_toml().rstrip())
        print_status(*made.notes)
        return
    notes = write_preset(made, Path(file), may_overwrite=may_overwrite)
    shown = file if "/" in file else f"./{file}"
    print_status(*made.notes, *notes, f"{shown} does it again: grokterm run --preset {shlex.quote(shown)}")


@app.command("show")
def show(context: typer.Context, name: RunName, as_json: AsJson = False, runs_dir: RunsDir = RUNS) -> None:
    """Summarize a run."""
    from grokterm.reports.run import summary_of
    from grokterm.runs.finding import find_run

    given_dir, given_json = context.obj
    print_results(summary_of(find_run(runs_dir if runs_dir != RUNS else given_dir, name), as_json=as_json or given_json))
