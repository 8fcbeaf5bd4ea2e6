"""Figures of how a run went."""

from collections.abc import Sequence

import numpy as np

from grokterm.analysis.efficiency import efficiency_labels
from grokterm.analysis.milestones import LEARNED
from grokterm.analysis.observation import Side
from grokterm.experiment.metrics import METRICS
from grokterm.experiment.recording.inspected import Inspected
from grokterm.inspection.missing import why_missing
from grokterm.plots.curves.series import Series
from grokterm.plots.palettes import Role
from grokterm.plots.paper.efficiency import CircuitEfficiency, CircuitKind, draw_circuits, draw_over_steps
from grokterm.plots.paper.steps import Delay, draw_curves, draw_stack
from grokterm.plots.paper.style import PaperFigure
from grokterm.session.state import LabState
from grokterm.views.curves import drawn_of, sides
from grokterm.views.marks import marks_of
from grokterm.views.paper.naming import LeftOut
from grokterm.views.view import Subject
from grokterm.views.window import CurvesChoice

COLUMNS = 500  # of the widest figure

NOT_INSPECTED = LeftOut("nothing was inspected on the way: train with --set training.inspect_every=N")


def curves(subject: Subject) -> PaperFigure | LeftOut:
    """Draw accuracy and loss over steps."""
    return curves_of(subject.state) if len(subject.state.curves) > 1 else LeftOut("nothing was trained")


def curves_of(state: LabState) -> PaperFigure:
    """Draw the curves of a training that has begun."""
    shown = on_paper(state)
    return draw_curves(sides(shown, "accuracy"), sides(shown, "loss"), marks_of(state), _delay(state))


def on_paper(state: LabState) -> LabState:
    """Leave out the evaluations of a long run that cannot be seen on a page."""
    return drawn_of(state, "log", CurvesChoice(), (), COLUMNS)


def progress(subject: Subject) -> PaperFigure | LeftOut:
    """Draw the losses with the key frequencies alone and without them, and how sparse and how large the weights are."""
    state, seen = on_paper(subject.state), subject.state.inspections
    if not seen:
        return NOT_INSPECTED
    keyed = [one for one in seen if one.key_frequencies]  # before, the measure is taken with all frequencies: another one
    if all(one.restricted_loss is None for one in keyed):
        return LeftOut(_no_progress(subject, keyed))
    losses = [_series(keyed, "restricted_loss", "key_frequency"), _series(keyed, "excluded_loss", "swap")]
    panels = [("cross-entropy", losses)]
    panels += [(METRICS[name].label, [_series(seen, name, "text")]) for name in ("gini", "parameter_norm")]
    if state.experiment.loss.kind == "cross_entropy":
        losses[:0] = sides(state, "loss")
    else:  # another loss has no place on an axis of cross-entropies
        panels.insert(1, ("loss", sides(state, "loss")))
    return draw_stack(panels, marks_of(subject.state), log=("cross-entropy", "loss"))


def formation(subject: Subject) -> PaperFigure | LeftOut:
    """Draw how the network came near the exact solution, in shares that are 1 there."""
    state, seen = on_paper(subject.state), subject.state.inspections
    if not seen:
        return NOT_INSPECTED
    series = [
        _series(seen, "ipr", "text"),
        _series(seen, "matched_frequency_share", "key_frequency"),
        _series(seen, "exact_fit", "dim"),
        _series(seen, "analytic_agreement", "swap"),
        Series("val accuracy", state.curves.column("step"), state.curves.column("val_accuracy"), "val"),
    ]
    shown = [one for one in series if np.isfinite(one.y).any()]
    return draw_stack([("share", shown)], marks_of(state))


def efficiency(subject: Subject) -> PaperFigure | LeftOut:
    """Draw norm and logits over steps, or else those of C_mem and of the step that is looked at."""
    seen = [one for one in subject.state.inspections if one.parameter_norm is not None and len(one.logit_quantiles) == 20]
    if not seen:
        return draw_circuits(circuits(subject, ""))
    norm = _series(seen, "parameter_norm", "text")
    memorized = subject.state.milestones.get("memorized")
    named = efficiency_labels(norm.x, norm.y, memorized_at=memorized, steps=subject.state.steps)
    kinds = ((METRICS["memorized_norm"].label, named.memorizing), (METRICS["late_norm"].label, named.generalizing))
    return draw_over_steps(
        norm,
        norm.x,
        np.array([one.logit_quantiles for one in seen]),
        marks_of(subject.state),
        [(name, at.step, at.norm) for name, at in kinds if at is not None],
    )


def circuits(subject: Subject, label: str) -> list[CircuitEfficiency]:
    """Take the network that has memorized, and the one that is looked at."""
    seen = subject.analysis.observation
    is_right = seen.is_right[seen.sides == Side.VAL]
    has_generalized = bool(len(is_right)) and is_right.mean() >= LEARNED
    last: CircuitKind = "generalized" if has_generalized else "neither"
    kinds: tuple[CircuitKind, CircuitKind] = ("memorized", last)
    both = zip(kinds, (subject.memorized(), subject.analysis), strict=True)
    return [CircuitEfficiency(label, kind, one.parameter_norm, one.logit_quantiles) for kind, one in both if one is not None]


def _delay(state: LabState) -> Delay:
    """Return what lies between memorizing and generalizing; where circuits form in it, milestones do not say."""
    first, last = (state.milestones.get(name) for name in ("memorized", "grokked"))
    return (first, last) if first is not None and last is not None and first < last else None


def _no_progress(subject: Subject, keyed: Sequence[Inspected]) -> str:
    if not keyed and subject.analysis.form is not None:
        return "no frequency stands out"
    reason = why_missing("restricted_loss", subject.analysis, subject.state.experiment.model)
    return reason or METRICS["restricted_loss"].otherwise


def _series(seen: Sequence[Inspected], name: str, role: Role) -> Series:
    steps = np.array([one.step for one in seen])
    return Series(METRICS[name].label, steps, np.array([one.metric(name) for one in seen], dtype=np.float64), role)
