"""The table view: all pairs (a, b), and where the network is right or wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int

from grokterm.analysis.confusion import Cell, Confusion, confusions, count_cells, downsample
from grokterm.analysis.observation import Side
from grokterm.plots.cells import Rows
from grokterm.plots.outcomes import draw_outcomes, draw_shares, sample
from grokterm.plots.text_lines import StyledText
from grokterm.views.view import Choice, Drawn, Move, Sheet, Subject, View, held_in, move_corner, visible

if TYPE_CHECKING:
    from grokterm.inspection.analysis import NetworkAnalysis

SIDES = {Side.TRAIN: "train", Side.VAL: "val", Side.SEEN: "seen", Side.NEITHER: "neither"}


@dataclass(frozen=True)
class Outcomes:
    """Whether each pair is answered right, and the most frequent wrong answers."""

    cells: Int[np.ndarray, "elements elements"]
    confusions: Sequence[Confusion]
    side: Side
    """Whose wrong answers they are: of validation, where there is any."""


def find_outcomes(analysis: "NetworkAnalysis", _: object) -> Outcomes:
    """Run the network on every pair."""
    seen = analysis.plane
    side = next((side for side in (Side.VAL, Side.SEEN) if (seen.sides == side).any()), Side.TRAIN)
    return Outcomes(analysis.cells, confusions(seen, side, at_most=4), side)


def draw_table(subject: Subject, choice: Choice, sheet: Sheet, found: Outcomes) -> Drawn:
    """Draw one cell a pair where they fit or the view is zoomed; else the share answered right in blocks of pairs."""
    p = len(found.cells)
    rows = sheet.words(_tallies(count_cells(found.cells), sheet)) + sheet.words(_most_frequent(found))
    room = sheet.height - len(rows)
    fits = p <= sheet.width and p <= room * sheet.rows_per_line
    if fits or choice.is_zoomed:
        (top, bottom), (left, right) = visible(p, choice.corner, sheet, room)
        cells = found.cells[top:bottom, left:right]
        rows += draw_outcomes(cells, width=sheet.width, height=max(room, 0), palette=sheet.palette)
        all_of = "every a down, every b across" if fits else f"a {top} to {bottom - 1} down, b {left} to {right - 1} across"
        title = all_of if fits else f"{all_of} · enter shows all"
    else:
        drawn, side = _shares(found, sheet, room)
        rows += drawn
        title = f"share right in {side} × {side} blocks · enter shows cells"
    return Drawn(sheet.fill(rows), title, f"step {subject.analysis.step:,} · a down, b across{held_in(subject)}")


def move_table(subject: Subject, choice: Choice, _sheet: Sheet, _found: Outcomes | None, move: Move) -> Choice:
    """Move over the cells; the shares are all on the screen."""
    return move_corner(subject, choice, move) if choice.is_zoomed else choice


def _shares(found: Outcomes, sheet: Sheet, room: int) -> tuple[Rows, int]:
    below = max(room - 1, 1) * sheet.rows_per_line
    side = max(min((sheet.width - 1) // 2, below, len(found.cells)), 1)
    shares = downsample(found.cells, side, side)
    enlarged = max(min(below // side, sheet.width // (2 * side + 1)), 1)
    held_out = Side.SEEN if found.side == Side.SEEN else Side.VAL
    name = f"{'train':<{(side + 1) * enlarged}}{SIDES[held_out]}, bright where right"
    drawn = draw_shares(shares[Side.TRAIN], shares[held_out], width=sheet.width, height=max(room - 1, 0), palette=sheet.palette)
    return sheet.heading(name) + drawn, side


def _tallies(counts: dict[Cell, int], sheet: Sheet) -> Iterator[StyledText]:
    for side, name in SIDES.items():
        right, wrong = Cell.of(side, is_right=True), Cell.of(side, is_right=False)
        if n := counts[right] + counts[wrong]:
            said = (f" {name} right {counts[right]:,}/{n:,}  ", None), (f" wrong {counts[wrong]:,}", None)
            yield [sample(right, sheet.palette), said[0], sample(wrong, sheet.palette), said[1]]


def _most_frequent(found: Outcomes) -> Iterator[str]:
    side = SIDES[found.side]
    yield f"most often {side} says" if found.confusions else f"{side}: no wrong answer"
    for one in found.confusions:
        yield f"{one.predicted} for {one.answer} ({one.n_equations:,})"


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
)
