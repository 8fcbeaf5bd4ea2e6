"""`grokterm runs`: lists saved runs."""

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
    layout: Annotated[Format, typer.Option("--format", help="What to write: the split that the run began with, as csv.")],
    runs_dir: RunsDir = RUNS,
) -> None:
    """Write the split that a run began with, of an ensemble the first member's: `runs export RUN --format split > mine.csv`."""
    from grokterm.runs.finding import find_run
    from grokterm.tasks.split_file import write_split

    del layout  # there is one so far
    given_dir, _ = context.obj
    experiment = find_run(runs_dir if runs_dir != RUNS else given_dir, name).experiment
    dataset = experiment.task.dataset(experiment.seed)
    print_results(write_split(dataset.train, dataset.val))


@app.command("show")
def show(context: typer.Context, name: RunName, as_json: AsJson = False, runs_dir: RunsDir = RUNS) -> None:
    """Summarize a run."""
    from grokterm.reports.run import summary_of
    from grokterm.runs.finding import find_run

    given_dir, given_json = context.obj
    print_results(summary_of(find_run(runs_dir if runs_dir != RUNS else given_dir, name), as_json=as_json or given_json))
