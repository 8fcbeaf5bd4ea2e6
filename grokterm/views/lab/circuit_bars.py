"""Bars of the neurons of a circuit: how many have each phase, and each frequency."""

from collections.abc import Callable
from math import pi
from typing import TypeAlias

import numpy as np

from grokterm.plots.bars import draw_bars
from grokterm.plots.cells import Rows
from grokterm.views.lab.circuit_findings import CircuitFindings
from grokterm.views.view import Sheet

LEAST_BARS = 5  # lines without which they say nothing

MOST_BINS = 41  # of the histogram of phases
MEANT = pi / 4  # how far from 0 a neuron still adds to the right answer

DrawBars: TypeAlias = Callable[[CircuitFindings, Sheet, int], Rows]


def draw_circuit_bars(found: CircuitFindings, sheet: Sheet, room: int) -> Rows:
    """Draw the bars that there are, with as many lines each, if these are enough."""
    bars: list[DrawBars] = []
    if found.mismatch is not None and len(found.mismatch):
        bars.append(_histogram)
    if found.n_neurons is not None and len(found.n_neurons):
        bars.append(_counts)
    rows: Rows = []
    for left, draw in zip(range(len(bars), 0, -1), bars, strict=True):
        if (height := room // left) >= LEAST_BARS:
            rows += draw(found, sheet, height)
            room -= height
    return rows


def _histogram(found: CircuitFindings, sheet: Sheet, height: int) -> Rows:
    """Draw how many neurons have each phase, from −π to π; those that add to the right answer stand out."""
    mismatch = found.mismatch if found.mismatch is not None else np.empty(0)
    n_bins = _n_bins_for(sheet.width)
    counts, edges = np.histogram(mismatch, bins=n_bins, range=(-pi, pi))
    middles = (edges[1:] + edges[:-1]) / 2
    values = {-pi: "−π", -pi / 2: "−π/2", 0.0: "0", pi / 2: "π/2", pi: "π"}
    bars = draw_bars(
        counts.astype(np.float64),
        width=sheet.width,
        height=height - 1,
        highlighted=(1 + np.flatnonzero(np.abs(middles) <= MEANT)).tolist(),
        palette=sheet.palette,
        names={min(int(np.searchsorted(edges, value, side="right")), n_bins): name for value, name in values.items()},
    )
    n_matched = len(mismatch) if found.n_matched is None else int(found.n_matched.sum())
    whose = "matched" if len(mismatch) == n_matched else "matched with phases"  # a wave of two residues has none
    within = f"{np.count_nonzero(np.abs(mismatch) <= MEANT):,} within π/4 of 0"
    n = f"{len(mismatch):,}"
    return (
        _legend(
            sheet,
            (f"φ1+φ2−φ3 of {n} {whose} · ", within, f" · tallest {counts.max():,}"),
            (f"φ1+φ2−φ3 of {n} {whose} · ", within, ""),
            (f"φ1+φ2−φ3 of {n} · ", within, ""),
        )
        + bars
    )


def _n_bins_for(width: int) -> int:
    """Return how many bins fill a width with a gap between them: an odd number, so that 0 lies in the middle of one."""
    pitch = max(-(-(width + 1) // MOST_BINS), 2)
    return max((width + 1) // pitch - 1, 0) // 2 * 2 + 1


def _counts(found: CircuitFindings, sheet: Sheet, height: int) -> Rows:
    """Draw how many neurons have each frequency; those that are matched stand out, or else the key frequencies."""
    counts = found.n_neurons if found.n_neurons is not None else np.empty(0, dtype=np.int64)
    bars = draw_bars(
        counts.astype(np.float64),
        width=sheet.width,
        height=height - 1,
        highlighted=found.inspected.key_frequencies if found.n_matched is None else (),
        meant=None if found.n_matched is None else found.n_matched.astype(np.float64),
        palette=sheet.palette,
    )
    meant = "key frequencies" if found.n_matched is None else "matched"
    use = f" · {np.count_nonzero(counts)} in use"
    most, place = f", most {counts.max(initial=0):,}", f" · {found.place}"
    before = "neurons per frequency · "
    return _legend(sheet, (before, meant, use + most + place), (before, meant, use + most), (before, meant, use)) + bars


def _legend(sheet: Sheet, *titles: tuple[str, str, str]) -> Rows:
    """Write the first title of bars that fits, or else the last, and in their color what stands out in the middle."""
    dim, key = (sheet.palette.inks[role].style for role in ("dim", "key_frequency"))
    before, meant, after = next((title for title in titles if sum(map(len, title)) <= sheet.width), titles[-1])
    return sheet.words([[(before, dim), (meant, key), (after, dim)]])
