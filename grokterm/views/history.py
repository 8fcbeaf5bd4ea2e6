"""Metrics of a network over its steps: from the journal, and from the answers of views."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from grokterm.plots.axis import Limits, Scale
from grokterm.plots.cells import Rows
from grokterm.plots.curves.curves import draw_chart
from grokterm.plots.curves.series import Panel, Series
from grokterm.plots.palettes import Role
from grokterm.plots.ticks import short_power
from grokterm.session.state import LabState
from grokterm.views.marks import named_marks
from grokterm.views.view import Sheet

if TYPE_CHECKING:
    from grokterm.experiment.recording.inspected import Inspected

ONE_STEP = "only one step is known: "

KEPT = 256
"""Inspections that are kept of so many, of twice, of four times as many: a screen can show no more."""


def merged(*sources: "Iterable[Inspected]", swaps: Collection[int] = ()) -> "tuple[Inspected, ...]":
    """Sort by step. Two of the same step are merged: the earlier source fills what the later one leaves out.

    At the step of a swap the two may be of different tasks, so only the last one counts.
    """
    by_step: dict[int, Inspected] = {}
    for inspected in (one for source in sources for one in source):
        known = by_step.get(inspected.step)
        if known is not None and inspected.step not in swaps:
            said = {name: value for name, value in inspected if value not in (None, ())}
            inspected = known.model_copy(update=said)
        by_step[inspected.step] = inspected
    return tuple(by_step[step] for step in sorted(by_step))


def spread(inspected: "Sequence[Inspected]") -> "list[Inspected]":
    """Choose those of many that can be told apart on an axis of steps, a logarithmic one too, and the last."""
    numbers, number = list[int](), 0
    while number < len(inspected):
        numbers.append(number)
        number += _stride(number)
    return [inspected[number] for number in dict.fromkeys([*numbers, *range(len(inspected))[-1:]])]


def _stride(number: int) -> int:
    """Return every how many-th is kept from this one on: all, then every second, every fourth, ..."""
    return 1 << max((number // KEPT).bit_length() - 1, 0)


class History:
    """Collects the metrics of one training; of many, as of a day in which the lab is open, those that `spread` chooses."""

    def __init__(self) -> None:
        self._found: list[Inspected] = []
        self._n_found = 0
        self._known: tuple[int, int, tuple[int, ...]] = 0, 0, ()
        self._merged: tuple[Inspected, ...] = ()

    def add(self, found: "Inspected | None") -> None:
        """Add metrics, if a view has computed any."""
        if found is None:
            return
        last = self._n_found - 1
        if self._found and last % _stride(last):
            self._found.pop()
        self._found.append(found)
        self._n_found += 1

    def since(self, journaled: "Sequence[Inspected]", swaps: tuple[int, ...] = ()) -> "tuple[Inspected, ...]":
        """Return all metrics by step; the same tuple until one is added."""
        known = len(journaled), self._n_found, swaps
        if known != self._known:
            self._known, self._merged = known, merged(spread(journaled), self._found, swaps=swaps)
        return self._merged


def series(history: "Sequence[Inspected]", label: str, role: Role, measure: "Callable[[Inspected], float | None]") -> Series:
    """Return one metric over the steps at which it is known."""
    known = [(one.step, value) for one in history if (value := measure(one)) is not None]
    points = np.array(known, dtype=np.float64).reshape(-1, 2)
    return Series(label, points[:, 0], points[:, 1], role)


def written(value: float) -> str:
    """Write a value in eight characters."""
    return short_power(f"{value:.4g}").ljust(8)


def draw_history(  # noqa: PLR0913 - one parameter a property of the picture
    curves: Sequence[Series],
    state: LabState,
    sheet: Sheet,
    height: int,
    *,
    x_scale: Scale,
    y_scale: Scale,
    y_limits: Limits | None = None,
) -> Rows:
    """Draw metrics over steps, with events; on a log axis step 0 stands where the axis begins."""
    x_scale = x_scale if state.step else "linear"
    first, last = limits = _reach(curves, state, x_scale)
    shown = [replace(one, x=one.x.clip(first, last)) for one in curves]
    return draw_chart(
        [Panel("", shown, y_scale, y_limits, written)],
        [replace(mark, x=max(mark.x, first)) for mark in named_marks(state)],
        width=sheet.width,
        height=height,
        x_scale=x_scale,
        palette=sheet.palette,
        x_limits=limits,
    )


def no_history(state: LabState) -> str:
    """Say why there is no picture of metrics over steps, and when there is one."""
    return ONE_STEP + ("training.inspect_every saves more" if state.phase == "ended" else "more come while this tab is open")


def has_history(curves: Sequence[Series]) -> bool:
    """Tell whether any metric is known at two steps or more."""
    return any(len(one.x) > 1 for one in curves)


def _reach(curves: Sequence[Series], state: LabState, x_scale: Scale) -> Limits:
    """Return the range from the first evaluation to the present step, whether or not a metric is known there."""
    last = max([float(state.step), 1.0, *(float(one.x.max()) for one in curves if len(one.x))])
    steps = state.curves.column("step")
    positive = steps[np.searchsorted(steps, 0, side="right") :]
    first = float(positive[0]) if len(positive) else 1.0
    return (min(first, last / 2), last) if x_scale == "log" else (0.0, last)
