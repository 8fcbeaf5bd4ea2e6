"""Which steps the curves show, and the cursor on them: a value, and pure functions that change it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log10
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from grokterm.plots.axis import Scale
from grokterm.session.state import LabState

LEAST_EVALUATIONS = 3  # in the smallest window
ROUNDING = 1e-9  # of axis coordinates

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


class Counted(NamedTuple):
    """The evaluations of a run since the step from which steps are counted."""

    steps: Float[np.ndarray, " evaluation"]
    """Of the run, ascending; what is measured before and after a swap is there twice."""
    origin: int

    def n_within(self, first: int, last: int, most: int = LEAST_EVALUATIONS) -> int:
        """Count the steps between two rows, each once, up to so many."""
        n = 0
        while n < most and first < last:
            n, first = n + 1, int(np.searchsorted(self.steps, self.steps[first], side="right"))
        return n


class Timeline(NamedTuple):
    """The evaluations along the axis of steps; nothing here takes longer for millions of them, or copies them."""

    scale: Scale
    runs: Sequence[Counted]
    """All that are drawn, the present one first."""

    @property
    def present(self) -> Counted:
        """The run among whose evaluations the cursor moves."""
        return self.runs[0]

    @property
    def first(self) -> float:
        """The step that a logarithmic axis begins with, and at which it has step 0 too."""
        rows = [(run, int(np.searchsorted(run.steps, run.origin, side="right"))) for run in self.runs]
        return min((float(run.steps[row]) - run.origin for run, row in rows if row < len(run.steps)), default=1.0)

    @property
    def whole(self) -> Span:
        """All of the axis, in coordinates."""
        ends = [self.position(run.steps[end] - run.origin) for run in self.runs if len(run.steps) for end in (0, -1)]
        return min(ends), max(ends)

    def position(self, counted: float) -> float:
        """Return the axis coordinate of a step, as it is counted."""
        return log10(max(counted, self.first)) if self.scale == "log" else float(counted)

    def place(self, row: int) -> float:
        """Return the axis coordinate of an evaluation of the present run."""
        return self.position(self.present.steps[row] - self.present.origin)

    def row(self, coordinate: float, side: Literal["left", "right"], run: Counted | None = None) -> int:
        """Return how many evaluations of a run, or the present one, come before a coordinate, or up to it."""
        run = run or self.present
        if self.scale == "log":
            if coordinate < (least := log10(self.first)) or (coordinate == least and side == "left"):
                return 0
            step = 10.0**coordinate
            whole = round(step)  # as every step is: it does not come back from its logarithm exactly
            coordinate = max(whole if abs(step - whole) <= ROUNDING * step else step, self.first)
        return int(np.searchsorted(run.steps, run.origin + coordinate, side=side))

    def span(self, choice: CurvesChoice) -> Span:
        """Return what is shown, in coordinates."""
        if choice.window is None:
            return self.whole
        first = self.whole[0]  # a linear window may begin at 0
        low, high = (max(log10(max(end, 1e-300)), first) if self.scale == "log" else end for end in choice.window)
        return low, high

    def n_inside(self, low: float, high: float) -> int:
        """Count the evaluations of all runs in a span, those of each up to the fewest that are shown."""
        return sum(
            run.n_within(self.row(low - ROUNDING, "left", run), self.row(high + ROUNDING, "right", run)) for run in self.runs
        )

    def widened(self, low: float, high: float) -> Span:
        """Widen a span that holds too few evaluations: on a logarithmic axis it holds fewer further to the left."""
        while self.n_inside(low, high) < LEAST_EVALUATIONS:
            after = self.row(high + ROUNDING, "right")
            if after < len(self.present.steps):
                high = self.place(after)
            else:
                low = self.place(self.row(low - ROUNDING, "left") - 1)
        return low, high

    def at(self, step: int) -> int:
        """Return the last evaluation up to a step."""
        return max(int(np.searchsorted(self.present.steps, step, side="right")) - 1, 0)

    def windowed(self, choice: CurvesChoice, low: float, high: float) -> CurvesChoice:
        """Show a span of coordinates, moved to where there are evaluations; the whole if it is all of them."""
        first, last = self.whole
        shift = max(first - low, 0.0) + min(last - high, 0.0)
        low, high = max(low + shift, first), min(high + shift, last)
        if max(low - first, last - high) <= ROUNDING * (last - first):
            return replace(choice, window=None)
        ends = (10.0**low, 10.0**high) if self.scale == "log" else (low, high)
        return replace(choice, window=ends)


def origin_of(state: LabState, choice: CurvesChoice) -> int:
    """Return the step from which steps are counted: 0, or that of the last swap."""
    return state.swaps[-1] if choice.since_swap and state.swaps else 0


def counted(state: LabState, choice: CurvesChoice) -> Counted:
    """Return the evaluations since the origin; none of a run without the swap that is meant."""
    if choice.since_swap and not state.swaps:
        return Counted(np.empty(0), 0)
    steps, origin = state.curves.column("step"), origin_of(state, choice)
    return Counted(steps[np.searchsorted(steps, origin) :], origin)


def timeline(state: LabState, choice: CurvesChoice, scale: Scale, behind: Sequence[LabState] = ()) -> Timeline | None:
    """Return the evaluations since the origin, given the runs drawn behind; None if there are too few to move among."""
    present = counted(state, choice)
    if present.n_within(0, len(present.steps)) < LEAST_EVALUATIONS:
        return None
    return Timeline(scale, (present, *(counted(one, choice) for one in behind)))


def zoomed(choice: CurvesChoice, line: Timeline, factor: float, about: float | None = None) -> CurvesChoice:
    """Show `factor` times as much about a coordinate, which stays where it is: the cursor, or else the middle."""
    low, high = line.span(choice)
    if about is None:
        about = line.place(line.at(choice.cursor)) if choice.cursor is not None else (low + high) / 2
    about = min(max(about, low), high)
    low, high = about - factor * (about - low), about + factor * (high - about)
    return choice if factor < 1 and line.n_inside(low, high) < LEAST_EVALUATIONS else line.windowed(choice, low, high)


def zoomed_at(choice: CurvesChoice, line: Timeline, share: float, factor: float) -> CurvesChoice:
    """Zoom about a share of the width."""
    low, high = line.span(choice)
    return zoomed(choice, line, factor, low + share * (high - low))


def moved(choice: CurvesChoice, line: Timeline, by: int, n_columns: int) -> CurvesChoice:
    """Move the cursor by columns, at least to the next evaluation, and the window with it; it appears at the right end."""
    (low, high), steps = line.span(choice), line.present.steps
    if choice.cursor is None:
        return replace(choice, cursor=int(steps[max(line.row(high + ROUNDING, "right") - 1, 0)]))
    now = line.at(choice.cursor)
    target = line.place(now) + by * (high - low) / max(n_columns, 1)
    if by > 0:
        there = max(line.row(target, "left"), int(np.searchsorted(steps, steps[now], side="right")))
    else:
        there = min(line.row(target, "right"), int(np.searchsorted(steps, steps[now]))) - 1
    there = min(max(there, 0), len(steps) - 1)
    position = line.place(there)
    shift = max(position - high, 0.0) + min(position - low, 0.0)
    choice = replace(choice, cursor=int(steps[there]))
    return line.windowed(choice, *line.widened(low + shift, high + shift)) if shift else choice


def pointed(choice: CurvesChoice, line: Timeline, share: float) -> CurvesChoice:
    """Put the cursor on the evaluation next to a share of the width."""
    low, high = line.span(choice)
    pointer = low + share * (high - low)
    after = line.row(max(pointer, line.whole[0]), "right")  # step 0 shares its place on a log axis with the next
    rows = [row for row in (after, after - 1) if 0 <= row < len(line.present.steps)]
    return replace(choice, cursor=int(line.present.steps[min(rows, key=lambda row: abs(line.place(row) - pointer))]))


def whole(choice: CurvesChoice) -> CurvesChoice:
    """Show all steps."""
    return replace(choice, window=None, since_swap=False)


def since_swap(choice: CurvesChoice, swaps: Sequence[int]) -> CurvesChoice:
    """Show the steps since the last swap, or all again."""
    return replace(choice, window=None, since_swap=bool(swaps) and not choice.since_swap)


def following_swaps(choice: CurvesChoice, before: Sequence[int], now: Sequence[int]) -> CurvesChoice:
    """Show all steps since a new swap: those of the window were counted from the swap before."""
    return replace(choice, window=None) if choice.since_swap and tuple(before) != tuple(now) else choice
