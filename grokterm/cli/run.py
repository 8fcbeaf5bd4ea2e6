"""`grokterm run`: trains one experiment without a screen."""

from typing import Annotated

import typer

from grokterm.cli.completion import complete_log, complete_preset, complete_run
from grokterm.cli.options import RUNS, AsJson, Assignments, RunsDir
from grokterm.errors import ConfigError
from grokterm.runs.export.table import LOGS


def run(
    *,
    preset: Annotated[
        str | None, typer.Option("--preset", help="Name or path of the experiment.", autocompletion=complete_preset)
    ] = None,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="RUN", help="Resume a saved run.", autocompletion=complete_run)
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="RUN@STEP",
            help="Branch: a new run from a step of another. STEP: a number, last, or a milestone.",
            autocompletion=complete_run,
            show_default="its newest checkpoint",
        ),
    ] = None,
    assignments: Assignments = [],  # noqa: B006 - Typer reads the default
    as_json: AsJson = False,
    log: Annotated[
        list[str],
        typer.Option(
            "--log",
            metavar="TOOL[:FOLDER]",
            help=f"Write a log meanwhile, for {' or '.join(LOGS)}. May be repeated.",
            autocompletion=complete_log,
        ),
    ] = [],  # noqa: B006 - Typer reads the default
    detach: Annotated[bool, typer.Option("--detach", help="Train in the background, also when the terminal is gone.")] = False,
    runs_dir: RunsDir = RUNS,
    is_background: Annotated[bool, typer.Option("--background", hidden=True)] = False,
    has_whole: Annotated[bool, typer.Option("--whole", hidden=True)] = False,
    is_paused: Annotated[bool, typer.Option("--paused", hidden=True)] = False,
    pace: Annotated[float | None, typer.Option("--pace", hidden=True)] = None,
) -> None:
    """Train one experiment without a screen. Ctrl+C saves and ends; --resume continues.

    With --detach a process of its own trains, and this one prints the name of the run, with --json an object of name, pid and
    socket: `grokterm attach` shows it, `grokterm runs stop` saves and ends it.
    """
    if sum(one is not None for one in (preset, resume, origin)) != 1:
        raise ConfigError(
            "run needs one of --preset NAME, --resume RUN and --from RUN@STEP: `grokterm presets` lists the presets"
        )
    from grokterm.cli.headless import run as headless
    from grokterm.runs.export.live import parse_logs

    background, logs = None, parse_logs(log)
    if is_background:
        from grokterm.session.detached import Background, Outset

        background = Background(Outset(is_paused=is_paused, pace=pace))
    manner = headless.Manner(assignments, runs_dir, as_json, detach, background, logs)
    if preset is not None:
        code = headless.start(preset, manner)
    elif resume is not None:
        go_on = headless.go_on_with_whole if has_whole else headless.resume
        code = go_on(resume, manner)
    else:
        code = headless.branch(str(origin), manner)
    raise typer.Exit(code)
