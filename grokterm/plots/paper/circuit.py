"""Figures of how close a network's neurons are to the exact solution."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from grokterm.plots.paper.style import GRAY, INKS, letter_panels, new_figure

_TURNS = (-np.pi, 0, np.pi)
_TURN_LABELS = ("−π", "0", "π")


@dataclass(frozen=True)
class Neurons:
    """Neurons fitted by the cosines that would solve the task."""

    phases: Float[np.ndarray, "3 neurons"]
    """φ1, φ2 and φ3; NaN where undefined."""

    is_matched: Bool[np.ndarray, " neurons"]
    """Which have the same frequency in all three matrices."""

    mismatch: Float[np.ndarray, " neurons"]
    """φ1 + φ2 − φ3 between −π and π, NaN for unmatched neurons."""

    mean: float | None
    """Circular mean of the mismatch."""

    resultant: float | None
    """Mean resultant length of the mismatch."""

    fit: Float[np.ndarray, " neurons"]
    """R² of each neuron; NaN without waves."""

    frequencies: Mapping[int, int]
    """How many neurons have each frequency."""

    n_frequencies: int


def draw_circuit(neurons: Neurons, *, title: str) -> Figure:
    """Draw phases, their mismatch, the frequencies and the fit."""
    figure = new_figure(3.1, title=title)
    (phases, mismatch), (frequencies, fit) = figure.subplots(2, 2)
    _draw_phases(phases, neurons)
    _draw_mismatch(mismatch, neurons)
    _draw_frequencies(frequencies, neurons)
    known = neurons.fit[np.isfinite(neurons.fit)]
    fit.hist(known, bins=np.linspace(0, 1, 26).tolist(), color=GRAY)
    fit.set(xlabel="R² of the exact form", ylabel="neurons", xlim=(0, 1), xticks=(0, 0.5, 1))
    fit.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    if len(known):
        fit.set_title(f"mean {known.mean():.3f}", loc="right")
    letter_panels(phases, mismatch, frequencies, fit)
    return figure


def _draw_phases(axes: Axes, neurons: Neurons) -> None:
    first, second, answer = neurons.phases
    total = np.pi - (np.pi - (first + second)) % (2 * np.pi)
    matched, color = neurons.is_matched, INKS["val"].color
    axes.plot(_TURNS, _TURNS, color="black", linewidth=0.6, zorder=1)
    axes.plot(total[~matched], answer[~matched], ".", markersize=2, color="#c0c0c0", label="unmatched")
    axes.plot(total[matched], answer[matched], ".", markersize=2.5, color=color, label="matched")
    axes.set(xlabel="φ₁ + φ₂", ylabel="φ₃", xlim=(-3.3, 3.3), ylim=(-3.3, 3.3))
    axes.set_xticks(_TURNS, _TURN_LABELS)
    axes.set_yticks(_TURNS, _TURN_LABELS)
    axes.set_title(f"{np.count_nonzero(matched)} of {len(matched)} matched", loc="right", color=color)


def _draw_mismatch(axes: Axes, neurons: Neurons) -> None:
    known = neurons.mismatch[np.isfinite(neurons.mismatch)]
    axes.hist(known, bins=np.linspace(-np.pi, np.pi, 42).tolist(), color=INKS["val"].color)
    axes.set(xlabel="φ₁ + φ₂ − φ₃ (rad)", ylabel="neurons", xlim=(-3.3, 3.3))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set_xticks(_TURNS, _TURN_LABELS)
    if neurons.mean is not None and neurons.resultant is not None:
        axes.axvline(neurons.mean, color="black", linewidth=0.7, linestyle=(0, (4, 2)))
        axes.set_title(f"mean {round(neurons.mean, 2) + 0:.2f}, R {neurons.resultant:.2f}".replace("-", "−"), loc="right")


def _draw_frequencies(axes: Axes, neurons: Neurons) -> None:
    axes.bar(list(neurons.frequencies), list(neurons.frequencies.values()), width=0.8, color=INKS["key_frequency"].color)
    axes.set(xlabel="frequency", ylabel="neurons", xlim=(0.2, neurons.n_frequencies + 0.8))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set_title(f"{len(neurons.frequencies)} of {neurons.n_frequencies} used", loc="right")
