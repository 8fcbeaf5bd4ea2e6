"""`grokterm runs`: lists saved runs."""

import typer

from grokterm.cli.console import print_results, print_status
from grokterm.cli.options import RUNS, AsJson, RunName, RunsDir

app = typer.Typer(help="List the saved runs, or sum one up.", invoke_without_command=True, rich_markup_mode=None)


@app.callback()
def runs(context: typer.Context, runs_dir: RunsDir = RUNS) -> None:
    """List the saved runs, oldest first."""
    context.obj = runs_dir
    if context.invoked_subcommand is not None:
        return
    from rich.table import Table
    from rich.text import Text

    from grokterm.errors import GroktermError
    from grokterm.plots.sanitize import plain_text
    from grokterm.reports.run import standing_in_short
    from grokterm.runs.journal import read_journal
    from grokterm.runs.store import list_runs
    from grokterm.runs.summary import summarize

    table = Table("run", "ended", box=None, pad_edge=False, header_style="bold")
    for heading in ("step", "memorized", "grokked", "train", "val"):
        table.add_column(heading, justify="right")
    for run in list_runs(runs_dir):
        try:
            summary = summarize(run, read_journal(run.journal))
        except GroktermError as error:
            print_status(f"grokterm: {error}")
            continue
        steps = ["" if step is None else f"{step:,}" for step in (summary.steps, summary.memorized_at, summary.grokked_at)]
        shares = ["" if share is None else f"{share:.3f}" for share in (summary.train_accuracy, summary.val_accuracy)]
        table.add_row(*(Text(plain_text(cell)) for cell in (run.name, standing_in_short(summary), *steps, *shares)))
    if table.row_count:
        print_results(table)
    else:
        print_status(f"no runs in {runs_dir}: `grokterm run --preset quick` makes one")


@app.command("show")
def show(context: typer.Context, name: RunName, as_json: AsJson = False, runs_dir: RunsDir = RUNS) -> None:
    """Summarize a run."""
    from grokterm.reports.run import summary_of
    from grokterm.runs.store import find_run

    print_results(summary_of(find_run(runs_dir if runs_dir != RUNS else context.obj, name), as_json=as_json))
