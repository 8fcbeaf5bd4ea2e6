"""Curves at the resolution of the screen, for terminals that draw real pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float, Int
from rich.color import Color
from rich.style import Style

from grokterm.plots.palettes import Ink, Palette
from grokterm.plots.pixels import BLANK, Pixels

_PARTS = 4  # of a pixel column: what a slanted line covers of a pixel is the mean over them
_STEPS = 4  # of the mix of a color with what is below: more make a picture larger to send
_BAND, _FAINT = 0.3, 0.5  # how much of its color a band has, and a faint curve
_THIN, _THICK = 1 / 26, 1 / 15  # half the width of a line, in heights of a character
_MOST_COLORS = 255

Shares = Float[np.ndarray, " point"]
"""Relative positions: 0 is left or top, 1 right or bottom."""
Rgb: TypeAlias = tuple[float, ...]


class Line(NamedTuple):
    """A curve through points, x ascending."""

    x: Shares
    y: Shares
    ink: Ink
    is_faint: bool = False
    band: tuple[Shares, Shares, Shares] | None = None
    """The positions of its edges, the upper edge and the lower one."""


class Upright(NamedTuple):
    """A vertical line: dashes at a marked step, or that of the cursor, which has no ink."""

    x: float
    ink: Ink | None


@dataclass(frozen=True, eq=False)
class LineRaster:
    """Curves to be drawn in pixels, later ones on top, over bands and vertical lines. What is dotted in characters is thin."""

    lines: Sequence[Line]
    uprights: Sequence[Upright]
    """Those beyond the picture, or at NaN, are left out."""
    palette: Palette
    n_rows: int
    """Lines of text that the picture fills, of which the width of curves is a part."""

    def paint(self, width: int, height: int) -> Pixels:
        """Draw with smooth edges."""
        size, unit = (width, height), height / self.n_rows
        inks = [*(line.ink for line in self.lines), *(upright.ink for upright in self.uprights)]
        sheet = _Sheet(size, [self._ground, *map(self._color, inks)])  # whatever else has room, these do
        for line in self.lines:
            if line.band is not None:
                sheet.lay(_between(*line.band, size), self._color(line.ink), _BAND)
        for x, ink in self.uprights:
            if 0 <= x <= 1:
                sheet.upright(x, unit, self._color(ink), dash=1.0 * height if ink is None else unit / 4)
        for line in self.lines:
            radius = max(unit * (_THIN if line.ink.is_dotted else _THICK), 0.5)
            sheet.lay(_stroke(line.x, line.y, radius, size), self._color(line.ink), _FAINT if line.is_faint else 1.0)
        return Pixels(sheet.levels, np.array(sheet.colors).round().astype(np.uint8))

    @property
    def _ground(self) -> Rgb:
        """The color next to that of blank pixels."""
        return _rgb(self.palette.sequential[0])

    def _color(self, ink: Ink | None) -> Rgb:
        """Return the color of an ink; that of text, which the terminal chooses, is taken for the opposite of the ground."""
        style = Style(color=self.palette.cursor) if ink is None else ink.style
        if style is None or style.color is None:
            return tuple(255 - part for part in self._ground)
        return _rgb(style.color)


Coverage = Float[np.ndarray, "height width"]
"""The share of each pixel."""


class _Sheet:
    """A picture with a table of colors, which begins with that of the ground and grows with each mix of two."""

    def __init__(self, size: tuple[int, int], colors: list[Rgb]) -> None:
        self.levels = np.full(size[::-1], BLANK, dtype=np.uint8)
        self.colors = colors

    def upright(self, x: float, unit: float, color: Rgb, *, dash: float) -> None:
        """Draw vertical dashes, one pixel wide or a sixteenth of a character's height."""
        height, width = self.levels.shape
        thickness = max(round(unit / 16), 1)
        left = min(max(round(x * width - thickness / 2), 0), width - thickness)
        self.levels[np.arange(height) % (2 * dash) < dash, left : left + thickness] = self.colors.index(color, 1)

    def lay(self, coverage: Coverage, color: Rgb, opacity: float = 1.0) -> None:
        """Mix a color with what is below."""
        steps = (coverage.clip(0, 1) * _STEPS + 0.5).astype(np.uint8).ravel()  # edges that cross cover less than nothing
        where = np.flatnonzero(steps)
        levels = self.levels.ravel()  # the same memory
        mixes = levels[where] * np.uint16(_STEPS + 1) + steps[where]
        mixed = np.zeros((_MOST_COLORS + 1) * (_STEPS + 1), dtype=np.uint8)
        for mix in np.flatnonzero(np.bincount(mixes)).tolist():
            mixed[mix] = self._mixed(*divmod(mix, _STEPS + 1), color, opacity)
        levels[where] = mixed[mixes]

    def _mixed(self, below: int, step: int, color: Rgb, opacity: float) -> int:
        """Return the row of a mix in the table; once that is full, of the color that is more of it."""
        share = step / _STEPS * opacity
        mixed = tuple((1 - share) * under + share * over for under, over in zip(self.colors[below], color, strict=True))
        if mixed not in self.colors[1:]:
            if len(self.colors) > _MOST_COLORS:
                return below if share < 1 / 2 else self.colors.index(color, 1)
            self.colors.append(mixed)
        return self.colors.index(mixed, 1)


def _stroke(x: Shares, y: Shares, radius: float, size: tuple[int, int]) -> Coverage:
    """Draw a round pen along lines between points; the pen stays on the sheet where they do."""
    width, height = size
    low, high = _extent(x, np.where((y < 0) | (y > 1), y * height, (y * height).clip(radius, height - radius)), width * _PARTS)
    reach = int(radius * _PARTS)
    above, below = np.full((2, 2 * reach + 1, low.size), np.nan)
    for number, offset in enumerate(range(-reach, reach + 1)):
        rise = (radius**2 - (offset / _PARTS) ** 2) ** 0.5
        into = slice(max(offset, 0), low.size + min(offset, 0))
        source = slice(max(-offset, 0), low.size + min(-offset, 0))
        above[number, into], below[number, into] = low[source] - rise, high[source] + rise
    return _filled(np.fmin.reduce(above), np.fmax.reduce(below), size)


def _extent(x: Shares, y: Float[np.ndarray, " point"], n: int) -> Float[np.ndarray, "2 part"]:
    """Return the lowest and the highest value of a curve within each of so many equal parts; NaN where there is none."""
    if not x.size:
        return np.full((2, n), np.nan)
    at_borders = np.interp(np.arange(n + 1) / n, x, y, left=np.nan, right=np.nan)
    low, high = np.fmin(at_borders[:-1], at_borders[1:]), np.fmax(at_borders[:-1], at_borders[1:])
    inside = (x >= 0) & (x <= 1)
    parts = (x[inside] * n).astype(np.int64).clip(0, n - 1)
    np.fmin.at(low, parts, y[inside])
    np.fmax.at(high, parts, y[inside])
    return np.stack([low, high])


def _between(x: Shares, above: Shares, below: Shares, size: tuple[int, int]) -> Coverage:
    width, height = size
    centers = (np.arange(width * _PARTS) + 0.5) / (width * _PARTS)
    high, low = (np.interp(centers, x, edge, left=np.nan, right=np.nan) * height for edge in (above, below))
    return _filled(high, low, size)


def _filled(above: Float[np.ndarray, " part"], below: Float[np.ndarray, " part"], size: tuple[int, int]) -> Coverage:
    """Return what of each pixel lies between two edges, in pixels from the top."""
    width, height = size
    known = np.flatnonzero(np.isfinite(above))
    starts = np.zeros((height + 2) * width)
    for edge, sign in ((above, 1 / _PARTS), (below, -1 / _PARTS)):
        position = edge[known].clip(0, height)
        row: Int[np.ndarray, " part"] = position.astype(np.int64)
        rest, pixel = position - row, row * width + known // _PARTS
        for at, weight in ((pixel, 1 - rest), (pixel + width, rest)):
            starts += np.bincount(at, sign * weight, starts.size)
    coverage: Coverage = np.cumsum(starts.reshape(height + 2, width), axis=0)[:height]
    return coverage


def _rgb(color: Color) -> Rgb:
    return tuple(map(float, color.get_truecolor()))
