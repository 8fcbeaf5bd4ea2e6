"""Which steps the curves show, and the cursor on them: a value, and pure functions that change it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log10
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from grokterm.plots.axis import Scale, steps_to_coordinates
from grokterm.session.state import LabState

LEAST_EVALUATIONS = 3  # in the smallest window

Span = tuple[float, float]


@dataclass(frozen=True)
class CurvesChoice:
    """What the user looks at among the curves."""

    since_swap: bool = False
    """Steps are counted from the last swap."""
    window: Span | None = None
    """The steps that are shown, as they are counted; None for all."""
    cursor: int | None = None
    """A step of the run."""
    looked_at: int | None = None
    """The step that the other views show, if it is not the newest: marked, and read unless there is a cursor."""
    third: str = ""
    """The third chart; empty: the norm, where there is room."""
    loss_scale: Scale | None = None
    """The axis of the loss; None: by how far it falls."""
    is_smoothed: bool = False


class Timeline(NamedTuple):
    """The evaluations along the axis of steps."""

    scale: Scale
    origin: int
    """The step from which steps are counted."""
    steps: Int[np.ndarray, " evaluation"]
    """Of the run, each once."""
    positions: Float[np.ndarray, " evaluation"]
    """Their axis coordinates."""
    everything: Float[np.ndarray, " _"]
    """Those of the evaluations of all runs that are drawn."""

    @property
    def whole(self) -> Span:
        """All of the axis, in coordinates."""
        return float(self.everything.min()), float(self.everything.max())

    def span(self, choice: CurvesChoice) -> Span:
        """Return what is shown, in coordinates."""
        if choice.window is None:
            return self.whole
        first = self.whole[0]  # a linear window may begin at 0
        low, high = (max(log10(max(end, 1e-300)), first) if self.scale == "log" else end for end in choice.window)
        return low, high

    def at(self, step: int) -> int:
        """Return the last evaluation up to a step."""
        return max(int(np.searchsorted(self.steps, step, side="right")) - 1, 0)

    def windowed(self, choice: CurvesChoice, low: float, high: float) -> CurvesChoice:
        """Show a span of coordinates, moved to where there are evaluations; the whole if it is all of them."""
        first, last = self.whole
        shift = max(first - low, 0.0) + min(last - high, 0.0)
        low, high = max(low + shift, first), min(high + shift, last)
        if max(low - first, last - high) <= 1e-9 * (last - first):
            return replace(choice, window=None)
        ends = (10.0**low, 10.0**high) if self.scale == "log" else (low, high)
        return replace(choice, window=ends)


def origin_of(state: LabState, choice: CurvesChoice) -> int:
    """Return the step from which steps are counted: 0, or that of the last swap."""
    return state.swaps[-1] if choice.since_swap and state.swaps else 0


def counted_steps(state: LabState, choice: CurvesChoice) -> Float[np.ndarray, " evaluation"]:
    """Return the steps of the evaluations since the origin, counted from it; none of a run without the swap that is meant."""
    if choice.since_swap and not state.swaps:
        return np.empty(0)
    steps, origin = state.curves.column("step"), origin_of(state, choice)
    return steps[np.searchsorted(steps, origin) :] - origin if origin else steps


def timeline(state: LabState, choice: CurvesChoice, scale: Scale, behind: Sequence[LabState] = ()) -> Timeline | None:
    """Return the evaluations since the origin, given the runs drawn behind; None if there are too few to move among."""
    origin = origin_of(state, choice)
    counted = counted_steps(state, choice).astype(np.int64)
    counted = counted[np.append(True, np.diff(counted) > 0)] if counted.size else counted
    if counted.size < LEAST_EVALUATIONS:
        return None
    positions, *others = steps_to_coordinates([counted, *(counted_steps(one, choice) for one in behind)], scale)
    return Timeline(scale, origin, counted + origin, positions, np.concatenate([positions, *others]))


def zoomed(choice: CurvesChoice, line: Timeline, factor: float, about: float | None = None) -> CurvesChoice:
    """Show `factor` times as much about a coordinate, which stays where it is: the cursor, or else the middle."""
    low, high = line.span(choice)
    if about is None:
        about = float(line.positions[line.at(choice.cursor)]) if choice.cursor is not None else (low + high) / 2
    about = min(max(about, low), high)
    low, high = about - factor * (about - low), about + factor * (high - about)
    n_inside = int(((line.everything >= low) & (line.everything <= high)).sum())
    return choice if factor < 1 and n_inside < LEAST_EVALUATIONS else line.windowed(choice, low, high)


def zoomed_at(choice: CurvesChoice, line: Timeline, share: float, factor: float) -> CurvesChoice:
    """Zoom about a share of the width."""
    low, high = line.span(choice)
    return zoomed(choice, line, factor, low + share * (high - low))


def moved(choice: CurvesChoice, line: Timeline, by: int, n_columns: int) -> CurvesChoice:
    """Move the cursor by columns, at least to the next evaluation, and the window with it; it appears at the right end."""
    low, high = line.span(choice)
    last = int(np.searchsorted(line.positions, high + 1e-9, side="right")) - 1
    if choice.cursor is None:
        return replace(choice, cursor=int(line.steps[max(last, 0)]))
    now = line.at(choice.cursor)
    target = line.positions[now] + by * (high - low) / max(n_columns, 1)
    beyond = int(np.searchsorted(line.positions, target, side="left" if by > 0 else "right")) - (by < 0)
    there = min(max(max(beyond, now + 1) if by > 0 else min(beyond, now - 1), 0), line.steps.size - 1)
    position = float(line.positions[there])
    shift = max(position - high, 0.0) + min(position - low, 0.0)
    choice = replace(choice, cursor=int(line.steps[there]))
    return line.windowed(choice, low + shift, high + shift) if shift else choice


def pointed(choice: CurvesChoice, line: Timeline, share: float) -> CurvesChoice:
    """Put the cursor on the evaluation next to a share of the width."""
    low, high = line.span(choice)
    distances = np.abs(line.positions - (low + share * (high - low)))
    nearest = np.flatnonzero(distances == distances.min())[-1]  # step 0 shares its place on a log axis with the next
    return replace(choice, cursor=int(line.steps[nearest]))


def whole(choice: CurvesChoice) -> CurvesChoice:
    """Show all steps."""
    return replace(choice, window=None, since_swap=False)


def since_swap(choice: CurvesChoice, swaps: Sequence[int]) -> CurvesChoice:
    """Show the steps since the last swap, or all again."""
    return replace(choice, window=None, since_swap=bool(swaps) and not choice.since_swap)


def following_swaps(choice: CurvesChoice, before: Sequence[int], now: Sequence[int]) -> CurvesChoice:
    """Show all steps since a new swap: those of the window were counted from the swap before."""
    return replace(choice, window=None) if choice.since_swap and tuple(before) != tuple(now) else choice
