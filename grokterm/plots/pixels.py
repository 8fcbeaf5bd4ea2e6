"""Pictures at the resolution of the screen, for terminals that draw real pixels.

A picture is always drawn in characters. Where it is a heat map, its lines carry the matrix along, as those of a panel of curves
carry the curves, and a terminal that draws pixels can put them in the place of the characters.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int, UInt8
from rich.color import Color
from rich.segment import Segment

from grokterm.plots.area import resized
from grokterm.plots.cells import Rows

N_SHADES = 32  # as many as an eye tells apart: more make a picture larger to send


class Pixels(NamedTuple):
    """A picture with a table of colors."""

    levels: UInt8[np.ndarray, "height width"]
    """The row of the table of each pixel; BLANK where it has no color."""
    colors: UInt8[np.ndarray, "colors 3"]
    """Red, green and blue; that of BLANK is never seen."""


BLANK = 0


@runtime_checkable
class Paintable(Protocol):
    """What can be drawn in pixels."""

    def paint(self, width: int, height: int) -> Pixels:
        """Draw all of it in so many pixels."""


@dataclass(frozen=True, eq=False)
class Raster:
    """A matrix to be drawn in pixels, with values from -limit to limit, or from 0."""

    values: Float[np.ndarray, "rows columns"]
    limit: float
    ramp: Sequence[Color]
    is_signed: bool

    def paint(self, width: int, height: int) -> Pixels:
        """Draw the whole matrix: each value a rectangle, or averaged by area where there are more values than pixels.

        What is not finite is blank.
        """
        n_rows, n_columns = (min(n, room) for n, room in zip(self.values.shape, (height, width), strict=True))
        rows, columns = _spread(n_rows, height), _spread(n_columns, width)
        values = resized(self.values.astype(np.float64), n_rows, n_columns)
        finite = np.isfinite(values)
        bound = self.limit if 0 < self.limit < np.inf else 1.0
        share = np.clip(np.where(finite, values, 0.0) / bound, -1.0 if self.is_signed else 0.0, 1.0)
        share = (share + 1) / 2 if self.is_signed else share
        levels = np.where(finite, 1 + np.rint(share * (N_SHADES - 1)), BLANK).astype(np.uint8)
        return Pixels(levels[rows][:, columns], _shades(self.ramp))


class RasterLine(Segment):
    """The first segment of a line of a picture, which knows what can be drawn in its place."""

    raster: Paintable
    number: int
    """Of its line, from the top of the picture."""
    size: tuple[int, int]
    """Cells across and lines down of the whole picture."""


class Placed(NamedTuple):
    """Where the lines of a picture have ended up, in cells; the last ones may be missing."""

    raster: Paintable
    row: int
    column: int
    size: tuple[int, int]
    n_lines: int


def place(rows: Rows, raster: Paintable, *, corner: tuple[int, int], size: tuple[int, int]) -> Rows:
    """Let lines, from this line and column of a picture on, carry what can be drawn in their place."""
    (row, column), (width, height) = corner, size
    if not width or not height:
        return rows
    return [
        _carrying(line, raster, number - row, column, size) if row <= number < row + height else line
        for number, line in enumerate(rows)
    ]


def find_placed(rows: Rows) -> list[Placed]:
    """Find what can be drawn in pixels in a picture, which may be composed of several."""
    found: dict[tuple[int, int], Placed] = {}
    for row, line in enumerate(rows):
        for column, first in _raster_lines(line):
            key = id(first.raster), column
            if key not in found:
                found[key] = Placed(first.raster, row, column, first.size, 0)
            found[key] = found[key]._replace(n_lines=first.number + 1)
    return list(found.values())


def _raster_lines(line: Sequence[Segment]) -> Iterator[tuple[int, RasterLine]]:
    column = 0
    for segment in line:
        if isinstance(segment, RasterLine):
            yield column, segment
        column += len(segment.text)


def _carrying(line: list[Segment], raster: Paintable, number: int, column: int, size: tuple[int, int]) -> list[Segment]:
    before, after = _split(line, column)
    first = RasterLine(*after[0])
    first.raster, first.number, first.size = raster, number, size
    return [*before, first, *after[1:]]


def _split(line: list[Segment], column: int) -> tuple[list[Segment], list[Segment]]:
    before: list[Segment] = []
    for index, segment in enumerate(line):
        text, style, _ = segment
        if len(text) > column:
            cut = [Segment(text[:column], style)] if column else []
            return [*before, *cut], [Segment(text[column:], style), *line[index + 1 :]]
        before.append(segment)
        column -= len(text)
    return before, [Segment("")]


def _spread(n: int, room: int) -> Int[np.ndarray, " room"]:
    """Return the row, or the column, of a matrix that each pixel shows."""
    return np.arange(room) * n // max(room, 1)


def _shades(ramp: Sequence[Color]) -> UInt8[np.ndarray, "colors 3"]:
    """Mix the colors between those of a ramp."""
    known = np.array([color.get_truecolor() for color in ramp], dtype=np.float64)
    place = np.linspace(0, len(known) - 1, N_SHADES)
    mixed = [np.interp(place, np.arange(len(known)), channel) for channel in known.T]
    return np.vstack([np.zeros(3), np.stack(mixed, axis=1)]).round().astype(np.uint8)
