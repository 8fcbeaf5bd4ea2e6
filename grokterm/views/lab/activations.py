"""The activations view: the value of each hidden neuron, or the attention of each head, for every pair (a, b)."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from grokterm.plots.area import centered, enlarged, resized, square
from grokterm.plots.heatmap import Tile, draw_tiles
from grokterm.plots.mosaic import Mosaic, draw_mosaic, fit_mosaic
from grokterm.views.lab.activation_maps import Maps, Part, Wanted, find_maps
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
    short_cell,
    visible,
)

if TYPE_CHECKING:
    from grokterm.inspection.analysis import NetworkAnalysis

MOST_MERGED_IN_MANY, MOST_MERGED_IN_ONE = 4.5, 2.0  # values that a pixel averages in each direction


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
        pixels = sheet.palette.finest(*square(p, sheet.pixels, sheet.palette.columns_per_row))
        part = visible(p, choice.corner, sheet.pixels)
        return Wanted(place, choice.order, choice.chosen, 1, pixels, part, MOST_MERGED_IN_ONE)
    mosaic = _mosaic(subject, sheet)
    pixels = sheet.palette.finest(mosaic.side, mosaic.side * sheet.palette.columns_per_row)
    first = choice.chosen // mosaic.n_tiles * mosaic.n_tiles
    corner = visible(p, (0, 0), (mosaic.side, mosaic.side))
    return Wanted(place, choice.order, first, mosaic.n_tiles, pixels, corner, MOST_MERGED_IN_MANY)


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
    part = "" if len(found.part[0]) == analysis.n_elements else f"{_named(found.part)} · "
    cells = [len(part) / max(n, 1) for part, n in zip(found.part, found.maps.shape[1:], strict=True)]
    step = f"step {analysis.step:,}"
    subtitle = sheet.for_border(
        *(f"{step} · {part}{say(*cells)}{held_in(subject)} · {span}" for say in (of_a_cell, short_cell)),
        f"{step} · {part or f'{short_cell(*cells)} · '}{span}",
    )
    title = sheet.for_border(
        f"{place} · {drawn.title}", f"{place.removeprefix('hidden layer ')} · {drawn.title.replace('sorted by', 'by')}"
    )
    return replace(drawn, title=title, subtitle=subtitle)


def _draw_one(subject: Subject, _: Choice, sheet: Sheet, found: Maps, limit: float) -> Drawn:
    """Draw one map as large as fits."""
    one, wide = found.maps[0], sheet.palette.columns_per_row
    is_whole = len(found.part[0]) == subject.analysis.n_elements
    size = square(len(one), sheet.pixels, wide) if is_whole else enlarged(one.shape, sheet.pixels, wide)
    shown = resized(one, *size)[: sheet.pixels[0], : sheet.pixels[1]]
    pixels = centered(shown, sheet.pixels, blank=np.nan, rows_per_line=sheet.rows_per_line)
    above, left = (sheet.pixels[0] - len(shown)) // 2 // sheet.rows_per_line, (sheet.pixels[1] - shown.shape[1]) // 2
    tile = Tile(one, (above, left), (shown.shape[1], -(-len(shown) // sheet.rows_per_line)))
    tiles = [tile] if shown.shape == size else []
    drawn = draw_tiles(pixels, tiles, width=sheet.width, limit=limit, palette=sheet.palette, signed=found.is_signed)
    return Drawn(drawn, f"{found.names[0]} ({found.first + 1:,} of {found.n_maps:,})", "")


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
    page = f"{first + 1:,}-{first + len(found.names):,} of {found.n_maps:,}"
    return Drawn(drawn, f"{page} · {kind}", "")


def _named(part: Part) -> str:
    """Name some a and b: the corner, or where the arrows have gone."""
    (top, bottom), (left, right) = ((some.start, some.stop - 1) for some in part)
    is_corner = (top, left) == (0, 0) and bottom == right
    return f"a, b < {bottom + 1}" if is_corner else f"a {top} to {bottom}, b {left} to {right}"


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
