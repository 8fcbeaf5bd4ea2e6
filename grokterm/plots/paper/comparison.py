"""Figures that compare runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogFormatterMathtext, LogLocator

from grokterm.plots.curves.series import Series
from grokterm.plots.paper.spectra import plot_spectrum
from grokterm.plots.paper.steps import finish_steps, first_step, on_log_axis, plot_over_steps
from grokterm.plots.paper.style import COLUMN, DIVERGING, RUN_COLORS, escape_label, frame_image, new_figure
from grokterm.plots.paper.weights import centered, color_limit, tiled

_DASHES: tuple[Any, ...] = ("-", (0, (5, 1)), (0, (3, 1, 1, 1)))


@dataclass(frozen=True)
class ComparedRun:
    """One of several runs."""

    label: str
    accuracy: Sequence[Series]
    """Train and, unless nothing was held out, val or `seen`."""

    loss: Sequence[Series]
    layer: str
    """Name of the matrix `weights`."""

    unit: str
    """Name of its columns."""

    weights: Float[np.ndarray, "residues columns"]
    """A matrix over residues, its neurons in order; no rows if there is none."""

    shares: Float[np.ndarray, " frequencies"]
    """The share of its power at each frequency."""

    key_frequencies: Sequence[int]
    maps: Float[np.ndarray, "neurons elements elements"]
    """Activations of some hidden neurons over (a, b); empty to leave them out."""


def draw_compared_curves(runs: Sequence[ComparedRun]) -> Figure:
    """Draw accuracy and loss of all runs, train thinner and paler than val."""
    figure = new_figure(3.3 + 0.13 * len(runs))
    upper, lower = figure.subplots(2, 1, sharex=True)
    first = first_step([series for run in runs for series in run.accuracy])
    for number, run in enumerate(runs):
        color, dashes = line_style(number)
        for axes, both in ((upper, run.accuracy), (lower, run.loss)):
            for series, (width, alpha) in zip(both, ((0.7, 0.5), (1.3, 1.0)), strict=False):
                x, y = on_log_axis(series, first, is_log=axes is lower)
                axes.plot(
                    x, y, linestyle=dashes, color=color, linewidth=width,
                    alpha=alpha, marker="o" if len(x) == 1 else "",
                )  # fmt: skip
    upper.set(ylabel="accuracy", ylim=(-0.03, 1.03))
    lower.set(ylabel="loss", yscale="log")
    finish_steps([upper, lower])
    styles = [(run.label, *line_style(number)) for number, run in enumerate(runs)]
    handles = [Line2D([], [], color=color, linestyle=dashes, label=escape_label(label)) for label, color, dashes in styles]
    held_out = sorted({series.label for run in runs for series in run.accuracy[1:]}, reverse=True)
    sides = [Line2D([], [], color="black", linewidth=1.3, label=" or ".join(held_out))] if held_out else []
    sides += [Line2D([], [], color="black", linewidth=0.7, alpha=0.5, label="train")]
    figure.legend(handles=[*handles, *sides], loc="outside upper left", ncols=1 if len(runs) < 3 else 2)
    return figure


def line_style(number: int) -> tuple[str, Any]:
    """Return color and dashes of one of many lines, by its number."""
    return RUN_COLORS[number % len(RUN_COLORS)], _DASHES[number // len(RUN_COLORS) % len(_DASHES)]


def draw_side_by_side(runs: Sequence[ComparedRun]) -> Figure:
    """Draw one column per run: accuracy, a weight matrix, its spectrum and some activation maps."""
    figure = new_figure(4.5, width=max(COLUMN, 0.3 + len(runs)))
    panels = figure.subplots(4, len(runs), squeeze=False, height_ratios=(1, 0.9, 1, 1.1))
    all_series = [series for run in runs for series in run.accuracy]
    most = max((float(run.shares.max()) for run in runs if len(run.shares)), default=1.0)
    for run, (accuracy, weights, spectrum, maps) in zip(runs, panels.T, strict=True):
        plot_over_steps(accuracy, run.accuracy, among=all_series)
        accuracy.set_title(fill(escape_label(run.label), 15))
        limit = color_limit(run.weights)
        weights.imshow(run.weights, aspect="auto", cmap=DIVERGING, vmin=-limit, vmax=limit)
        frame_image(weights)
        weights.set(xlabel=run.unit, xticks=[])
        plot_spectrum(spectrum, run.shares, run.key_frequencies)
        spectrum.set(xlim=(0, 1.25 * most), xlabel="share of power")
        if len(run.maps):
            maps.imshow(tiled(centered(run.maps), 4), cmap=DIVERGING, vmin=-1, vmax=1)
        maps.set(xticks=[], yticks=[])
        maps.spines[:].set_visible(False)
    finish_steps(panels[0].tolist())
    low, high = zip(*(axes.get_xlim() for axes in panels[0]), strict=True)
    for axes in panels[0]:
        axes.set(xlabel="step", xlim=(min(low), max(high)), ylim=(-0.05, 1.05))
        axes.xaxis.set_major_locator(LogLocator(numticks=4))
        axes.xaxis.set_major_formatter(LogFormatterMathtext())
    layers = {run.layer for run in runs}
    same_height = len({len(run.weights) for run in runs}) == 1
    for axes in panels[:, 1:].ravel() if same_height else panels[0, 1:]:
        axes.tick_params(axis="y", left=False, labelleft=False)
    layer = layers.pop() if len(layers) == 1 else "weights"
    for axes, label in zip(panels[:, 0], ("accuracy", layer, "frequency", "activations"), strict=True):
        axes.set_ylabel(label)
    figure.align_ylabels(panels[:, 0].tolist())
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure
