"""`grokterm bench`: training speed on this machine, compared with a notebook's loop and the matrix products alone."""

from typing import Annotated

import typer

from grokterm.cli.completion import complete_preset
from grokterm.cli.console import print_results, print_status
from grokterm.cli.options import AsJson, AsMarkdown, output_of

PRESETS = ("liu-essay", "gromov-gd", "nanda")  # A small MLP, a larger one, a transformer

BUSY = 0.5  # load average from which to warn


def bench(
    *,
    names: Annotated[
        list[str],
        typer.Option(
            "--preset",
            metavar="NAME",
            help="Time this preset. May be repeated.",
            show_default=False,
            autocompletion=complete_preset,
        ),
    ] = [],  # noqa: B006 - Typer reads the default
    repetitions: Annotated[int, typer.Option("--repetitions", min=1, help="Turns per contestant.")] = 5,
    seconds: Annotated[float, typer.Option("--seconds", min=0.001, max=600, help="How long a turn takes, about.")] = 0.5,
    members: Annotated[int | None, typer.Option("--members", min=1, help="Train an ensemble over this many seeds.")] = None,
    device: Annotated[str | None, typer.Option("--device", help="Where to train: cpu, cuda, cuda:1.")] = None,
    as_json: AsJson = False,
    as_markdown: AsMarkdown = False,
) -> None:
    """Time training here, compared with a notebook's loop and the matrix products alone.

    Each engine that supports a preset, a notebook's loop, and the products take turns, each in its own process. Ratios are
    taken within a repetition, then their median. Without names: liu-essay, gromov-gd and nanda, which takes a minute or two
    on two cores. With --members the updates of all are counted, and there are as many notebook loops, one after another.
    """
    output = output_of(as_json=as_json, as_markdown=as_markdown)

    from grokterm.cli.headless.signals import LeaveOnSignal
    from grokterm.experiment.reading.presets import find_preset

    changes = [f"device={device}"] if device else []
    changes += [f"training.members={members}"] if members else []
    experiments = {name: find_preset(name).overridden(changes).experiment for name in names or PRESETS}
    with LeaveOnSignal():
        from grokterm.bench.comparison import compare
        from grokterm.engines.device import find_device
        from grokterm.reports.benchmark import speeds

        for experiment in experiments.values():
            find_device(experiment.device)  # fails before timing starts
        load = _load()
        comparisons = []
        for number, (name, experiment) in enumerate(experiments.items(), start=1):
            print_status(f"{name}, {number} of {len(experiments)}")
            comparisons.append(compare(name, experiment, repetitions=repetitions, seconds=seconds))
        print_results(*speeds(comparisons, repetitions=repetitions, load=load, output=output))


def _load() -> float | None:
    """Return the load average, None where the system has none, and warn if the machine is busy."""
    import os

    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    if load is not None and load > BUSY:
        print_status(f"warning: the load of this machine is {load:.1f} already: a loop that waits for its threads suffers most")
    return load
