"""`grokterm serve`: the lab in a browser."""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from grokterm.cli.completion import complete_preset, complete_run_or_sweep
from grokterm.cli.lab import DEFAULT_PRESET
from grokterm.cli.options import RUNS, Ascii, LinkOption, RunsDir
from grokterm.errors import ConfigError

PORT = 8000
HERE = "127.0.0.1"


def serve(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN",
            help="A run or a sweep that every tab opens.",
            show_default="the form",
            autocompletion=complete_run_or_sweep,
        ),
    ] = None,
    *,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset", help="What the form is filled with.", show_default=DEFAULT_PRESET, autocompletion=complete_preset
        ),
    ] = None,
    start: Annotated[bool, typer.Option("--start", help="Train at once, in every tab a run of its own.")] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Where it listens; 0: at a free one.")] = PORT,
    host: Annotated[str, typer.Option("--host", help="The address that it listens at.")] = HERE,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Listen also where other machines are let in, without encryption.")
    ] = False,
    ascii_only: Ascii = False,
    link: LinkOption = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Show the lab in a browser: each tab is a terminal with a lab of its own.

    The address that is printed holds a token, without which no page is served. From another machine: `ssh -L`, as
    `grokterm help serve` says. A tab that is closed is a connection that drops: what it trains is saved or goes on.
    """
    if name is not None and (preset is not None or start):
        raise ConfigError("RUN opens what is saved, --preset and --start something new: choose one")
    if find_spec("termios") is None:
        raise ConfigError("serve needs pseudo-terminals, which this system lacks: `grokterm` opens the lab in a terminal")
    if find_spec("textual_serve") is None:
        raise ConfigError("serve needs textual-serve: pip install 'grokterm[serve]'")
    opening = _opening(name, preset, runs_dir, start=start)
    drawing = ["--ascii"] * ascii_only + ([f"--link={link}"] if link else [])
    command = [sys.executable, "-m", "grokterm", *opening, *drawing, f"--runs-dir={runs_dir}"]

    from grokterm.cli.headless.signals import LeaveOnSignal

    with LeaveOnSignal() as signals:
        import asyncio

        from grokterm.cli.browser.listening import listen
        from grokterm.cli.browser.server import LabServer

        with listen(host, port, insecure=insecure) as listening:
            asyncio.run(LabServer(command, host).serve(listening, signals))
    raise typer.Exit(signals.exit_code)


def _opening(name: str | None, preset: str | None, runs_dir: Path, *, start: bool) -> list[str]:
    """Return what follows `grokterm` in every tab; refuse here what each of them would refuse."""
    if name is not None:
        from grokterm.cli.finding import run_or_sweep

        return ["open", str(run_or_sweep(runs_dir, name).path.resolve())]
    if preset is not None or start:
        from grokterm.experiment.reading.presets import find_preset

        find_preset(preset or DEFAULT_PRESET).experiment  # noqa: B018 - refuses a broken one
    return [*([f"--preset={preset}"] if preset is not None else []), *["--start"] * start]
