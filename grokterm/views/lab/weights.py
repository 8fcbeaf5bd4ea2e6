"""The weights view: heat maps, one column a neuron."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from grokterm.plots.cells import Rows
from grokterm.plots.heatmap import draw_heatmap
from grokterm.views.pictures import TOGETHER, WeightPicture, layer_of, next_layer, stacked_picture, weight_picture
from grokterm.views.view import ORDERS, Choice, Drawn, Sheet, Subject, View


def draw_weights(subject: Subject, choice: Choice, sheet: Sheet, _: object) -> Drawn:
    """Draw one layer, or the layers that share their neurons one under the other."""
    snapshot, state = subject.analysis.snapshot, subject.state
    name = layer_of(snapshot, choice.layer)
    if name == TOGETHER:
        return _draw_together(stacked_picture(snapshot, choice.order, state), snapshot.step, sheet)
    picture = weight_picture(snapshot, name, choice.order, state)
    limit = sheet.limit(picture.label, picture.matrix)
    title = f"{picture.label} · {ORDERS[picture.order]}"
    shown = f"step {snapshot.step:,} · ±{limit:.3g}{_picked(picture, sheet)} · rows: {picture.rows}"
    return Drawn(_draw_one(picture.matrix, limit, sheet, sheet.height), title, shown)


def _draw_together(pictures: Sequence[WeightPicture], step: int, sheet: Sheet) -> Drawn:
    """Give each matrix the same height, and show the rows that fit: a mean over neighbors would fade short waves."""
    rows: Rows = []
    height = sheet.height // len(pictures)
    n_rows, first = len(pictures[0].matrix), pictures[0]
    n_shown = min(n_rows, max(height - 1, 1) * sheet.rows_per_line)
    for picture in pictures:
        limit = sheet.limit(picture.label, picture.matrix)
        rows += sheet.heading(f"{picture.label}   ±{limit:.3g}")
        rows += _draw_one(picture.matrix[:n_shown], limit, sheet, height - 1)
    part = "" if n_shown == n_rows else f", the first {n_shown} of {n_rows}"
    shown = f"step {step:,}{_picked(first, sheet)} · rows: {first.rows}{part}"
    return Drawn(sheet.fill(rows), f"{TOGETHER} · {ORDERS[first.order]}", shown)


def _picked(picture: WeightPicture, sheet: Sheet) -> str:
    every = _every(picture.matrix, sheet)
    return "" if every == 1 else f" · 1 neuron in {every}"


def _draw_one(matrix: Float[np.ndarray, "rows neurons"], limit: float, sheet: Sheet, height: int) -> Rows:
    shown = matrix[:, :: _every(matrix, sheet)]
    return draw_heatmap(shown, width=sheet.width, height=max(height, 0), limit=limit, palette=sheet.palette)


def _every(matrix: Float[np.ndarray, "rows neurons"], sheet: Sheet) -> int:
    return max(-(-int(matrix.shape[1]) // max(sheet.width, 1)), 1)


WEIGHTS = View("weights", draw_weights, next_part=next_layer, other_keys="oz", terms=("frequency", "deviation"))
