"""`grokterm runs`: lists saved runs."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grokterm.cli import annotating, trash
from grokterm.cli.attach import stop
from grokterm.cli.completion import complete_column, complete_format, complete_query
from grokterm.cli.console import print_results, print_status, results
from grokterm.cli.options import RUNS, AsJson, RunName, RunOrSweep, RunsDir, chosen_folder
from grokterm.cli.plugins import say_what_changed, with_plugins
from grokterm.errors import ConfigError
from grokterm.plots.sanitize import plain_text
from grokterm.runs.export.table import FORMATS, Format, find_format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grokterm.runs.listing.row import RunRow
    from grokterm.runs.store import Run
    from grokterm.training.trainer import Trainer

MANY = 1000  # runs that take long enough to read to say so

app = typer.Typer(help="List the saved runs and sweeps, or sum one up.", invoke_without_command=True, rich_markup_mode=None)
for name, command in (*annotating.COMMANDS.items(), *trash.COMMANDS.items(), ("stop", stop)):
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
        headings, lines = listing(found, results().width if sys.stdout.isatty() else None)
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
    from grokterm.runs.results.summary import Status, Summary, summarize, summarize_means
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


@app.command("export")
@with_plugins
def export(
    context: typer.Context,
    name: RunName,
    *,
    kind: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"What other tools read: {', '.join(FORMATS)}. A split goes to stdout without --out.",
            autocompletion=complete_format,
        ),
    ] = None,
    preset: Annotated[
        str | None, typer.Option("--preset", metavar="FILE", help="A preset that does all of it again; - for stdout.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="PATH", help="The file, or the folder.", show_default="the run's name, here")
    ] = None,
    step: Annotated[
        str | None,
        typer.Option(
            "--step",
            metavar="STEP",
            help="Of weights: a number, last, or a milestone as in grokked.",
            show_default="its newest checkpoint",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Write a run for other tools, or as a preset, with all that was done to it. The names of the files are printed."""
    from grokterm.runs.finding import find_run

    if (kind is None) == (preset is None):
        raise ConfigError(f"runs export needs one of --format and --preset FILE: the formats are {', '.join(FORMATS)}")
    if preset is not None and (out is not None or step is not None):
        raise ConfigError(f"--{'step' if out is None else 'out'} has no effect with --preset FILE: leave it out")
    chosen = None if kind is None else find_format(kind, "--format")
    if chosen is not None and step is not None and not chosen.has_step:
        raise ConfigError(f"--format {kind} is not of one step: leave out --step")
    if str(out) == "-":
        raise ConfigError("--out names a file or a folder, not stdout: choose a name")
    run = find_run(chosen_folder(context, runs_dir), name)
    say_what_changed(run)
    if preset is not None:
        _write_preset(run, preset, force)
    elif kind == "split" and out is None:
        _print_split(run)
    elif chosen is not None:
        _write(run, chosen, out or Path(plain_text(run.name + chosen.ending)), step or "", force)


def _print_split(run: "Run") -> None:
    from grokterm.tasks.split_file import write_split

    dataset = run.experiment.task.dataset(run.experiment.seed)
    print_results(write_split(dataset.train, dataset.val))


def _write(run: "Run", chosen: Format, path: Path, step: str, may_overwrite: bool) -> None:
    from grokterm.runs.export.source import Source
    from grokterm.runs.export.writing import export as write

    def replay_to(run: "Run", step: int, member: int) -> "Trainer":
        from grokterm.cli.headless.progress import replay_to

        return replay_to(run, step, member)

    for made in write(Source(run, replay_to, step), chosen, path, may_overwrite=may_overwrite):
        print_results(plain_text(str(made)))


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
