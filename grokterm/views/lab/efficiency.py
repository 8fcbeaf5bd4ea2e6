"""Efficiency: the norm of all parameters, and the right answers' logits that it buys."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from grokterm.analysis.efficiency import N_QUANTILES, NormAt, efficiency_labels, late_step
from grokterm.experiment.metrics import METRICS
from grokterm.experiment.recording.inspected import Inspected
from grokterm.plots.cells import Cells
from grokterm.plots.curves.series import Series
from grokterm.plots.palettes import Role
from grokterm.views.curves import drawn_of
from grokterm.views.history import draw_history, has_history, no_history, series
from grokterm.views.third import norm_curve
from grokterm.views.view import Choice, Drawn, Sheet, Subject, View
from grokterm.views.window import CurvesChoice

if TYPE_CHECKING:
    from grokterm.inspection.analysis import NetworkAnalysis

LEAST = 12  # lines that a picture of curves needs

BAND: dict[int, tuple[str, Role]] = {
    0: ("lowest", "dim"),
    N_QUANTILES // 4: ("25 %", "third"),
    N_QUANTILES // 2: ("median", "first"),
    3 * N_QUANTILES // 4: ("75 %", "third"),
    N_QUANTILES - 1: ("95 %", "dim"),
}
"""The quantiles that are drawn, and how."""


def find_efficiency(analysis: "NetworkAnalysis", _: object) -> Inspected:
    """Measure both."""
    return Inspected(
        step=analysis.step, parameter_norm=analysis.parameter_norm, logit_quantiles=tuple(analysis.logit_quantiles.tolist())
    )


def draw_efficiency(subject: Subject, choice: Choice, sheet: Sheet, found: Inspected) -> Drawn:
    """Draw the norm over the steps, and below it the band of logits."""
    rows = sheet.words(_numbers(subject, found))
    drawn = drawn_of(subject.state, choice.x_scale, CurvesChoice(), (), sheet.width)
    pictures = {
        "Euclidean norm of all parameters": [norm_curve(drawn)],
        "right answers' logits, where training is right": _band(subject),
    }
    title = "large logits from small weights"
    if sheet.height - len(rows) < 2 * LEAST:
        title += " · enter shows the logits" if not choice.is_zoomed else " · enter shows the norm"
        pictures = dict([list(pictures.items())[choice.is_zoomed]])
    for left, (name, curves) in zip(range(len(pictures), 0, -1), pictures.items(), strict=True):
        height = (sheet.height - len(rows)) // left
        rows += sheet.heading(name, name.partition(",")[0])
        if has_history(curves):
            rows += draw_history(curves, subject.state, sheet, height - 1, x_scale=choice.x_scale, y_scale="linear")
        else:
            why = sheet.words([no_history(subject.state)])
            rows += why + Cells(sheet.width, height - 1 - len(why)).rows()
    return Drawn(sheet.fill(rows), title, f"step {found.step:,}")


def _band(subject: Subject) -> Sequence[Series]:
    def quantile(number: int, one: Inspected) -> float | None:
        return one.logit_quantiles[number] if one.logit_quantiles else None

    return [series(subject.history, label, role, partial(quantile, number)) for number, (label, role) in BAND.items()]


def _numbers(subject: Subject, found: Inspected) -> Iterator[str]:
    curve = norm_curve(subject.state)
    state, memorized = subject.state, subject.state.milestones.get("memorized")
    labels = efficiency_labels(curve.x, curve.y, memorized_at=memorized, steps=state.steps)
    yield f"{METRICS['parameter_norm'].label} {found.parameter_norm:.4g}"
    if found.logit_quantiles:
        yield f"median logit {found.logit_quantiles[N_QUANTILES // 2]:.3g}"
    else:
        yield "no training equation is answered right"
    yield _label(
        "memorized_norm", labels.memorizing, "once memorized" if memorized is None else f"no norm by step {memorized:,}"
    )
    late = late_step(state.steps)
    when = "at 98 % of the steps" if state.step < late else f"no norm by step {late:,}"
    yield _label("late_norm", labels.generalizing, when)


def _label(name: str, at: NormAt | None, otherwise: str) -> str:
    metric = METRICS[name]
    return f"{metric.label}: {otherwise}" if at is None else f"{metric.label} {metric.written(at.norm)} at step {at.step:,}"


def say_efficiency(subject: Subject, _choice: Choice, _sheet: Sheet, found: Inspected) -> Iterator[str]:
    """Say the numbers alone."""
    return _numbers(subject, found)


EFFICIENCY = View(
    "efficiency",
    draw_efficiency,
    lambda *_: "efficiency",
    find_efficiency,
    inspected=lambda found: found,
    zoomed="the logits",
    other_keys="x",
    terms=("memorized_norm", "late_norm", "logit"),
    lines=say_efficiency,
)
