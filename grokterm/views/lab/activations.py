"""The activations view: the value of each hidden neuron, or the attention of each head, for every pair (a, b)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import pi
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from jaxtyping import Float, Int

from grokterm.analysis.fourier import peak_frequencies
from grokterm.analysis.ordering import Order, joint_order
from grokterm.plots.area import centered, enlarged, resized, square
from grokterm.plots.heatmap import draw_heatmap
from grokterm.plots.mosaic import Mosaic, draw_mosaic, fit_mosaic
from grokterm.views.pictures import stacked_layers
from grokterm.views.view import (
    ORDERS,
    Choice,
    Drawn,
    Move,
    Sheet,
    Subject,
    View,
    following,
    held_in,
    move_corner,
    of_a_cell,
    visible,
)

if TYPE_CHECKING:
    from grokterm.inspection.analysis import NetworkAnalysis

MOST_VALUES = 2**26  # neurons of a place with more values over the whole table are not sorted by their activations

Part: TypeAlias = tuple[range, range]
"""Some a and some b."""

MOST_MERGED_IN_MANY, MOST_MERGED_IN_ONE = 4.5, 2.0  # values that a pixel averages in each direction
LEAST_CONTRAST = 2 / pi, 0.25  # that averages keep of half of the maps (as of a wave two pixels long), and of each


@dataclass(frozen=True)
class Wanted:
    """The question: some neurons of a place, in an order, and how large their maps may be."""

    place: str
    order: Order
    first: int
    at_most: int
    pixels: tuple[int, int]
    """Rows and columns of a map."""

    part: Part
    """What to show of a map that averages would blur."""

    most_merged: float
    """How many values a pixel may average in each direction."""


@dataclass(frozen=True)
class Maps:
    """The answer: a map for each of these neurons."""

    names: tuple[str, ...]
    maps: Float[np.ndarray, "maps rows columns"]
    part: Part
    first: int  # index of the first of them
    n_maps: int
    order: Order  # as stored where the wanted one cannot be computed
    is_signed: bool


def places_of(analysis: "NetworkAnalysis") -> tuple[str, ...]:
    """List the places where a network can be observed: hidden neurons, then attention."""
    return (*analysis.forward_pass.neurons, *analysis.forward_pass.attention)


def place_of(analysis: "NetworkAnalysis", wanted: str) -> str:
    """Return the place of this name, or else the last hidden neurons; empty for a network without any."""
    places = places_of(analysis)
    if wanted in places:
        return wanted
    return next((place for place in reversed(analysis.forward_pass.neurons)), next(iter(places), ""))


def ask(subject: Subject, choice: Choice, sheet: Sheet) -> Wanted | None:
    """Ask for the page of neurons that holds the chosen one, or for that one alone."""
    analysis = subject.analysis
    if not (place := place_of(analysis, choice.place)):
        return None
    p = analysis.n_elements
    if choice.is_zoomed:
        pixels = square(p, sheet.pixels, sheet.palette.columns_per_row)
        part = visible(p, choice.corner, sheet.pixels)
        return Wanted(place, choice.order, choice.chosen, 1, pixels, part, MOST_MERGED_IN_ONE)
    mosaic = _mosaic(subject, sheet)
    pixels = mosaic.side, mosaic.side * sheet.palette.columns_per_row
    first = choice.chosen // mosaic.n_tiles * mosaic.n_tiles
    corner = visible(p, (0, 0), (mosaic.side, mosaic.side))
    return Wanted(place, choice.order, first, mosaic.n_tiles, pixels, corner, MOST_MERGED_IN_MANY)


def find_maps(analysis: "NetworkAnalysis", wanted: Wanted) -> Maps:
    """Compute the maps of a page of neurons; past the last neuron, those of the last page."""
    if wanted.place in analysis.forward_pass.attention:
        tokens = analysis.forward_pass.tokens
        flat, part = _fitted(analysis, wanted, partial(_attention, analysis, wanted.place))
        names = tuple(f"head {number // len(tokens) + 1} to {tokens[number % len(tokens)]}" for number in range(len(flat)))
        shown = _page(len(names), wanted)
        return Maps(names[shown], flat[shown], part, shown.start, len(names), "raw", is_signed=False)
    columns, peaks, order = _sorted(analysis, wanted.place, wanted.order)
    shown = _page(len(columns), wanted)
    chosen = columns[shown]
    names = tuple(f"{neuron}" if peaks is None or not peaks[neuron] else f"{neuron} k={peaks[neuron]}" for neuron in chosen)
    maps, part = _fitted(analysis, wanted, partial(analysis.maps, wanted.place, chosen.tolist()))
    return Maps(names, maps, part, shown.start, len(columns), order, is_signed=bool((maps < 0).any()))


def _attention(analysis: "NetworkAnalysis", place: str, part: Part) -> Float[np.ndarray, "maps rows columns"]:
    return analysis.attention_maps(place, part).reshape(-1, *map(len, part))


def _fitted(
    analysis: "NetworkAnalysis", wanted: Wanted, values: Callable[[Part], Float[np.ndarray, "maps rows columns"]]
) -> tuple[Float[np.ndarray, "maps rows columns"], Part]:
    """Return whole maps, averaged by area where they are larger; or a part as it is, if it would not be seen in averages."""
    p, (rows, columns) = analysis.n_elements, wanted.pixels
    everything = range(p), range(p)
    if p <= rows:
        return values(everything), everything
    if p <= wanted.most_merged * rows:
        whole = values(everything).astype(np.float64)
        averaged = resized(whole, rows, min(p, columns))
        own = _contrasts(whole)
        left = _contrasts(averaged)[own > 0] / own[own > 0]
        if not len(left) or (np.median(left) >= LEAST_CONTRAST[0] and left.min() >= LEAST_CONTRAST[1]):
            return averaged, everything
    return values(wanted.part), wanted.part


def _contrasts(maps: Float[np.ndarray, "maps rows columns"]) -> Float[np.ndarray, " maps"]:
    """Return the standard deviation of each map over its finite values."""
    finite = np.isfinite(maps)
    n = np.maximum(finite.sum(axis=(1, 2)), 1)
    known = np.where(finite, maps, 0.0)
    means = known.sum(axis=(1, 2)) / n
    squares = np.where(finite, known - means[:, None, None], 0.0) ** 2
    deviations: Float[np.ndarray, " maps"] = np.sqrt(squares.sum(axis=(1, 2)) / n)
    return deviations


def _page(n_maps: int, wanted: Wanted) -> slice:
    first = min(wanted.first, (n_maps - 1) // wanted.at_most * wanted.at_most)
    return slice(first, first + wanted.at_most)


def _sorted(
    analysis: "NetworkAnalysis", place: str, order: Order
) -> tuple[Int[np.ndarray, " neurons"], Int[np.ndarray, " neurons"] | None, Order]:
    """Return the neurons in order, the frequency of each, and the order; from the weights where they determine it."""
    snapshot, blocks = analysis.snapshot, analysis.residue_blocks
    names = stacked_layers(snapshot)
    if names and place in analysis.forward_pass.neurons[:2]:  # before and after the first φ
        known = [blocks[name] for name in names if name in blocks]
        peaks = peak_frequencies(known) if known else None
        matrices = known or [snapshot.layers[name].weights for name in names]
        order = "raw" if peaks is None and order == "frequency" else order
        return joint_order(matrices, order), peaks, order
    n_neurons = analysis.n_neurons(place)
    stored = np.arange(n_neurons)
    if order == "raw" or n_neurons * analysis.n_elements**2 > MOST_VALUES:
        return stored, None, "raw"
    heard = analysis.neuron_frequencies(place)
    if order == "deviation":
        deviation = analysis.values(place, slice(None)).std(axis=0)
        return np.argsort(-deviation, kind="stable"), None if heard is None else heard.best, order
    if heard is None:
        return stored, None, "raw"
    return np.lexsort([-heard.shares, heard.best, heard.best == 0]), heard.best, order


def draw_activations(subject: Subject, choice: Choice, sheet: Sheet, found: Maps | None) -> Drawn:
    """Draw a page of maps, or one map as large as fits."""
    if found is None:
        why = "this network has no hidden neurons to look at"
        return Drawn(sheet.fill(sheet.words([why])), "activations", "")
    analysis = subject.analysis
    place = place_of(analysis, choice.place)
    limit = sheet.limit(place, found.maps)
    draw = _draw_one if choice.is_zoomed else _draw_page
    drawn = draw(subject, choice, sheet, found, limit)
    span = sheet.span(limit, is_signed=found.is_signed)
    return replace(drawn, title=f"{place} · {drawn.title}", subtitle=f"step {analysis.step:,} · {drawn.subtitle} · {span}")


def _draw_one(subject: Subject, _: Choice, sheet: Sheet, found: Maps, limit: float) -> Drawn:
    """Draw one map as large as fits."""
    one, wide = found.maps[0], sheet.palette.columns_per_row
    is_whole = len(found.part[0]) == subject.analysis.n_elements
    size = square(len(one), sheet.pixels, wide) if is_whole else enlarged(one.shape, sheet.pixels, wide)
    shown = resized(one, *size)[: sheet.pixels[0], : sheet.pixels[1]]
    pixels = centered(shown, sheet.pixels, blank=np.nan, rows_per_line=sheet.rows_per_line)
    drawn = draw_heatmap(
        pixels, width=sheet.width, height=sheet.height, limit=limit, palette=sheet.palette, signed=found.is_signed
    )
    (first, last), (left, right) = ((part.start, part.stop - 1) for part in found.part)
    where = "" if is_whole else f"a {first} to {last}, b {left} to {right} · "
    return Drawn(drawn, f"{found.names[0]} ({found.first + 1:,} of {found.n_maps:,})", where + _of_a_cell(found, subject))


def _draw_page(subject: Subject, choice: Choice, sheet: Sheet, found: Maps, limit: float) -> Drawn:
    """Draw a page of maps."""
    analysis, first = subject.analysis, found.first
    drawn = draw_mosaic(
        [*found.maps],
        found.names,
        _mosaic(subject, sheet),
        width=sheet.width,
        height=sheet.height,
        limit=limit,
        palette=sheet.palette,
        signed=found.is_signed,
        chosen=min(choice.chosen, found.n_maps - 1) - first,
    )
    is_attention = place_of(analysis, choice.place) in analysis.forward_pass.attention
    kind = "of the position that answers" if is_attention else ORDERS[found.order]
    part = "" if len(found.part[0]) == analysis.n_elements else f"a, b < {len(found.part[0])} · "
    page = f"{first + 1:,}-{first + len(found.names):,} of {found.n_maps:,}"
    return Drawn(drawn, f"{page} · {kind}", part + _of_a_cell(found, subject))


def _of_a_cell(found: Maps, subject: Subject) -> str:
    rows, columns = (len(part) / max(n, 1) for part, n in zip(found.part, found.maps.shape[1:], strict=True))
    return of_a_cell(rows, columns) + held_in(subject)


def _mosaic(subject: Subject, sheet: Sheet) -> Mosaic:
    return fit_mosaic(subject.analysis.n_elements, width=sheet.width, height=sheet.height, palette=sheet.palette)


def next_place(subject: Subject, choice: Choice, _: Sheet) -> Choice:
    """Choose the next place, and its first neuron."""
    places = places_of(subject.analysis)
    if not places:
        return choice
    return replace(choice, place=following(places, place_of(subject.analysis, choice.place)), chosen=0)


def move_maps(subject: Subject, choice: Choice, sheet: Sheet, found: Maps | None, move: Move) -> Choice:
    """Choose another neuron; arrows move over the map of a single one."""
    if choice.is_zoomed and not move.pages:
        return move_corner(subject, choice, move)
    mosaic = _mosaic(subject, sheet)
    further = move.down * mosaic.across + move.right + move.pages * (1 if choice.is_zoomed else mosaic.n_tiles)
    last = 0 if found is None else found.n_maps - 1
    return replace(choice, chosen=max(min(choice.chosen + further, last), 0))


ACTIVATIONS = View(
    "activations",
    draw_activations,
    ask,
    find_maps,
    zoomed="a single neuron",
    other_keys="oz",
    terms=("activation", "deviation"),
    next_part=next_place,
    move=move_maps,
)
