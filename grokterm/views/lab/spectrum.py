"""The spectrum view: the power at each frequency, of a whole matrix and of each neuron."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest
from math import gcd, isfinite
from typing import TYPE_CHECKING

import numpy as np

from grokterm.analysis.circles import Circle, Components, circles, principal_components
from grokterm.plots.bars import draw_bars
from grokterm.plots.cells import Cells, Rows
from grokterm.plots.polygon import draw_polygon
from grokterm.plots.text_lines import heading
from grokterm.views.lab.frequency_map import draw_frequency_map, fit_frequency_map
from grokterm.views.pictures import SpectrumPicture, layer_of, spectrum_picture
from grokterm.views.view import Choice, Drawn, Sheet, Subject, View, following

if TYPE_CHECKING:
    from grokterm.inspection.analysis import NetworkAnalysis

LEAST_LINES, LEAST_COLUMNS = 18, 36  # of a plane, with its name

MOST_LINES, LONGEST_BAR = 12, 24  # frequencies and columns, in words

MOST_KEYS = 8  # key frequencies that are named


def ask_for_circles(subject: Subject, choice: Choice, _: Sheet) -> str | None:
    """Ask for the principal components of the chosen layer, if it is zoomed into and has rows on circles."""
    layer = _layer(subject, choice)
    block = subject.analysis.residue_blocks.get(layer)
    return layer if choice.is_zoomed and block is not None and len(block) > 2 and np.isfinite(block).all() else None


def find_components(analysis: "NetworkAnalysis", layer: str) -> Components:
    """Find the principal components of a layer."""
    return principal_components(analysis.residue_blocks[layer])


def draw_spectrum(subject: Subject, choice: Choice, sheet: Sheet, components: Components | None) -> Drawn:
    """Draw a bar for each frequency, and below it a map of each neuron; or the circles on which the rows lie."""
    snapshot, state, layer = subject.analysis.snapshot, subject.state, _layer(subject, choice)
    if components is not None:
        title = f"{snapshot.layers[layer].label} · circles of its rows, in steps of 1/k"
        first_two = f"step {snapshot.step:,} · first two: {components.shares[:2].sum():.1%} of the variance"
        subtitle = sheet.for_border(f"{first_two} · enter: the spectrum", first_two, first_two.removesuffix(" of the variance"))
        title = sheet.for_border(title, f"{snapshot.layers[layer].label} · circles, in steps of 1/k")
        return Drawn(sheet.fill(_draw_circles(components, sheet)), title, subtitle)
    picture = spectrum_picture(snapshot, layer, state)
    label = snapshot.layers[layer].label
    place = "share of power at k" if state.definition.group is None else "share of power by irreducible representation"
    title = sheet.for_border(f"{label} · {place}", f"{label} · {place.replace('irreducible ', '')}", f"{label} · power")
    if picture is None:
        why = "its rows are not residues"
        return Drawn(sheet.fill(sheet.words([f"{why}: l looks at the next layer"])), title, why)
    return Drawn(_draw_both(picture, sheet), title, sheet.for_border(*_about(picture, snapshot.step)))


def _about(picture: SpectrumPicture, step: int) -> Iterator[str]:
    """Name the step and what stands out, in ever fewer words: the first of the names stay."""
    keys = [picture.name(number) for number in picture.key_frequencies]
    kind = "representations" if picture.representations else "frequencies"
    if len(keys) <= MOST_KEYS:
        names = ", ".join(keys) or "none"
        if isfinite(top := picture.shares.max(initial=0)):
            yield f"step {step:,} · key {kind}: {names} · top {top:.1%}"
        yield f"step {step:,} · key {kind}: {names}"
        yield f"step {step:,} · key: {names}"
    for n in range(min(len(keys) - 1, MOST_KEYS), 0, -1):
        yield f"step {step:,} · key: {', '.join(keys[:n])} …"
    yield f"step {step:,}"


def next_layer(subject: Subject, choice: Choice, _: Sheet) -> Choice:
    """Choose the next layer."""
    return replace(choice, layer=following(list(subject.analysis.snapshot.layers), _layer(subject, choice)))


def _layer(subject: Subject, choice: Choice) -> str:
    return layer_of(subject.analysis.snapshot.layers, choice.layer)


def _draw_circles(components: Components, sheet: Sheet) -> Rows:
    """Draw as many planes as fit, each with its rows in steps of one turn over the frequency."""
    down = max(sheet.height // LEAST_LINES, 1)
    height = sheet.height // down
    across = max(sheet.width // max(2 * (height - 1), LEAST_COLUMNS), 1)
    widths = [sheet.width // across] * (across - 1)
    widths.append(sheet.width - sum(widths))
    found = circles(components)[: across * down]
    if not found:
        return sheet.words(["no two principal components have one frequency: there are no circles"])
    rows: Rows = []
    for first in range(0, len(found), across):
        panels = zip_longest(found[first : first + across], widths)
        drawn = [_draw_circle(components, circle, sheet, width, height) for circle, width in panels]
        rows += [[segment for part in line for segment in part] for line in zip(*drawn, strict=True)]
    return rows


def _draw_circle(components: Components, circle: Circle | None, sheet: Sheet, width: int, height: int) -> Rows:
    """Connect the rows 0, m, 2 m, ... where m k is 1 modulo their number: neighbors on a circle of frequency k."""
    if circle is None:
        return Cells(width, height).rows()
    k, pair = circle.frequency, list(circle.components)
    points = components.coordinates[:, pair]
    n_rows = len(points)
    step = pow(k, -1, n_rows) if gcd(k, n_rows) == 1 else 1
    name = f"k = {k}: {components.shares[pair].sum():.0%}, components {pair[0] + 1}, {pair[1] + 1}"
    ordered = points[np.arange(n_rows) * step % n_rows]
    shape = draw_polygon(ordered, width=width, height=height - 1, palette=sheet.palette)
    return (heading(name, width=width, palette=sheet.palette)[:1] + shape)[:height]


def _draw_both(picture: SpectrumPicture, sheet: Sheet) -> Rows:
    fit = fit_frequency_map(picture, sheet)
    named = dict(enumerate(picture.representations, start=1))
    has_room = len(named) * (max(map(len, named.values()), default=0) + 1) <= sheet.width // 2
    bars = draw_bars(
        picture.shares,
        width=sheet.width,
        height=sheet.height if fit is None else sheet.height - fit.n_lines - 1,
        highlighted=picture.key_frequencies,
        palette=sheet.palette,
        names=named if named and has_room else None,
    )
    return bars if fit is None else bars + draw_frequency_map(picture, fit, sheet)


def say_spectrum(subject: Subject, choice: Choice, sheet: Sheet, _: object) -> Iterator[str]:
    """Say which frequencies hold most of the power, and how much of it."""
    snapshot, layer = subject.analysis.snapshot, _layer(subject, choice)
    picture = spectrum_picture(snapshot, layer, subject.state)
    if picture is None:
        yield f"{snapshot.layers[layer].label}: its rows are not residues"
        return
    yield f"{snapshot.layers[layer].label}: share of the power, the largest first"
    top = picture.shares.max(initial=0) or 1.0
    for index in np.argsort(-picture.shares, kind="stable")[:MOST_LINES]:
        share = picture.shares[index]
        bar = ("#" if sheet.palette.is_ascii else "█") * round(LONGEST_BAR * share / top)
        yield f"{picture.name(int(index) + 1):>10} {share:>7.1%}  {bar}"


SPECTRUM = View(
    "spectrum",
    draw_spectrum,
    ask_for_circles,
    find_components,
    zoomed="the circles of tokens",
    next_part=next_layer,
    terms=("frequency", "key frequencies", "circles"),
    lines=say_spectrum,
)
