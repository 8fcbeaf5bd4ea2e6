"""What a view of the lab is made of: what it is given, what it returns, and how the keys act on it."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from grokterm.analysis.ordering import Order
from grokterm.plots.axis import Scale
from grokterm.plots.cells import Cells, Rows
from grokterm.plots.palettes import Palette
from grokterm.plots.text_lines import StyledText, draw_text, first_fitting, heading
from grokterm.session.state import LabState

if TYPE_CHECKING:  # the screen draws without loading torch
    from grokterm.experiment.recording.inspected import Inspected
    from grokterm.inspection.analysis import NetworkAnalysis

Item = TypeVar("Item")

ORDERS: dict[Order, str] = {"raw": "as stored", "frequency": "sorted by frequency", "deviation": "sorted by deviation"}


def short_order(order: Order) -> str:
    """Say how neurons are sorted, in a few characters."""
    return ORDERS[order].removeprefix("sorted ")


BORDER_BLANKS = 4  # cells above a picture that its title cannot take: Textual cuts a longer one anywhere

RESIDUES_PER_KEY = 8  # how far an arrow moves over a table that is larger than the screen

NOT_FINITE = "it has diverged, and its weights are no longer finite numbers: [ looks back"

SLACK = 1.25  # how far a color range may be off before it follows: one that changes at every draw flickers


@dataclass(frozen=True)
class Subject:
    """A network at one step, and its training. Views and figures are drawn from it."""

    state: LabState
    analysis: "NetworkAnalysis"
    history: "tuple[Inspected, ...]" = ()  # in order of the steps
    label: str = ""  # name of the run in a figure of several runs
    memorized: "Callable[[], NetworkAnalysis | None]" = lambda: None
    """Replays the run to where the network had memorized, for the figures that ask for it."""


@dataclass(frozen=True)
class Choice:
    """What the user looks at. Two networks side by side share it."""

    layer: str = ""
    place: str = ""
    order: Order = "frequency"
    x_scale: Scale = "log"
    chosen: int = 0  # index of the chosen neuron in the order
    is_zoomed: bool = False
    corner: tuple[int, int] = (0, 0)  # the smallest a and b on the screen, where the table is larger than the screen


class ColorRanges:
    """The color range of each picture in use: it follows what is shown, unless all are held."""

    def __init__(self) -> None:
        self.is_held = False
        self._limits: dict[str, float] = {}

    def limit(self, name: str, values: np.ndarray) -> float:
        """Return the 0.99 quantile, which leaves outliers out, or what it was while that is about the same."""
        known = np.abs(values[np.isfinite(values)])
        limit = self._limits.get(name, 0.0)
        if (self.is_held and limit) or not known.any():  # zeros set no range
            return limit or 1.0
        fitted = float(np.quantile(known, 0.99)) or float(known.max())
        if not limit / SLACK <= fitted <= limit * SLACK:
            self._limits[name] = limit = fitted
        return limit

    def forget(self) -> None:
        """Fit every range anew."""
        self._limits.clear()


@dataclass(frozen=True)
class Sheet:
    """The area to draw in."""

    width: int
    height: int
    palette: Palette
    ranges: ColorRanges = field(default_factory=ColorRanges, compare=False)

    @property
    def rows_per_line(self) -> int:
        """Rows of a heat map in one line: half blocks show two."""
        return self.palette.rows_per_line

    @property
    def pixels(self) -> tuple[int, int]:
        """Rows and columns of a heat map that fills the sheet."""
        return max(self.height, 0) * self.palette.rows_per_line, max(self.width, 0)

    def fill(self, rows: Rows) -> Rows:
        """Pad or cut a picture to the height of the sheet."""
        return (rows + Cells(self.width, self.height - len(rows)).rows())[: self.height]

    def heading(self, *texts: str) -> Rows:
        """Write the title of a picture: the first text that fits, or else the last."""
        return heading(first_fitting(texts, self.width), width=self.width, palette=self.palette)

    def for_border(self, *texts: str) -> str:
        """Return the first text that fits into a border, or else the last."""
        return first_fitting(texts, self.width - BORDER_BLANKS)

    def words(self, parts: Iterable[str | StyledText]) -> Rows:
        """Write parts side by side, as many a line as fit."""
        return draw_text(parts, width=self.width, palette=self.palette)

    def limit(self, name: str, values: np.ndarray) -> float:
        """Return the color range of a picture."""
        return self.ranges.limit(name, values)

    def span(self, limit: float, *, is_signed: bool = True) -> str:
        """Say what a color range is, and whether it is held."""
        span = f"±{limit:.2g}" if is_signed else f"0 to {limit:.2g}"
        return f"{span} held" if self.ranges.is_held else span


@dataclass(frozen=True)
class Drawn:
    """A picture and the texts in its border."""

    rows: Rows
    title: str
    subtitle: str


class Move(NamedTuple):
    """An arrow key or a page key."""

    down: int = 0
    right: int = 0
    pages: int = 0


@dataclass(frozen=True)
class View:
    """One tab of the lab.

    What takes long is a question: `find` answers it in a thread, `draw` receives the answer. A view that asks nothing is drawn
    at once.
    """

    name: str
    draw: Callable[[Subject, Choice, Sheet, Any], Drawn]
    """Draws the answer; None where nothing was asked."""

    question: Callable[[Subject, Choice, Sheet], Hashable] = lambda _subject, _choice, _sheet: None
    """What to find out before drawing; None for nothing."""

    find: "Callable[[NetworkAnalysis, Any], object]" = lambda _analysis, _question: None
    """Answers a question, outside the screen's thread."""

    inspected: "Callable[[Any], Inspected | None]" = lambda _answer: None
    """The part of an answer that belongs to the history of the network."""

    zoomed: str = ""
    """What enter shows instead, for the help; empty where enter does nothing."""

    z_zooms: bool = False
    """Whether z acts like enter, for a view without a color range to fit."""

    other_keys: str = ""
    """Which of o (order of the neurons), x (axis of steps) and z (color range) do something besides."""

    terms: tuple[str, ...] = ()
    """Words in its pictures that a newcomer lacks, for the help: names in METRICS or TERMS."""

    next_part: Callable[[Subject, Choice, Sheet], Choice] | None = None
    """What l does: choose the next layer, or the next place in the network."""

    move: Callable[[Subject, Choice, Sheet, Any, Move], Choice] | None = None
    """What arrow and page keys do, given the last answer or None."""

    lines: Callable[[Subject, Choice, Sheet, Any], Iterable[str]] | None = None
    """What it says in words, on a link that carries no pictures; None for the metrics of the network."""

    def picture(self, subject: Subject, choice: Choice, sheet: Sheet, answer: object) -> Drawn:
        """Draw the answer; for a network whose weights are no longer numbers, below a line that says so."""
        if "diverged" not in subject.state.milestones or isfinite(subject.analysis.parameter_norm):
            return self.draw(subject, choice, sheet, answer)
        said = sheet.words([NOT_FINITE])
        drawn = self.draw(subject, choice, replace(sheet, height=max(sheet.height - len(said), 1)), answer)
        return replace(drawn, rows=sheet.fill([*said, *drawn.rows]))


def held_in(subject: Subject) -> str:
    """Name the third operand, if there is one, which a picture over a and b holds."""
    return f", c = {subject.analysis.held}" if subject.analysis.operation.n_operands > 2 else ""


def of_a_cell(rows: float, columns: float) -> str:
    """Say what a cell of a picture over (a, b) is, by how many rows and columns it averages."""
    return "a cell: 1 equation" if rows <= 1 else f"a cell: mean of {rows:.2g} × {max(columns, 1):.2g}"


def short_cell(rows: float, columns: float) -> str:
    """Say the same in a few characters."""
    return "1 a cell" if rows <= 1 else f"{rows:.2g} × {max(columns, 1):.2g} a cell"


def following(items: Sequence[Item], item: Item) -> Item:
    """Return the item after this one, and after the last the first."""
    return items[(items.index(item) + 1) % len(items)]


def visible(p: int, corner: tuple[int, int], room: tuple[int, int]) -> tuple[range, range]:
    """Return the a and b that fit into rows and columns of pixels, from a corner on."""
    sizes = [max(pixels, 2) for pixels in room]  # a single pair may have no answer
    starts = [max(min(start, p - size), 0) for start, size in zip(corner, sizes, strict=True)]
    rows, columns = (range(start, min(start + size, p)) for start, size in zip(starts, sizes, strict=True))
    return rows, columns


def move_corner(subject: Subject, choice: Choice, move: Move) -> Choice:
    """Move the visible part of the table of all pairs (a, b)."""
    last = subject.analysis.n_elements - 1
    moves = zip(choice.corner, (move.down, move.right), strict=True)
    a, b = (max(min(start + RESIDUES_PER_KEY * by, last), 0) for start, by in moves)
    return replace(choice, corner=(a, b))
