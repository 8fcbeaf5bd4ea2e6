"""The `grokterm` command."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from grokterm import __version__
from grokterm.cli import attach, bench, doctor, figures, inspect, lab, plot, presets, run, serve, settings, sweep, verify
from grokterm.cli.completion import complete_preset, join_words
from grokterm.cli.console import open_closed_streams, print_status, replace_unencodable
from grokterm.cli.help.examples import examples_of
from grokterm.cli.help.explanation import ASKING, explains
from grokterm.cli.help.manual import read_manual
from grokterm.cli.options import RUNS, Ascii, LinkOption, NoPixels, RunsDir
from grokterm.cli.plugins import Plugins, load, with_plugins
from grokterm.cli.runs import group as runs
from grokterm.errors import ConfigError, GroktermError
from grokterm.runs.command_line import USUAL
from grokterm.training.signals import ignore_saving
from grokterm.tui.appearance.remembered import default_runs_dir, preferences_path

app = typer.Typer(
    help="The terminal laboratory for grokking. Without a command it opens the lab; `grokterm help` is the manual.",
    epilog=examples_of(""),
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": [*ASKING]},
)
app.command("run")(with_plugins(run.run))
app.command("sweep")(with_plugins(sweep.sweep))
app.command("open")(with_plugins(lab.open_run))
app.command("attach")(with_plugins(attach.attach))
app.command("verify")(with_plugins(verify.verify))
app.command("bench")(with_plugins(bench.bench))
app.command("plot")(with_plugins(plot.plot))
app.command("figures")(with_plugins(figures.figures))
app.command("inspect")(with_plugins(inspect.inspect))
app.add_typer(presets.app, name="presets", epilog=examples_of("presets"))
app.add_typer(runs.app, name="runs", epilog=examples_of("runs"))
app.command("serve")(with_plugins(serve.serve))
app.command("doctor")(doctor.doctor)
app.command("settings")(settings.settings)
app.command("help")(read_manual)
for group, prefix in ((app, ""), (presets.app, "presets "), (runs.app, "runs ")):
    for command in group.registered_commands:
        command.epilog = examples_of(f"{prefix}{command.name}")


SAY_WHAT_IS_WRONG = (None, "open", "attach", "settings")
"""Commands that read the whole file of settings, and tell of every fault in it."""


def _print_version(is_requested: bool) -> None:
    if is_requested:
        typer.echo(f"grokterm {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _open_the_lab(
    context: typer.Context,
    *,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            help="What the form is filled with.",
            show_default=lab.DEFAULT_PRESET,
            autocompletion=complete_preset,
        ),
    ] = None,
    start: Annotated[bool, typer.Option("--start", help="Train at once.")] = False,
    ascii_only: Ascii = False,
    no_pixels: NoPixels = False,
    link: LinkOption = None,
    plugins: Plugins = [],  # noqa: B006 - Typer reads the default
    runs_dir: RunsDir = RUNS,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if (source := context.get_parameter_source("runs_dir")) is not None and source.name == "DEFAULT":
        runs_dir, problem = default_runs_dir(preferences_path())
        if problem and context.invoked_subcommand not in SAY_WHAT_IS_WRONG:
            print_status(f"grokterm: {problem}")
    os.environ.setdefault(USUAL, os.environ.get("GROKTERM_RUNS_DIR") or str(default_runs_dir(preferences_path())[0]))
    os.environ["GROKTERM_RUNS_DIR"] = str(runs_dir)  # so that --runs-dir before a command applies to the command
    options = {"--ascii": ascii_only, "--no-pixels": no_pixels, "--start": start, "--link": link}
    lost = [name for name, given in options.items() if given]
    if context.invoked_subcommand is not None and lost:
        raise ConfigError(f"{lost[0]} before {context.invoked_subcommand} has no effect: write it after the command")
    if plugins or context.invoked_subcommand is None:
        load(plugins)
    if context.invoked_subcommand is None:
        lab.open_lab(preset, start=start, ascii_only=ascii_only, no_pixels=no_pixels, link=link, runs_dir=Path(runs_dir))


def _with_advice(error: TyperException) -> str:
    """Return the message of a wrong command line; of what is missing in it, with what to do."""
    message = error.format_message()
    if not message.startswith("Missing"):
        return message
    if message == "Missing argument 'RUN'.":
        return "Missing argument 'RUN': name a run, or write - for the newest; `grokterm runs` lists them"
    context = getattr(error, "ctx", None)
    command = "grokterm" if context is None else context.command_path
    return f"{message.rstrip('.')}: `{command} --help` says what it takes"


def main() -> None:
    """Run a command. User errors print one line and exit with code 2; bugs print a traceback."""
    # numpy's threads spin while they wait, which slows down training beside them, and their number changes the bits of a run.
    # numpy reads this when imported.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    ignore_saving()  # until there is a training
    open_closed_streams()
    replace_unencodable()
    join_words()
    try:
        sys.exit(0 if explains(app, sys.argv[1:]) else app(standalone_mode=False, prog_name="grokterm"))
    except TyperException as error:
        print_status(f"grokterm: {_with_advice(error)}")
    except GroktermError as error:
        print_status(f"grokterm: {error}")
    sys.exit(2)
