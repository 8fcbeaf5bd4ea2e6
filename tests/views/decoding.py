"""Reads a drawn heat map back: what the eye can see of it, as numbers."""

import re
from collections.abc import Sequence

import numpy as np
from rich.color import Color

from grokterm.plots.cells import Rows
from grokterm.plots.palettes import Palette
from grokterm.views.view import Drawn

MONOCHROME = {"█": (1, 1), "▀": (1, 0), "▄": (0, 1), "▒": (0.5, 0.5), " ": (0, 0)}


def pixels(rows: Rows, palette: Palette, *, signed: bool = True) -> np.ndarray:
    """Return the numbers between -1 (or 0 if not signed) and 1 that the cells stand for, NaN where they are blank."""
    shares = _shares(rows, palette, palette.diverging if signed else palette.sequential)
    return shares * 2 - 1 if signed else shares


def _shares(rows: Rows, palette: Palette, ramp: Sequence[Color]) -> np.ndarray:
    if palette.shades:
        levels = [[palette.shades.index(cell) for cell in line] for line in texts(rows)]
        return np.asarray(np.array(levels) / (len(palette.shades) - 1))
    if not ramp:
        return np.array([[MONOCHROME[cell][half] for cell in line] for line in texts(rows) for half in (0, 1)])
    lines: list[list[float]] = []
    for row in rows:
        cells = [(character, segment.style) for segment in row for character in segment.text]
        colors = [(style.color, style.bgcolor) if style and one == "▀" else (None, None) for one, style in cells]
        lines += [[_share(upper, ramp) for upper, _ in colors], [_share(lower, ramp) for _, lower in colors]]
    return np.array(lines)


def texts(rows: Rows) -> list[str]:
    return ["".join(segment.text for segment in row) for row in rows]


def _share(color: Color | None, ramp: Sequence[Color]) -> float:
    return np.nan if color is None else ramp.index(color) / (len(ramp) - 1)


def seen_frequencies(drawn: Drawn, palette: Palette, modulus: int) -> np.ndarray:
    """Return the peak of the spectrum of each column below the line that names frequencies."""
    top = next(y for y, line in enumerate(texts(drawn.rows)) if "k=" in line)
    picture = pixels(drawn.rows[top + 1 :], palette)
    picture = picture[np.isfinite(picture).all(axis=1)]
    part = re.search(r"residues (\d+)-(\d+) of", drawn.subtitle)
    return _peaks_of_part(picture, modulus) if part else np.abs(np.fft.rfft(picture, axis=0))[1:].argmax(axis=0) + 1


def _peaks_of_part(picture: np.ndarray, modulus: int) -> np.ndarray:
    """Return the frequency of the wave that fits best, where each row is a residue and others are left out."""
    left_over: list[np.ndarray] = []
    for k in range(1, modulus // 2 + 1):
        angles = 2 * np.pi * k * np.arange(len(picture)) / modulus
        waves = np.stack([np.ones(len(picture)), np.cos(angles), np.sin(angles)], axis=1)
        left_over.append(((picture - waves @ np.linalg.lstsq(waves, picture, rcond=None)[0]) ** 2).sum(axis=0))
    return np.asarray(np.argmin(np.stack(left_over), axis=0) + 1)
