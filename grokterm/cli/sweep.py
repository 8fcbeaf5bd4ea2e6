"""`grokterm sweep`: one experiment many times, with other settings and seeds."""

import sys
from functools import partial
from typing import Annotated, Literal

import typer

from grokterm.cli.completion import complete_setting, complete_sweep
from grokterm.cli.console import print_status
from grokterm.cli.options import RUNS, Ascii, AsJson, Assignments, LinkOption, NoPixels, RunsDir
from grokterm.errors import ConfigError

MANY = 100_000  # members, more than which must be meant


def sweep(
    preset: Annotated[
        str,
        typer.Argument(
            metavar="PRESET",
            help="A preset, by name or path, or the name of a sweep that is there.",
            autocompletion=complete_sweep,
        ),
    ],
    *,
    grid: Annotated[
        list[str],
        typer.Option(
            "--grid",
            metavar="A.B=VALUES",
            help="An axis: 0,0.1,1 or 0.2:0.9:0.1 or 1e-4:1:log5. May be repeated.",
            autocompletion=complete_setting,
        ),
    ] = [],  # noqa: B006 - Typer reads the default
    zipped: Annotated[
        list[str],
        typer.Option(
            "--zip",
            metavar="A.B=VALUES",
            help="One of several axes that change together.",
            autocompletion=complete_setting,
        ),
    ] = [],  # noqa: B006 - Typer reads the default
    assignments: Assignments = [],  # noqa: B006 - Typer reads the default
    seeds: Annotated[int | None, typer.Option("--seeds", min=1, help="Members at each point: the seed, the next, ...")] = None,
    measure: Annotated[str | None, typer.Option("--measure", metavar="NAME", help="What is drawn of each member.")] = None,
    at: Annotated[
        Literal["end", "memorized", "grokked"] | None, typer.Option("--at", help="Where a metric of the network is taken.")
    ] = None,
    over: Annotated[str | None, typer.Option("--over", metavar="AXIS", help="The axis below the curve.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the sweep's folder.", show_default="PRESET-sweep")] = None,
    engine: Annotated[
        str, typer.Option("--engine", metavar="NAME", help="What works on members: local, ray or slurm.")
    ] = "local",
    address: Annotated[
        str, typer.Option("--address", metavar="HOST:PORT", help="Of a Ray cluster; auto: the one of this host.")
    ] = "",
    queue: Annotated[
        list[str],
        typer.Option("--option", metavar="NAME=VALUE", help="What Slurm wants to know: timeout_min=120. May be repeated."),
    ] = [],  # noqa: B006 - Typer reads the default
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Members side by side.", show_default="one a core, or a device")
    ] = None,
    keep: Annotated[
        Literal["all", "results"] | None, typer.Option("--keep", help="results: no checkpoints of what has ended.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Train nothing: list members, estimate time and disk.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help=f"Also more than {MANY:,} members.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Train again what has failed.")] = False,
    no_screen: Annotated[
        bool, typer.Option("--no-screen", help="One line of progress also in a terminal, and the table in the end.")
    ] = False,
    ascii_only: Ascii = False,
    no_pixels: NoPixels = False,
    link: LinkOption = None,
    as_json: AsJson = False,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Sweep an experiment: train it with other settings and seeds, side by side, and say what each point came to.

    A member that has ended is never trained again, one that was interrupted goes on from its checkpoint, and a longer grid or
    more seeds add only what is new. In a terminal the curve is drawn while it forms, and q saves and leaves; without one,
    Ctrl+C does. The name of the sweep goes on with it.
    """
    from grokterm.sweeps.definition import Changes, define, options_of
    from grokterm.sweeps.engines.table import Workplace, check_engine, make_engine

    place = Workplace(workers, address, options_of(queue))
    check_engine(engine, place)
    engine_of = partial(make_engine, engine, place=place)
    asked = define(preset, runs_dir, Changes(grid, zipped, assignments, seeds, measure, at, over, keep), name)
    print_status(*asked.notes)
    from grokterm.cli.headless import sweep as headless

    if dry_run:
        headless.show_plan(asked, workers, as_json=as_json)
    elif asked.n_members > MANY and not yes:
        raise ConfigError(f"{asked.n_members:,} members {headless.need(asked, workers)}: say --yes if you mean them")
    elif sys.stdin.isatty() and sys.stdout.isatty() and not (no_screen or as_json):
        from grokterm.cli.lab import show_sweep
        from grokterm.sweeps.plans import kept

        _, there = kept(asked, retries=retry)
        show_sweep(there, runs_dir, ascii_only=ascii_only, no_pixels=no_pixels, link=link, engine_of=engine_of, works=True)
    else:
        raise typer.Exit(headless.work_on(asked, engine_of, retries=retry, as_json=as_json))
