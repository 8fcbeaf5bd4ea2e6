"""Options that several commands share. Imports nothing heavy, so that `--help` is instant."""

from pathlib import Path
from typing import Annotated

import typer

from grokterm.cli.completion import complete_run, complete_run_or_sweep, complete_setting
from grokterm.errors import ConfigError
from grokterm.tui.link import LinkChoice

RunsDir = Annotated[
    Path, typer.Option("--runs-dir", envvar="GROKTERM_RUNS_DIR", help="Where runs are kept.", show_default="./runs")
]
Assignments = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="A.B=VALUE",
        help="Change a setting, as in optimizer.learning_rate=1e-3. May be repeated.",
        autocompletion=complete_setting,
    ),
]
RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A saved run: its name, the beginning of one, - for the newest, or a path.",
        autocompletion=complete_run,
    ),
]
RunNames = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN...",
        help="Saved runs: names, beginnings of names, - for the newest, or paths.",
        autocompletion=complete_run,
    ),
]
RunOrSweep = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A saved run or a sweep: its name, the beginning of one, - for the newest run, or a path.",
        autocompletion=complete_run_or_sweep,
    ),
]
RunsOrSweeps = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN...",
        help="Saved runs or sweeps: names, beginnings of names, - for the newest run, or paths.",
        autocompletion=complete_run_or_sweep,
    ),
]
Ascii = Annotated[bool, typer.Option("--ascii", help="Draw with ASCII characters only, and pictures without color.")]
NoPixels = Annotated[bool, typer.Option("--no-pixels", help="Draw with characters, also where the terminal draws pixels.")]
LinkOption = Annotated[
    LinkChoice | None,
    typer.Option("--link", help="How much to draw: slow writes numbers instead of pictures.", show_default="auto"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of words.")]
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="Print a Markdown table, and where it was measured.")]

RUNS = Path("runs")


def chosen_folder(context: typer.Context, runs_dir: Path) -> Path:
    """Return the runs folder of a command below `runs`: given with it, before it, or by default."""
    given_dir, _ = context.obj
    return runs_dir if runs_dir != RUNS else Path(given_dir)


def output_of(*, as_json: bool, as_markdown: bool) -> str:
    """Name the output that is asked for: json, markdown or table.

    Raises:
        ConfigError: if both options are given.
    """
    if as_json and as_markdown:
        raise ConfigError("--json and --markdown exclude each other: choose one")
    return "json" if as_json else "markdown" if as_markdown else "table"
