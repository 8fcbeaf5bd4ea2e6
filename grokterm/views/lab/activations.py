"""The activations view: the value of each hidden neuron, or the attention of each head, for every pair (a, b)."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from grokterm.analysis.fourier import peak_frequencies
from grokterm.analysis.ordering import Order, joint_order
from grokterm.plots.heatmap import draw_heatmap
from grokterm.plots.mosaic import Mosaic, draw_mosaic, fit_mosaic
from grokterm.views.pictures import stacked_layers
from grokterm.views.view import ORDERS, Choice, Drawn, Move, Sheet, Subject, View, following, held_in, move_corner, visible

if TYPE_CHECKING:
    from grokterm.inspection.analysis import NetworkAnalysis

MOST_VALUES = 2**26  # neurons of a place with more values over the whole table are not sorted by their activations


@dataclass(frozen=True)
class Wanted:
    """The question: some neurons of a place, in an order, and the part of their maps that is visible."""

    place: str
    order: Order
    first: int
    at_most: int
    rows: tuple[int, int]
    columns: tuple[int, int]


@dataclass(frozen=True)
class Maps:
    """The answer: a map for each of these neurons."""

    names: tuple[str, ...]
    maps: Float[np.ndarray, "maps rows columns"]
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
        rows, columns = visible(p, choice.corner, sheet, sheet.height)
        return Wanted(place, choice.order, choice.chosen, 1, rows, columns)
    mosaic = _mosaic(subject, sheet)
    first = choice.chosen // mosaic.n_tiles * mosaic.n_tiles
    return Wanted(place, choice.order, first, mosaic.n_tiles, (0, mosaic.side), (0, mosaic.side))


def find_maps(analysis: "NetworkAnalysis", wanted: Wanted) -> Maps:
    """Compute the maps of a page of neurons; past the last neuron, those of the last page."""
    window = range(*wanted.rows), range(*wanted.columns)
    if wanted.place in analysis.forward_pass.attention:
        maps = analysis.attention_maps(wanted.place, window)
        tokens = analysis.forward_pass.tokens
        names = tuple(f"head {head + 1} to {token}" for head in range(len(maps)) for token in tokens)
        flat = maps.reshape(-1, *maps.shape[2:])
        shown = _page(len(names), wanted)
        return Maps(names[shown], flat[shown], shown.start, len(names), "raw", is_signed=False)
    columns, peaks, order = _sorted(analysis, wanted.place, wanted.order)
    shown = _page(len(columns), wanted)
    chosen = columns[shown]
    names = tuple(f"{neuron}" if peaks is None or not peaks[neuron] else f"{neuron} k={peaks[neuron]}" for neuron in chosen)
    maps = analysis.maps(wanted.place, chosen.tolist(), window)
    return Maps(names, maps, shown.start, len(columns), order, is_signed=bool((maps < 0).any()))


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
    span = f"±{limit:.3g}" if found.is_signed else f"0 to {limit:.3g}"
    return replace(drawn, title=f"{place} · {drawn.title}", subtitle=f"step {analysis.step:,} · {drawn.subtitle} · {span}")


def _draw_one(subject: Subject, choice: Choice, sheet: Sheet, found: Maps, limit: float) -> Drawn:
    """Draw one map as large as fits."""
    rows, columns = visible(subject.analysis.n_elements, choice.corner, sheet, sheet.height)
    one = found.maps[0]
    scale = max(min(2 * sheet.height // max(one.shape[0], 1), sheet.width // max(one.shape[1], 1)), 1)
    pixels = one.repeat(scale, axis=0).repeat(scale, axis=1)
    padded = np.full((sheet.height * sheet.rows_per_line, sheet.width), np.nan)
    padded[: pixels.shape[0], : pixels.shape[1]] = pixels[: padded.shape[0], : padded.shape[1]]
    drawn = draw_heatmap(
        padded, width=sheet.width, height=sheet.height, limit=limit, palette=sheet.palette, signed=found.is_signed
    )
    where = f"a {rows[0]} to {rows[1] - 1} down, b {columns[0]} to {columns[1] - 1} across{held_in(subject)}"
    return Drawn(drawn, f"{found.names[0]} ({found.first + 1:,} of {found.n_maps:,})", where)


def _draw_page(subject: Subject, choice: Choice, sheet: Sheet, found: Maps, limit: float) -> Drawn:
    """Draw a page of maps."""
    analysis, mosaic, first = subject.analysis, _mosaic(subject, sheet), found.first
    drawn = draw_mosaic(
        [*found.maps],
        found.names,
        mosaic,
        width=sheet.width,
        height=sheet.height,
        limit=limit,
        palette=sheet.palette,
        signed=found.is_signed,
        chosen=min(choice.chosen, found.n_maps - 1) - first,
    )
    is_attention = place_of(analysis, choice.place) in analysis.forward_pass.attention
    kind = "of the position that answers" if is_attention else ORDERS[found.order]
    part = f"a, b < {mosaic.side}" if mosaic.side < analysis.n_elements else f"all a, b < {mosaic.side}"
    return Drawn(drawn, kind, f"{first + 1:,}-{first + len(found.names):,} of {found.n_maps:,} · {part}")


def _mosaic(subject: Subject, sheet: Sheet) -> Mosaic:
    return fit_mosaic(subject.analysis.n_elements, width=sheet.width, height=sheet.height, palette=sheet.palette)


def next_place(subject: Subject, choice: Choice) -> Choice:
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
