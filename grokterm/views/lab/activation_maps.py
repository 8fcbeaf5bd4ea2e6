"""The maps that the activations view shows: whole ones, averaged by area, or corners where averages would hide the waves."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import pi
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from jaxtyping import Float, Int

from grokterm.analysis.ordering import Order, by_frequency, joint_order
from grokterm.plots.area import resized
from grokterm.views.pictures import stacked_layers

if TYPE_CHECKING:
    from grokterm.inspection.analysis import NetworkAnalysis

MOST_VALUES = 2**26  # neurons of a place with more values over the whole table are not sorted by their activations
LEAST_CONTRAST = 2 / pi, 0.25  # that averages keep of half of the maps (as of a wave two pixels long), and of each

Part: TypeAlias = tuple[range, range]
"""Some a and some b."""


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
        peaks = by_frequency(known[0], known).as_stored if known else None
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
