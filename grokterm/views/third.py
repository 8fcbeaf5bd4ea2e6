"""The third chart below accuracy and loss. To add one, write a row in CHARTS."""

from collections.abc import Callable, Sequence
from operator import methodcaller
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from grokterm.experiment.metrics import METRICS
from grokterm.experiment.optimizer import RecursiveFeatures
from grokterm.plots.axis import Limits, Scale
from grokterm.plots.curves.series import Panel, Series
from grokterm.session.state import LabState
from grokterm.views.history import series, spread, written

if TYPE_CHECKING:
    from grokterm.plots.palettes import Role

N_RATES = 500  # steps at which the learning rate is worked out


class Chart(NamedTuple):
    """A chart of what is known of a training besides accuracy and loss."""

    find: Callable[[LabState], Sequence[Series]]
    y_scale: Scale = "linear"
    y_limits: Limits | None = None


def third_panel(state: LabState, chosen: str) -> Panel:
    """Return the chosen chart, or the norm if nothing of that is known."""
    name = chosen if chosen in CHARTS and _is_known(state, chosen) else NORM
    return Panel(name, CHARTS[name].find(state), CHARTS[name].y_scale, CHARTS[name].y_limits, written)


def known_charts(state: LabState) -> list[str]:
    """Name the charts of which something is known; the norm is always among them."""
    return [name for name in CHARTS if name == NORM or _is_known(state, name)]


def _is_known(state: LabState, name: str) -> bool:
    return any(len(one.x) for one in CHARTS[name].find(state))


def norm_curve(state: LabState) -> Series:
    """Return the norm of all parameters at every evaluation that has measured it."""
    steps, norms = state.curves.column("step"), state.curves.column("parameter_norm")
    known = np.isfinite(norms)
    if not known.all():  # copies of millions would take as much memory again
        steps, norms = steps[known], norms[known]
    return Series(METRICS["parameter_norm"].label, steps, norms, "text")


def _norm(state: LabState) -> Sequence[Series]:
    return [norm_curve(state)]


def _inspected(**roles: "Role") -> Callable[[LabState], Sequence[Series]]:
    """Draw metrics in two inks: the others are those of earlier runs."""

    def find(state: LabState) -> Sequence[Series]:
        shown = spread(state.inspections)
        return [series(shown, METRICS[name].label, role, methodcaller("metric", name)) for name, role in roles.items()]

    return find


def _learning_rate(state: LabState) -> Sequence[Series]:
    evaluated = state.curves.column("step")
    steps = np.unique(evaluated[:: 1 + len(evaluated) // N_RATES]).astype(np.int64).tolist()
    rates = [_rate_at(state, step) for step in steps]
    known = [(step, rate) for step, rate in zip(steps, rates, strict=True) if rate is not None]
    points = np.array(known, dtype=np.float64).reshape(-1, 2)
    return [Series("learning rate", points[:, 0], points[:, 1], "text")]


def _rate_at(state: LabState, step: int) -> float | None:
    optimizer = state.experiment_at(step).scheduled.optimizer
    return None if isinstance(optimizer, RecursiveFeatures) else optimizer.rate_share_at(step) * optimizer.learning_rate


NORM = "norm"

CHARTS: dict[str, Chart] = {
    NORM: Chart(_norm),
    "IPR": Chart(_inspected(ipr="text"), y_limits=(0.0, 1.0)),
    "Gini": Chart(_inspected(gini="text"), y_limits=(0.0, 1.0)),
    "exact": Chart(_inspected(matched_frequency_share="key_frequency", exact_fit="text"), y_limits=(0.0, 1.0)),
    "parts": Chart(_inspected(restricted_loss="key_frequency", excluded_loss="text"), y_scale="log"),
    "score": Chart(_inspected(median_score="text")),
    "rate": Chart(_learning_rate),
}
"""In the order of the key."""
