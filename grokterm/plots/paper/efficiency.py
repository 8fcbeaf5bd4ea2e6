"""Figures of circuit efficiency: parameter norm against the logit of the right answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Real
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from grokterm.plots.curves.legend import Mark
from grokterm.plots.curves.series import Series
from grokterm.plots.paper.steps import finish_steps, plot_over_steps
from grokterm.plots.paper.style import INKS, RUN_COLORS, escape_label, new_figure

CircuitKind = Literal["memorized", "generalized", "neither"]
"""C_mem: when the run had memorized. C_gen: at its end, if it has generalized."""

CIRCUIT_KINDS: dict[CircuitKind, str] = {
    "memorized": "$C_{mem}$, memorized",
    "generalized": "$C_{gen}$, at the end",
    "neither": "at the end, not generalized",
}


@dataclass(frozen=True)
class CircuitEfficiency:
    """Parameter norm and logits of a network at one step."""

    label: str
    kind: CircuitKind
    norm: float
    logits: Float[np.ndarray, " quantiles"]
    """Quantiles of the right answer's logit, ascending."""


def draw_circuits(circuits: Sequence[CircuitEfficiency]) -> Figure:
    """Draw the norm and the logits of each network: a line from 5 to 95 %, a marker at the median, one color per run."""
    labels = list(dict.fromkeys(circuit.label for circuit in circuits))
    several = len(labels) > 1
    colors = {label: RUN_COLORS[number % len(RUN_COLORS)] if several else "black" for number, label in enumerate(labels)}
    figure = new_figure(2.4 + (0.14 * len(labels) if several else 0))
    axes = figure.add_subplot()
    for circuit in circuits:
        if len(circuit.logits):
            low, middle, high = (circuit.logits[at * len(circuit.logits) // 20] for at in (1, 10, 19))
            axes.plot([circuit.norm] * 2, [low, high], color=colors[circuit.label], linewidth=0.8)
            axes.plot([circuit.norm], [middle], color=colors[circuit.label], linestyle="none", **_marker(circuit.kind))
    axes.margins(0.08)
    axes.set(xlabel="parameter norm", ylabel="logit of the right answer, train")
    kinds = [kind for kind in CIRCUIT_KINDS if any(circuit.kind == kind and len(circuit.logits) for circuit in circuits)]
    handles = [Line2D([], [], color="black", linestyle="none", label=CIRCUIT_KINDS[kind], **_marker(kind)) for kind in kinds]
    runs = [Line2D([], [], color=color, label=escape_label(label)) for label, color in colors.items()] if several else []
    figure.legend(handles=[*runs, *handles], loc="outside upper left", ncols=2 if len(labels) != 2 else 1)
    return figure


def _marker(kind: CircuitKind) -> dict[str, Any]:
    shape = {"memorized": "o", "generalized": "s", "neither": "D"}[kind]
    return {"marker": shape, "markersize": 4, **({} if kind == "memorized" else {"markerfacecolor": "white"})}


def draw_over_steps(
    norm: Series, steps: Real[np.ndarray, " point"], logits: Float[np.ndarray, "point 20"], marks: Sequence[Mark],
    circuits: Sequence[tuple[str, int, float]],
) -> Figure:  # fmt: skip
    """Draw norm and logits over steps, with C_mem and C_gen labeled; `circuits` holds name, step and norm."""
    figure = new_figure(3.2)
    upper, lower = figure.subplots(2, 1, sharex=True)
    plot_over_steps(upper, [norm])
    for name, step, value in circuits:
        upper.plot([step], [value], "k*", markersize=6)
        upper.annotate(f"$C_{{{name[2:]}}}$", (step, value), xytext=(4, 3), textcoords="offset points")
    color = INKS["train"].color
    x, rows = steps[steps > 0], logits[steps > 0]
    for low, high, alpha in ((1, 19, 0.2), (5, 15, 0.35)):
        lower.fill_between(
            x, rows[:, low], rows[:, high], color=color, alpha=alpha, linewidth=0, label=f"{5 * low}–{5 * high} %"
        )
    lower.plot(x, rows[:, 10], color=color, label="median")
    lower.legend(loc="best")
    upper.set_ylabel("parameter norm")
    lower.set_ylabel("logit of the right\nanswer, train")
    finish_steps([upper, lower], marks)
    return figure
