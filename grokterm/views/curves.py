"""Accuracy, loss and other metrics of a training over its steps."""

from typing import Literal

import numpy as np
from jaxtyping import Real

from grokterm.plots.axis import Scale
from grokterm.plots.cells import Rows
from grokterm.plots.curves import Panel, Series, draw_chart
from grokterm.plots.ticks import short_power
from grokterm.session.state import LabState
from grokterm.views.marks import named_marks
from grokterm.views.view import Sheet

Measure = Literal["accuracy", "loss"]

LOG_FROM = 100.0  # a loss that falls by more than this has a logarithmic axis; a smaller one shows its bumps on a linear axis


def draw_curves(state: LabState, sheet: Sheet, x_scale: Scale) -> Rows:
    """Draw accuracy and loss of train and val above each other."""
    return draw_chart(
        panels(state),
        named_marks(state),
        width=sheet.width,
        height=sheet.height,
        x_scale=x_scale,
        palette=sheet.palette,
    )


def panels(state: LabState) -> list[Panel]:
    """Return the curves of both measures and of the norm."""
    losses = sides(state, "loss")
    norm = Series("parameters", state.curves.column("step"), state.curves.column("parameter_norm"), "first")
    return [
        Panel("acc", sides(state, "accuracy"), y_limits=(0.0, 1.0), written="{:.3f}".format),
        Panel("loss", losses, y_scale=scale_of(losses[-1].y), written=short_loss),
        Panel("norm", [norm], written="{:<6.4g}".format),
    ]


def sides(state: LabState, measure: Measure) -> list[Series]:
    """Return a measure over steps, for train and val; where there was never validation, for train and, if any, `seen`."""
    steps, curves = state.curves.column("step"), state.curves
    train, val, seen = (curves.column(f"{side}_{measure}") for side in ("train", "val", "seen"))
    series = [Series("train", steps, train, "train", curves.band(f"train_{measure}"))]
    if not np.isnan(curves.column("val_accuracy")).all():
        return [*series, Series("val", steps, val, "val", curves.band(f"val_{measure}"))]
    return series if np.isnan(seen).all() else [*series, Series("seen", steps, seen, "val")]


def scale_of(values: Real[np.ndarray, " evaluation"]) -> Scale:
    """Return the scale on which positive values are told apart best."""
    known = values[np.isfinite(values) & (values > 0)]
    return "log" if known.size and known.max() > LOG_FROM * known.min() else "linear"


def short_loss(value: float) -> str:
    """Write a loss in seven characters: `2.1e-6`."""
    return short_power(f"{value:.1e}").ljust(7)
