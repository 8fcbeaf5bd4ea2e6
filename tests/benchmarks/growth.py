"""How does a step grow with the modulus, the width and the members of an ensemble? Draws updates a second and memory, log-log.

    python tests/benchmarks/growth.py --out .github/growth.svg

The perceptron of `gromov-gd`, or for members the small one of `liu-essay`, one setting changed at a time, without evaluations;
beside it the loop of a notebook and the matrix products alone, in turn, up to the first value at which a step of theirs is
slow. Of an ensemble the updates of all members are counted. Slow steps are timed once, whatever is asked for. Memory is the
peak of a process that trains, beyond what torch takes to load; not of an ensemble, whose members have processes of their own.
Takes a few minutes on two cores and at most a few GB; needs matplotlib, as figures do.
"""

import argparse
import os
from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `grokterm` does, before numpy is loaded

import torch
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from grokterm.bench.comparison import AUTO, UPDATE, as_timed
from grokterm.bench.floor import Floor
from grokterm.bench.measurement import Workload, measure, spread
from grokterm.bench.notebook import Notebook
from grokterm.bench.process import ContestantProcess
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.overrides import override
from grokterm.experiment.reading.presets import find_preset
from grokterm.plots.paper.style import COLUMN, GRAY, RUN_COLORS, new_figure, paper_style, save_figure
from grokterm.training.trainer import make_trainer

SLOW = 0.3
"""Seconds of a step that is timed once only."""

N_THREADS = torch.get_num_threads()


class Axis(NamedTuple):
    """What grows."""

    setting: str
    label: str
    values: tuple[int, ...]
    preset: str = "gromov-gd"


MEMBERS = "training.members"
AXES = (
    Axis("task.modulus", "modulus p", (23, 47, 97, 197, 397, 997)),
    Axis("model.width", "width", (64, 128, 256, 512, 1024, 2048, 4096, 8192)),
    Axis(MEMBERS, "members", (1, 2, 4, 8, 16, 32, 64, 128, 256), "liu-essay"),
)
"""To add one, add a row; what is drawn follows."""

Steps = Callable[[int], None]
Curve = dict[int, float]
"""Updates a second, or megabytes, by the value that was set."""


def grokterm(experiment: Experiment) -> Steps:
    """Train with the engine that grokterm chooses; an ensemble of n members makes n updates a step."""
    fit = make_trainer(experiment).trainable

    def update(n_steps: int) -> None:
        for _ in fit.advance(fit.step + n_steps, lambda _: False):
            pass

    return update


def notebook(experiment: Experiment) -> Steps:
    """Train as a notebook does."""
    return partial(Notebook(experiment).train, evaluates=False)


def floor(experiment: Experiment) -> Steps:
    """Multiply only, with all threads, of which grokterm leaves torch one."""
    torch.set_num_threads(N_THREADS)
    return Floor(experiment, by_torch=True).update


OURS = "grokterm"
LINES: dict[str, Callable[[Experiment], Steps]] = {OURS: grokterm, "notebook": notebook, "matrix products": floor}


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(".github/growth.svg"))
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.3, help="of a turn")
    arguments = parser.parse_args()
    grown = [grow(axis, arguments.repetitions, arguments.seconds) for axis in AXES]
    taken = [memory(axis) for axis in AXES]
    with paper_style():
        figure = new_figure(4.0, width=2.5 * COLUMN)
        panels: Sequence[Axes]
        below: Sequence[Axes]
        panels, below = figure.subplots(2, len(AXES), sharey="row", squeeze=False)
        for panel, axis, curves in zip(panels, AXES, grown, strict=True):
            draw(panel, axis, curves)
        for panel, axis, curve in zip(below, AXES, taken, strict=True):
            draw(panel, axis, {OURS: curve})
            panel.set_visible(bool(curve))
        panels[0].set_ylabel("updates a second")
        below[0].set_ylabel("memory in MB")
        panels[0].legend(loc="lower left")
        save_figure(figure, arguments.out, "svg")


def grow(axis: Axis, repetitions: int, seconds: float) -> dict[str, Curve]:
    """Measure every line along an axis."""
    curves: dict[str, Curve] = {name: {} for name in LINES}
    for value in axis.values:
        changes = [f"{axis.setting}={value}", "device=cpu"]
        experiment = as_timed(override(find_preset(axis.preset).settings, changes).experiment)
        members = experiment.training.members
        names = [name for name, curve in curves.items() if name == OURS or _keeps_up(curve, members)]
        runs = {name: Workload(partial(timed, name, LINES[name](experiment))) for name in names}
        are_slow = max([one.run(1) for one in runs.values()]) > SLOW
        rates = measure(runs, repetitions=1 if are_slow else repetitions, seconds=0.0 if are_slow else seconds)
        for name in names:
            curves[name][value] = spread(rates[name]).median * members
            print(f"{axis.setting}={value:<6}{name:<16}{curves[name][value]:12,.2f} updates/s", flush=True)  # noqa: T201
    return curves


def memory(axis: Axis) -> Curve:
    """Measure the peak in megabytes along an axis, each value in a process of its own; empty for members."""
    curve: Curve = {}
    for value in axis.values if axis.setting != MEMBERS else ():
        changes = [f"{axis.setting}={value}", "device=cpu"]
        with ContestantProcess(AUTO) as process:
            process.start(as_timed(override(find_preset(axis.preset).settings, changes).experiment))
            process.run(UPDATE, 1)
            if process.memory is not None:
                curve[value] = process.memory / 1e6
                print(f"{axis.setting}={value:<6}memory          {curve[value]:12,.1f} MB", flush=True)  # noqa: T201
    return curve


def _keeps_up(curve: Curve, members: int) -> bool:
    """Tell whether one that is held against grokterm is timed: while it is fast, and where there is one network."""
    return members == 1 and min(curve.values(), default=inf) > 1 / SLOW


def timed(name: str, update: Steps, n_steps: int) -> float:
    """Return the seconds that so many steps take."""
    torch.set_num_threads(1 if name == OURS else N_THREADS)
    started = perf_counter()
    update(n_steps)
    return perf_counter() - started


def draw(axes: Axes, axis: Axis, curves: dict[str, Curve]) -> None:
    """Draw grokterm in color, and what it is held against thin and gray."""
    for (name, curve), dashes in zip(curves.items(), ("-", "--", ":"), strict=False):
        is_ours = name == OURS
        axes.plot(
            list(curve), list(curve.values()), linestyle=dashes, label=name, color=RUN_COLORS[0] if is_ours else GRAY,
            linewidth=1.3 if is_ours else 0.8, marker="o" if is_ours else "",
        )  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel=axis.label)
    axes.set_xticks(axis.values, [f"{value:,}" for value in axis.values])
    axes.xaxis.set_minor_locator(NullLocator())


if __name__ == "__main__":
    main()
