"""Accuracy, loss and other metrics of a training over its steps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from jaxtyping import Real

from grokterm.plots.axis import Scale
from grokterm.plots.cells import Rows
from grokterm.plots.curves.curves import draw_chart, n_drawn
from grokterm.plots.curves.legend import Mark
from grokterm.plots.curves.series import Panel, Series, value_at
from grokterm.plots.palettes import Role
from grokterm.plots.text_lines import StyledText
from grokterm.plots.ticks import short_power
from grokterm.runs.store import without_time
from grokterm.session.curves import Curves
from grokterm.session.state import LabState
from grokterm.views.marks import named_marks
from grokterm.views.third import CHARTS, NORM, third_panel
from grokterm.views.view import Sheet
from grokterm.views.window import CurvesChoice, Span, counted, origin_of

Measure = Literal["accuracy", "loss"]

LOG_FROM = 100.0  # a loss that falls by more than this has a logarithmic axis; a smaller one shows its bumps on a linear axis
SMOOTHED = 21  # evaluations in a mean, half of them earlier
MOST_DRAWN = 10_000  # evaluations that are drawn in some milliseconds; of more, those that can be seen
_PER_CELL = 4  # columns of a picture, in each of which the lowest and the highest are drawn

OVERLAY_ROLES: tuple[Role, ...] = ("first", "second", "third", "fourth", "fifth", "sixth")


@dataclass(frozen=True)
class Overlay:
    """An earlier run, drawn behind the present one."""

    name: str
    state: LabState


def draw_curves(
    state: LabState, sheet: Sheet, x_scale: Scale, choice: CurvesChoice | None = None, overlays: Sequence[Overlay] = ()
) -> Rows:
    """Draw accuracy, loss and a third chart above each other; one that was chosen takes the room of the loss if it must."""
    if not len(state.curves):
        return sheet.fill(sheet.words(["waiting for the first evaluation"]))
    choice = choice or CurvesChoice()
    origin = origin_of(state, choice)
    first, last = _reach([state, *(overlay.state for overlay in overlays)], choice, x_scale)
    whole, state = state, drawn_of(state, x_scale, choice, overlays, sheet.width)
    behind = list(zip(overlays, OVERLAY_ROLES, strict=False))
    panels = [_measure(measure, state, choice, behind, whole) for measure in ("accuracy", "loss")]
    third = third_panel(state, choice.third)
    earlier = [
        replace(one, role=role, is_named=False)
        for overlay, role in behind
        for one in _since_origin(overlay.state, choice, CHARTS[third.name].find(overlay.state)[:1])
    ]
    drawn = [*earlier, *_since_origin(state, choice, third.series)]
    third = replace(third, series=[replace(one, x=one.x.clip(first, None)) for one in drawn])
    if choice.third and n_drawn(3, sheet.height) < 3:
        panels = [panels[0], third]
    else:
        panels.append(third)
    marks = [mark for mark in named_marks(state, origin) if mark.x > 0 or not origin]  # the border names the swap at the origin
    here, cursor = choice.looked_at, choice.looked_at if choice.cursor is None else choice.cursor
    marks += [Mark(here - origin, "here", "text")] if here is not None and here != cursor and here >= origin else []
    return draw_chart(
        panels,
        [replace(mark, x=max(mark.x, first)) for mark in marks],
        width=sheet.width,
        height=sheet.height,
        x_scale=x_scale,
        palette=sheet.palette,
        x_limits=choice.window or (first, last),
        cursor=None if cursor is None else cursor - origin,
        notes=_notes(behind, sheet),
    )


def drawn_of(state: LabState, x_scale: Scale, choice: CurvesChoice, overlays: Sequence[Overlay], width: int) -> LabState:
    """Leave out the evaluations of a long run that a picture of so many cells does not show."""
    if len(state.curves) <= MOST_DRAWN:
        return state
    span = choice.window or _reach([state, *(overlay.state for overlay in overlays)], choice, x_scale)
    also = (*state.swaps, *([] if choice.cursor is None else [choice.cursor]))
    asked = _Part(x_scale, span, origin_of(state, choice), _PER_CELL * width, also)
    known = _LAST_DRAWN.get(state.curves)
    drawn = known[1] if known is not None and known[0] == asked else asked.of(state.curves)
    _LAST_DRAWN[state.curves] = asked, drawn
    return replace(state, curves=drawn)


class _Part(NamedTuple):
    """What a picture shows of curves."""

    scale: Scale
    span: Span
    origin: int
    n_columns: int
    also: tuple[int, ...]

    def of(self, curves: Curves) -> Curves:
        low, high = (max(end, 1) for end in self.span) if self.scale == "log" else self.span
        edges = (np.geomspace if self.scale == "log" else np.linspace)(low, high, self.n_columns + 1)
        return curves.chosen(curves.telling(self.origin + edges, self.also))


_LAST_DRAWN: WeakKeyDictionary[Curves, tuple[_Part, Curves]] = WeakKeyDictionary()  # the heading of a picture asks once more


def reading(state: LabState, choice: CurvesChoice) -> tuple[str, ...]:
    """Write all values at the cursor, the most important first; empty without a cursor."""
    cursor, steps = choice.cursor, state.curves.column("step")
    if cursor is None or not (n_before := int(np.searchsorted(steps, cursor, side="right"))):
        return ()

    def at(name: str, layout: str) -> str:
        value = float(state.curves.column(name)[n_before - 1])
        return format(value, layout) if np.isfinite(value) else "-"

    others = [side for side in ("seen", "average_val") if at(f"{side}_accuracy", "") != "-"]
    named, origin = ["train", "val", *others], origin_of(state, choice)
    chosen = third_panel(state, choice.third) if choice.third else None
    return (
        f"step {cursor:,}" + (f" ({cursor - origin:+,})" if origin else ""),
        " ".join(f"{side.replace('_', ' ')} {at(f'{side}_accuracy', '.3f')}" for side in named),
        *(f"{one.label} {value_at(one, cursor):.4g}" for one in (chosen.series if chosen and chosen.name != NORM else ())),
        f"loss {' / '.join(at(f'{side}_loss', '.1e') for side in named)}",
        f"norm {at('parameter_norm', '.4g')}",
    )


def sides(state: LabState, measure: Measure) -> list[Series]:
    """Return a measure over steps, for train and val; where there was never validation, for train and, if any, `seen`."""
    steps, curves = state.curves.column("step"), state.curves
    train, val, seen = (curves.column(f"{side}_{measure}") for side in ("train", "val", "seen"))
    series = [Series("train", steps, train, "train", curves.band(f"train_{measure}"))]
    if not np.isnan(curves.column("val_accuracy")).all():
        return [*series, Series("val", steps, val, "val", curves.band(f"val_{measure}"))]
    return series if np.isnan(seen).all() else [*series, Series("seen", steps, seen, "val")]


def loss_scale(state: LabState, choice: CurvesChoice, overlays: Sequence[Overlay]) -> Scale:
    """Return the scale on which the losses of all runs are drawn."""
    runs = (_since_origin(run, choice, sides(run, "loss")) for run in (state, *(overlay.state for overlay in overlays)))
    shown = [_visible(series[-1], choice.window) for series in runs if series]
    return choice.loss_scale or scale_of(np.concatenate(shown))


def scale_of(values: Real[np.ndarray, " evaluation"]) -> Scale:
    """Return the scale on which positive values are told apart best."""
    known = values[np.isfinite(values) & (values > 0)]
    return "log" if known.size and known.max() > LOG_FROM * known.min() else "linear"


def short_loss(value: float) -> str:
    """Write a loss in seven characters: `2.1e-6`."""
    return short_power(f"{value:.1e}").ljust(7)


def smoothed(series: Series, swaps: Sequence[int], at: Real[np.ndarray, " some"] | None = None) -> Series:
    """Return the mean about each evaluation, or about those of some steps, of those on the same side of every swap.

    Only those that are finite count; where one is not itself, there is no mean.
    """
    rows = np.arange(len(series.x)) if at is None else np.searchsorted(series.x, at)
    starts = np.unique(np.searchsorted(series.x, swaps, side="right") - 1)  # the last of a step was measured after its swap
    borders = np.concatenate([[0], starts[starts > 0], [len(series.x)]])
    part = np.searchsorted(borders, rows, side="right")
    about = rows[:, None] + np.arange(SMOOTHED) - SMOOTHED // 2
    is_inside = (about >= borders[part - 1, None]) & (about < borders[part, None])
    values = np.where(is_inside, series.y[about.clip(0, len(series.x) - 1)], np.nan).astype(np.float64)
    known = np.isfinite(values)
    means = np.where(known, values, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return replace(series, x=series.x[rows], y=np.where(known[:, SMOOTHED // 2], means, np.nan))


def _measure(
    measure: Measure, state: LabState, choice: CurvesChoice, behind: Sequence[tuple[Overlay, Role]], whole: LabState
) -> Panel:
    """Return the panel of a measure, with earlier runs behind the present one; means are those of the whole run."""
    present = _since_origin(state, choice, sides(state, measure))
    earlier = [_since_origin(overlay.state, choice, sides(overlay.state, measure)) for overlay, _ in behind]
    drawn = [
        replace(one, role=role, band=None, is_faint=one.role == "train", is_named=False)
        for (_, role), series in zip(behind, earlier, strict=True)
        for one in series
    ]
    if choice.is_smoothed:
        at = None if state is whole else state.curves.column("step")
        means = [smoothed(one, state.swaps, at) for one in sides(whole, measure)]
        drawn += [replace(one, is_faint=True, band=None) for one in present]
        drawn += [replace(one, band=None, is_named=False) for one in _since_origin(state, choice, means)]
    else:
        drawn += present
    if measure == "accuracy":
        return Panel("acc", drawn, y_limits=(0.0, 1.0), written="{:.3f}".format)
    return Panel("loss", drawn, loss_scale(state, choice, [overlay for overlay, _ in behind]), written=short_loss)


def _reach(states: Iterable[LabState], choice: CurvesChoice, x_scale: Scale) -> Span:
    """Return the first and the last step of the axis, as `timeline` has it: a logarithmic one begins at a positive step."""
    runs = [counted(state, choice) for state in states]
    firsts = [int(np.searchsorted(run.steps, run.origin, side="right" if x_scale == "log" else "left")) for run in runs]
    shown = [(run, end) for run, first in zip(runs, firsts, strict=True) if first < len(run.steps) for end in (first, -1)]
    ends = [float(run.steps[end]) - run.origin for run, end in shown]
    return (min(ends), max(ends)) if ends else (1.0, 1.0)


def _since_origin(state: LabState, choice: CurvesChoice, series: Sequence[Series]) -> list[Series]:
    """Count steps from the last swap, if that is chosen, and leave out what came before, or all of a run without a swap."""
    if not choice.since_swap:
        return list(series)
    return [_cut(one, origin_of(state, choice)) for one in series] if state.swaps else []


def _cut(series: Series, origin: int) -> Series:
    start = max(int(np.searchsorted(series.x, origin, side="right")) - 1, 0)
    band = None if series.band is None else (series.band[0][start:], series.band[1][start:])
    return replace(series, x=series.x[start:] - origin, y=series.y[start:], band=band)


def _visible(series: Series, window: Span | None) -> Real[np.ndarray, " evaluation"]:
    return series.y if window is None else series.y[(series.x >= window[0]) & (series.x <= window[1])]


def _notes(behind: Sequence[tuple[Overlay, Role]], sheet: Sheet) -> list[StyledText]:
    """Name the earlier runs, without the time where that is enough."""
    short = [without_time(overlay.name) for overlay, _ in behind]
    names = [name if short.count(name) == 1 else overlay.name for name, (overlay, _) in zip(short, behind, strict=True)]
    inks = [sheet.palette.inks[role] for _, role in behind]
    return [[(f"{ink.sample}{name}", ink.style)] for name, ink in zip(names, inks, strict=True)]
