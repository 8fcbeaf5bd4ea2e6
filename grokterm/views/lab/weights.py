"""The weights view: heat maps, one column a neuron."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from grokterm.plots.area import fitting, resized
from grokterm.plots.cells import Cells, Rows
from grokterm.plots.heatmap import draw_heatmap
from grokterm.views.lab.weight_page import WeightPage, fit_page, fit_together
from grokterm.views.pictures import WeightPicture, layer_of, stacked_layers, stacked_picture, weight_picture
from grokterm.views.view import ORDERS, Choice, Drawn, Move, Sheet, Subject, View, following, short_order

TOGETHER = "layers of the same neurons"  # the last choice among the layers: all that share their neurons, one under the other


def draw_weights(subject: Subject, choice: Choice, sheet: Sheet, _: object) -> Drawn:
    """Draw a page of one layer, or of the layers that share their neurons one under the other."""
    pictures, page = _looked_at(subject, choice, sheet)
    keys, first = subject.analysis.key_frequencies, pictures[0]
    name = first.label
    if len(pictures) > 1:
        name, parts, rows = TOGETHER, [], _draw_together(pictures, page, keys, sheet)
    else:
        limit = sheet.limit(first.label, first.matrix[page.rows, page.neurons])
        parts, rows = [sheet.span(limit)], _draw_bands(first, page, keys, sheet, limit)
    centered = Cells(sheet.width, (sheet.height - len(rows)) // 2).rows() + rows
    has_more = page.n_rows * page.n_neurons < first.matrix.size
    keys_for_more = [key for key, does in (("l", len(weight_choices(subject, sheet)) > 1), ("arrows", has_more)) if does]
    more = [f"{', '.join(keys_for_more)}: more"] if keys_for_more else []
    neurons = _neurons(first, page)
    title = sheet.for_border(
        f"{name} · {neurons} · {ORDERS[first.order]}",
        f"{name} {short_order(first.order)} · {neurons.removeprefix('neurons ')}",
        f"{name} {short_order(first.order)} · {neurons.removeprefix('neurons ').replace(' of ', '/')}",
        f"{name} · {neurons.removeprefix('neurons ')}",
    )
    said = [f"step {subject.analysis.step:,}", *parts, _rows(first, page)]
    return Drawn(sheet.fill(centered), title, sheet.for_border(" · ".join([*said, *more]), " · ".join(said)))


def weight_choices(subject: Subject, sheet: Sheet) -> list[str]:
    """List the choices of a layer: each by itself, and those that share their neurons together where all of them fit."""
    snapshot = subject.analysis.snapshot
    together = stacked_layers(snapshot)
    fits = bool(together) and fit_together(len(snapshot.layers[together[0]].weights), len(together), sheet)
    return [*snapshot.layers, *([TOGETHER] if fits else [])]


def next_layer(subject: Subject, choice: Choice, sheet: Sheet) -> Choice:
    """Choose the next layer."""
    names = weight_choices(subject, sheet)
    return replace(choice, layer=following(names, layer_of(names, choice.layer)))


def move_page(subject: Subject, choice: Choice, sheet: Sheet, _: object, move: Move) -> Choice:
    """Go on to the rows and neurons beside those that are shown."""
    pictures, page = _looked_at(subject, choice, sheet)
    row = page.rows.start + move.down * page.n_rows
    neuron = page.neurons.start + (move.right + move.pages) * page.n_neurons
    moved = fit_page(pictures[0], sheet, (row, neuron), len(pictures))
    return replace(choice, corner=(moved.rows.start, moved.neurons.start))


def _looked_at(subject: Subject, choice: Choice, sheet: Sheet) -> tuple[Sequence[WeightPicture], WeightPage]:
    snapshot, state = subject.analysis.snapshot, subject.state
    name = layer_of(weight_choices(subject, sheet), choice.layer)
    if name == TOGETHER:
        pictures = stacked_picture(snapshot, choice.order, state)
    else:
        pictures = [weight_picture(snapshot, name, choice.order, state)]
    return pictures, fit_page(pictures[0], sheet, choice.corner, len(pictures))


def _draw_bands(picture: WeightPicture, page: WeightPage, keys: Collection[int], sheet: Sheet, limit: float) -> Rows:
    rows: Rows = []
    for neurons in page.bands:
        rows += _name_frequencies(picture, neurons, keys, sheet)
        rows += _draw_one(picture, page, neurons, sheet, limit)
    return rows


def _draw_together(pictures: Sequence[WeightPicture], page: WeightPage, keys: Collection[int], sheet: Sheet) -> Rows:
    rows = _name_frequencies(pictures[0], page.neurons, keys, sheet)
    for picture in pictures:
        limit = sheet.limit(picture.label, picture.matrix[page.rows, page.neurons])
        rows += sheet.heading(f"{picture.label}   {sheet.span(limit)}")
        rows += _draw_one(picture, page, page.neurons, sheet, limit)
    return rows


def _draw_one(picture: WeightPicture, page: WeightPage, neurons: slice, sheet: Sheet, limit: float) -> Rows:
    matrix = picture.matrix[page.rows, neurons]
    shown = resized(matrix.astype(np.float64), page.n_pixels, neurons.stop - neurons.start)
    return draw_heatmap(shown, width=sheet.width, height=page.n_lines, limit=limit, palette=sheet.palette, detail=matrix)


def _name_frequencies(picture: WeightPicture, neurons: slice, keys: Collection[int], sheet: Sheet) -> Rows:
    """Write each frequency above its neurons, and draw a line to the last of them."""
    if picture.frequencies is None or not sheet.width:
        return []
    cells, frequencies = Cells(sheet.width, 1), picture.frequencies[neurons]
    filled = fitting(len(frequencies), sheet.width)
    left = (sheet.width - filled) // 2
    bounds = [0, *(np.flatnonzero(np.diff(frequencies)) + 1).tolist(), len(frequencies)]
    columns = [bound * filled // len(frequencies) for bound in bounds]
    groups = zip(bounds, pairwise(columns), strict=False)
    has_room = any(end - start > len(f"k={frequencies[first]}") for first, (start, end) in groups if frequencies[first])
    names = ["k={}"] if has_room else ["{}"]
    for first, (start, end) in zip(bounds, pairwise(columns), strict=False):
        k, room = int(frequencies[first]), end - start - 1  # a blank before the next
        short_enough = [name for name in (names if k else ["mixed"]) if len(name.format(k)) <= room]
        if k and short_enough:
            names = ["{}"]  # that numbers are frequencies is said once
        line = sheet.palette.box.floor if k else " "
        ink = sheet.palette.inks["key_frequency" if k in keys else "dim"]
        cells.write(0, left + start, "".join(short_enough[:1]).format(k).ljust(room, line) or line, ink.style)
    return cells.rows()


def _neurons(picture: WeightPicture, page: WeightPage) -> str:
    n = picture.matrix.shape[1]
    if page.n_neurons == n:
        return f"{n:,} neurons"
    return f"neurons {page.neurons.start + 1:,}-{page.neurons.stop:,} of {n:,}"


def _rows(picture: WeightPicture, page: WeightPage) -> str:
    n = picture.matrix.shape[0]
    if page.n_rows < n:
        return f"{picture.rows} {page.rows.start + 1}-{page.rows.stop} of {n}"
    return f"{n:,} {picture.rows}" if page.n_finest >= n else f"{n} {picture.rows} averaged to {page.n_pixels} rows"


WEIGHTS = View(
    "weights",
    draw_weights,
    next_part=next_layer,
    move=move_page,
    other_keys="oz",
    terms=("frequency", "mixed", "deviation"),
)
