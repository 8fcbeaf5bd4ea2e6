"""`grokterm runs`, and the commands below it: lists saved runs, or sums one up."""

from typing import TYPE_CHECKING, Annotated

import typer

from grokterm.cli.attach import stop
from grokterm.cli.completion import complete_column, complete_query
from grokterm.cli.console import print_results, print_status, width_of_results
from grokterm.cli.options import RUNS, AsJson, RunOrSweep, RunsDir, chosen_folder
from grokterm.cli.plugins import with_plugins
from grokterm.cli.runs import annotating, trash
from grokterm.cli.runs.export import export
from grokterm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grokterm.runs.listing.row import RunRow
    from grokterm.runs.results.status import Status

MANY = 1000  # runs that take long enough to read to say so

app = typer.Typer(help="List the saved runs and sweeps, or sum one up.", invoke_without_command=True, rich_markup_mode=None)
for name, command in (annotating.COMMANDS | trash.COMMANDS | {"stop": stop, "export": export}).items():
    app.command(name)(with_plugins(command))


@app.callback()
@with_plugins
def runs(
    context: typer.Context,
    query: Annotated[
        str | None,
        typer.Option(
            "--filter", metavar="QUERY", help='Only those it finds, as in "op:add wd>1 grokked".', autocompletion=complete_query
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort", metavar="COLUMN", help="By a column or setting; -COLUMN: largest first.", autocompletion=complete_column
        ),
    ] = None,
    as_json: AsJson = False,
    runs_dir: RunsDir = RUNS,
) -> None:
    """List the saved runs and sweeps, pinned ones first, then oldest first, and what differs from their presets."""
    if context.invoked_subcommand is not None:
        if query is not None or sort is not None:
            raise ConfigError(f"--filter and --sort before {context.invoked_subcommand} have no effect: leave them out")
        context.obj = runs_dir, as_json
        return
    from rich.text import Text

    from grokterm.reports.listing import listing
    from grokterm.runs.command_line import command_in
    from grokterm.runs.listing.index import list_rows
    from grokterm.runs.listing.query import hint, parse_query
    from grokterm.runs.listing.sorting import sorted_rows
    from grokterm.sweeps.listing import ListedSweeps

    wanted = parse_query(query or "")
    rows = list_rows(runs_dir, _progress, ListedSweeps())
    print_status(*(f"grokterm: {row.problem}" for row in rows if row.problem))
    found = sorted_rows((row for row in rows if not row.problem and wanted.matches(row)), sort or "")
    if as_json:
        print_results(_as_json(found))
    elif found:
        headings, lines = listing(found, width_of_results())
        print_results(Text(headings, style="bold"), lines)
    elif rows:
        print_status(f"none of {len(rows):,} runs is found by {query!r}{hint(query)}" if query else "no run can be read")
    else:
        print_status(f"no runs in {runs_dir}: `{command_in('run --preset quick', runs_dir)}` makes one")


def _progress(n_read: int, n_changed: int) -> None:
    if n_read == 1 and n_changed >= MANY:
        print_status(f"reading {n_changed:,} runs that are new or have changed; the next list is quick")


def _as_json(rows: "Sequence[RunRow]") -> str:
    """Summarize the runs; the whole journal is read only where the list of it has to have the members of an ensemble."""
    from grokterm.reports.listing import listing_as_json
    from grokterm.runs.journal import read_journal
    from grokterm.runs.listing.skim import Skim
    from grokterm.runs.results.summarizing import summarize, summarize_means
    from grokterm.runs.results.summary import Summary
    from grokterm.runs.store import Run

    def summary(row: "RunRow") -> Summary:
        if row.kind == "sweep":
            status: Status = "ended" if row.ended else "training" if row.state == "training" else "unknown"
            return Summary(run=row.name, preset=row.preset, status=status, ended=row.ended)
        run = Run(row.path)
        if row.members > 1:
            return summarize(run, read_journal(run.journal))
        return summarize_means(run, Skim.of(run.journal).records(run.journal))

    return listing_as_json([summary(row) for row in rows], rows)


@app.command("show")
@with_plugins
def show(context: typer.Context, name: RunOrSweep, as_json: AsJson = False, runs_dir: RunsDir = RUNS) -> None:
    """Summarize a run, or say what the points of a sweep came to."""
    from grokterm.cli.finding import run_or_sweep
    from grokterm.reports.run import summary_of
    from grokterm.runs.store import Run

    found, as_json = run_or_sweep(chosen_folder(context, runs_dir), name), as_json or context.obj[1]
    if isinstance(found, Run):
        print_results(summary_of(found, as_json=as_json))
        return
    from grokterm.cli.headless.sweep import show as show_sweep

    show_sweep(found, as_json=as_json)
