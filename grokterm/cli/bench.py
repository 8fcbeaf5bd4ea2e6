"""`grokterm bench`: how fast it trains here, beside a notebook's loop and the matrix products alone."""

from typing import TYPE_CHECKING, Annotated

import typer

from grokterm.cli.console import print_results, talk
from grokterm.cli.options import AsJson, AsMarkdown, output_of

if TYPE_CHECKING:
    from grokterm.bench.comparison import Comparison
    from grokterm.experiment.experiment import Experiment

PRESETS = ("liu-essay", "gromov-gd", "nanda")
"""A small perceptron, a larger one, a transformer."""

BUSY = 0.5
"""The load average from which on it is worth a warning."""


def bench(
    *,
    names: Annotated[
        list[str], typer.Option("--preset", metavar="NAME", help="Time this preset. May be repeated.", show_default=False)
    ] = [],  # noqa: B006 - Typer reads the default
    repetitions: Annotated[int, typer.Option("--repetitions", min=1, help="Turns of everybody.")] = 5,
    seconds: Annotated[float, typer.Option("--seconds", min=0.001, help="How long a turn takes, about.")] = 0.5,
    device: Annotated[str | None, typer.Option("--device", help="Where to train: cpu, cuda, cuda:1.")] = None,
    as_json: AsJson = False,
    as_markdown: AsMarkdown = False,
) -> None:
    """Time training here, beside the loop of a notebook and the matrix products alone.

    Each engine that can train a preset, a loop as notebooks have it, and the products take turns, each in a process of its
    own. Ratios are taken within a repetition, then their median. Without names: liu-essay, gromov-gd and nanda, which takes a
    minute or two on two cores.
    """
    output = output_of(as_json=as_json, as_markdown=as_markdown)
    experiments = _experiments(names or list(PRESETS), device)

    from grokterm.cli.signals import LeaveOnSignal

    with LeaveOnSignal():
        from grokterm.reports.benchmark import speeds

        _refuse_missing_devices(experiments)
        load = _load()
        comparisons = _comparisons(experiments, repetitions, seconds)
        print_results(*speeds(comparisons, repetitions=repetitions, load=load, output=output))


def _comparisons(experiments: "dict[str, Experiment]", repetitions: int, seconds: float) -> "list[Comparison]":
    from grokterm.bench.comparison import compare

    comparisons = []
    for number, (name, experiment) in enumerate(experiments.items(), start=1):
        talk(f"{name}, {number} of {len(experiments)}")
        comparisons.append(compare(name, experiment, repetitions=repetitions, seconds=seconds))
    return comparisons


def _refuse_missing_devices(experiments: "dict[str, Experiment]") -> None:
    """Refuse now, and not when others have been timed for a minute."""
    from grokterm.engines.device import find_device

    for experiment in experiments.values():
        find_device(experiment.device)


def _experiments(names: list[str], device: str | None) -> "dict[str, Experiment]":
    from grokterm.experiment.presets import find_preset

    changes = [f"device={device}"] if device else []
    return {name: find_preset(name).overridden(changes).experiment for name in names}


def _load() -> float:
    """Return the load average, and warn if the machine has something else to do."""
    import os

    load = os.getloadavg()[0]
    if load > BUSY:
        talk(f"warning: the load of this machine is {load:.1f} already: a loop that waits for its threads suffers most")
    return load
