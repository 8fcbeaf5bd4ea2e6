"""The table view: all pairs (a, b), and where the network is right or wrong."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int
from rich.style import Style

from grokterm.analysis.confusion import Cell, Confusion, answered_right, confusions, count_cells
from grokterm.analysis.observation import Side
from grokterm.plots.cells import Rows
from grokterm.plots.heatmap import draw_tiles
from grokterm.plots.mosaic import draw_mosaic, fit_grid
from grokterm.plots.outcomes import draw_outcomes, rows_per_line, sample
from grokterm.plots.palettes import Palette
from grokterm.plots.text_lines import StyledText
from grokterm.views.view import Choice, Drawn, Move, Sheet, Subject, View, held_in, move_corner, of_a_cell, short_cell, visible

if TYPE_CHECKING:
    from grokterm.inspection.analysis import NetworkAnalysis

_WRONG = 0.35  # how strongly a block is drawn where all answers are wrong: it differs from one without equations

SIDES = {Side.TRAIN: "train", Side.VAL: "val", Side.SEEN: "seen", Side.NEITHER: "neither"}


@dataclass(frozen=True)
class Outcomes:
    """Whether each pair is answered right, and the most frequent wrong answers."""

    cells: Int[np.ndarray, "elements elements"]
    confusions: Sequence[Confusion]
    side: Side
    """Whose wrong answers they are: of validation, where there is any."""

    right: Mapping[Side, Float[np.ndarray, "elements elements"]]
    """Where an equation is answered right, for train and for the side that is held out."""


def find_outcomes(analysis: "NetworkAnalysis", _: object) -> Outcomes:
    """Run the network on every pair."""
    seen = analysis.plane
    side = next((side for side in (Side.VAL, Side.SEEN) if (seen.sides == side).any()), Side.TRAIN)
    sides = (Side.TRAIN, Side.SEEN if side == Side.SEEN else Side.VAL)
    right = {each: answered_right(analysis.cells, each) for each in sides}
    return Outcomes(analysis.cells, confusions(seen, side, at_most=4), side, right)


def draw_table(subject: Subject, choice: Choice, sheet: Sheet, found: Outcomes) -> Drawn:
    """Draw one cell a pair where they fit or the view is zoomed; else the share of right answers in blocks of pairs."""
    p = len(found.cells)
    counts, errors = count_cells(found.cells), sheet.words(_most_frequent(found))
    rows = sheet.words(_tallies(counts, partial(sample, palette=sheet.palette))) + errors
    room = max(sheet.height - len(rows), 0)
    pixels = room * rows_per_line(sheet.palette), sheet.width
    fits = p <= min(pixels)
    if fits or choice.is_zoomed:
        a, b = visible(p, choice.corner, pixels)
        cells = found.cells[a.start : a.stop, b.start : b.stop]
        rows += draw_outcomes(cells, width=sheet.width, height=room, palette=sheet.palette)
        title = "all equations" if fits else f"a {a.start} to {a[-1]}, b {b.start} to {b[-1]} · enter shows all"
        averaged = 1.0, 1.0
    else:
        rows = sheet.words([*_tallies(counts, partial(_sample_of_share, found, sheet)), "blank: none of that side"]) + errors
        drawn, side = _shares(found, sheet, max(sheet.height - len(rows), 0))
        rows += drawn
        title = "share of right answers · enter shows equations"
        averaged = p / side, p / (side * sheet.palette.columns_per_row)
    subtitle = sheet.for_border(
        *(
            f"step {subject.analysis.step:,} · {say(*averaged)} · a down, b across{held_in(subject)}"
            for say in (of_a_cell, short_cell)
        ),
        f"step {subject.analysis.step:,} · a down, b across{held_in(subject)}"
        if averaged == (1, 1)
        else f"step {subject.analysis.step:,} · {short_cell(*averaged)}{held_in(subject)}",
    )
    return Drawn(sheet.fill(rows), title, subtitle)


def move_table(subject: Subject, choice: Choice, _sheet: Sheet, _found: Outcomes | None, move: Move) -> Choice:
    """Move over the cells; the shares are all on the screen."""
    return move_corner(subject, choice, move) if choice.is_zoomed else choice


def _shares(found: Outcomes, sheet: Sheet, room: int) -> tuple[Rows, int]:
    """Draw one map for each side, beside or below each other, and return the pixel rows of one."""
    fit = partial(fit_grid, len(found.cells), width=sheet.width, height=room, palette=sheet.palette)
    mosaic = max(fit((1, 2)), fit((2, 1)), key=lambda one: one.side)
    has_colors = bool(sheet.palette.diverging)
    drawn = draw_mosaic(
        [_strength(side, right, sheet.palette) for side, right in found.right.items()],
        [f"{SIDES[side]}, strong where right" for side in found.right],
        mosaic,
        width=sheet.width,
        height=room,
        palette=sheet.palette,
        limit=1.0,
        signed=has_colors,
        chosen=None,
    )
    return drawn, mosaic.side


def _strength(side: Side, right: Float[np.ndarray, "..."], palette: Palette) -> Float[np.ndarray, "..."]:
    """Return what is drawn for a share of right answers: what is held out stands on the other end of the colors."""
    strength = _WRONG + (1 - _WRONG) * right
    return -strength if palette.diverging and side != Side.TRAIN else strength


def _sample_of_share(found: Outcomes, sheet: Sheet, outcome: int) -> tuple[str, Style | None]:
    """Return a cell of the shares where all answers are of this outcome; nothing for a side that is not drawn."""
    side = next(
        (side for side in found.right if outcome in (Cell.of(side, is_right=True), Cell.of(side, is_right=False))), None
    )
    if side is None:
        return " ", None
    share = np.full((sheet.rows_per_line, 1), float(outcome == Cell.of(side, is_right=True)))
    drawn = draw_tiles(
        _strength(side, share, sheet.palette),
        [],
        width=1,
        limit=1.0,
        palette=replace(sheet.palette, graphics=None),
        signed=bool(sheet.palette.diverging),
    )
    return drawn[0][0].text, drawn[0][0].style


def _tallies(counts: dict[Cell, int], sample_of: Callable[[int], tuple[str, Style | None]]) -> Iterator[StyledText]:
    for side, name in SIDES.items():
        right, wrong = Cell.of(side, is_right=True), Cell.of(side, is_right=False)
        if n := counts[right] + counts[wrong]:
            said = (f" {name} right {counts[right]:,}/{n:,}  ", None), (f" wrong {counts[wrong]:,}", None)
            yield [sample_of(right), said[0], sample_of(wrong), said[1]]


def _most_frequent(found: Outcomes) -> Iterator[str]:
    side = SIDES[found.side]
    yield f"most frequent errors, {side}:" if found.confusions else f"{side}: no wrong answer"
    for one in found.confusions:
        yield f"{one.predicted} instead of {one.answer} ({one.n_equations:,})"


def say_table(_subject: Subject, _choice: Choice, _sheet: Sheet, found: Outcomes) -> Iterator[str]:
    """Say how many equations of each side are answered right, and the most frequent wrong answers."""
    for parts in _tallies(count_cells(found.cells), lambda _: ("", None)):
        yield "".join(text for text, _ in parts).strip()
    yield from _most_frequent(found)


TABLE = View(
    "table",
    draw_table,
    lambda *_: "table",
    find_outcomes,
    zoomed="single cells",
    z_zooms=True,
    other_keys="z",
    terms=("seen",),
    move=move_table,
    lines=say_table,
)
