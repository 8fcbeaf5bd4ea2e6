"""The power of each neuron as a map, frequency down and neurons across: a staircase once every neuron has one frequency."""

from dataclasses import dataclass

import numpy as np
from rich.segment import Segment

from grokterm.plots.cells import Rows
from grokterm.plots.heatmap import draw_heatmap
from grokterm.views.pictures import SpectrumPicture
from grokterm.views.view import Sheet

LEAST_BARS = 3  # lines of the bars above the map
LEAST_LINES = 3  # of the map itself, or there is none


@dataclass(frozen=True)
class FrequencyMap:
    """How the power of each neuron fits a sheet: where there is no room for all, a cell is the largest of its neighbors."""

    frequencies_per_row: int
    pixels_per_row: int
    n_lines: int
    n_columns: int
    gutter: int
    """Width of the labels."""


def fit_frequency_map(picture: SpectrumPicture, sheet: Sheet) -> FrequencyMap | None:
    """Choose the size of the map below the bars and a heading: every frequency if possible, in at most 2/3 of the sheet."""
    n_frequencies, per_line = len(picture.of_neurons), sheet.rows_per_line
    lines = sheet.height - 1 - LEAST_BARS
    if lines < LEAST_LINES or not sheet.width or not picture.of_neurons.size:
        return None
    frequencies_per_row = -(-n_frequencies // (lines * per_line))
    n_rows = -(-n_frequencies // frequencies_per_row)
    pixels_per_row = max(min(lines, sheet.height * 2 // 3) * per_line // n_rows, 1)
    longest = max(len(picture.name(number)) for number in range(1, n_frequencies + 1))
    gutter = longest + 1 if longest < sheet.width // 3 else 0
    return FrequencyMap(
        frequencies_per_row,
        pixels_per_row,
        n_lines=-(-n_rows * pixels_per_row // per_line),
        n_columns=sheet.width - gutter,
        gutter=gutter,
    )


def draw_frequency_map(picture: SpectrumPicture, fit: FrequencyMap, sheet: Sheet) -> Rows:
    """Draw a heading and the map, with the numbers of the key frequencies and round ones beside it."""
    starts = range(0, len(picture.of_neurons), fit.frequencies_per_row)
    rows = np.maximum.reduceat(picture.of_neurons, starts, axis=0).repeat(fit.pixels_per_row, axis=0)
    pixels = np.maximum.reduceat(rows, np.arange(fit.n_columns) * rows.shape[1] // fit.n_columns, axis=1)
    detail = picture.of_neurons
    heat = draw_heatmap(
        pixels, width=fit.n_columns, height=fit.n_lines, limit=1.0, palette=sheet.palette, signed=False, detail=detail
    )
    labels = _labels(picture, fit, sheet)
    return sheet.heading(*_captions(picture, fit, sheet)) + [[*label, *row] for label, row in zip(labels, heat, strict=True)]


def _captions(picture: SpectrumPicture, fit: FrequencyMap, sheet: Sheet) -> tuple[str, ...]:
    """Say what a cell is and how neurons are sorted, in ever fewer words."""
    n_frequencies, n_neurons = picture.of_neurons.shape
    n_rows, n_columns = sheet.palette.finest(-(-n_frequencies // fit.frequencies_per_row), fit.n_columns)
    fewest, more = divmod(n_neurons, n_columns)
    across = f"{fewest}-{fewest + 1}" if more else str(fewest)
    merged = [f"{across} neighbors"] if fewest + more > 1 and fewest else []
    if n_frequencies > n_rows:
        merged.append(f"{fit.frequencies_per_row} {'representations' if picture.representations else 'frequencies'}")
    whose = f"most of {' and '.join(merged)}" if merged else "power of each neuron"
    return f"sorted by peak · {whose} · 0 to 1", f"by peak · {whose} · 0 to 1", f"by peak · {whose}", whose


def _labels(picture: SpectrumPicture, fit: FrequencyMap, sheet: Sheet) -> Rows:
    """Name the frequencies beside their rows; where there is room for one of them, a key frequency."""
    last, keys = len(picture.of_neurons), set(picture.key_frequencies)
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500) if 2 * last // step <= fit.n_lines or step == 500)
    named = range(1, last + 1) if picture.representations else (1, *range(step, last + 1, step))
    shown: dict[int, int] = {}
    for number in (*sorted(keys), *named):
        middle = (number - 1) // fit.frequencies_per_row * fit.pixels_per_row + fit.pixels_per_row // 2
        shown.setdefault(middle // sheet.rows_per_line, number)
    inks = sheet.palette.inks
    labels: Rows = []
    for line in range(fit.n_lines if fit.gutter else 0):
        text = picture.name(shown[line]) if line in shown else ""
        ink = inks["key_frequency" if shown.get(line) in keys else "dim"]
        labels.append([Segment(f"{sheet.palette.printable(text):>{fit.gutter - 1}} ", ink.style)])
    return labels or [[] for _ in range(fit.n_lines)]
