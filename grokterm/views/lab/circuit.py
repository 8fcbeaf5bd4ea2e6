"""The circuit: how close a network is to the exact solution, or how much of it lies in few frequencies."""

from collections.abc import Iterator, Sequence
from math import log, pi, sqrt
from operator import methodcaller
from typing import TYPE_CHECKING

from grokterm.analysis.neurons import unsupported_reason
from grokterm.experiment.metrics import METRICS
from grokterm.inspection.missing import why_missing
from grokterm.plots.cells import Rows
from grokterm.plots.curves.series import Series
from grokterm.session.state import LabState
from grokterm.views.history import draw_history, has_history, no_history, series
from grokterm.views.lab.circuit_bars import draw_circuit_bars
from grokterm.views.lab.circuit_findings import CircuitFindings, find_circuit
from grokterm.views.view import Choice, Drawn, Sheet, Subject, View

if TYPE_CHECKING:
    from grokterm.plots.axis import Scale
    from grokterm.plots.palettes import Role

LARGE = 24  # from so many lines on there is room for the history too

LEAST_CURVES = 9  # lines without which they say nothing


def ask(subject: Subject, _choice: Choice, _sheet: Sheet) -> str:
    """Ask for all of it."""
    return subject.analysis.operation.label


def draw_circuit(subject: Subject, choice: Choice, sheet: Sheet, found: CircuitFindings) -> Drawn:
    """Draw numbers, bars and their history; what there is no room for is left out from below."""
    has_certificate = found.mismatch is not None
    about = "what its frequencies say" if subject.analysis.form is not None else "no circuit to look for"
    solution = "the exact solution" if subject.analysis.form is not None else "that of a + b"
    title = f"compared with {solution}" if has_certificate else about
    operation = subject.analysis.operation.label.format(p=subject.analysis.modulus)
    subtitle = f"step {found.inspected.step:,} · {operation}"
    reasons = list(_why_not(subject, found))
    if not has_certificate and not _has_numbers(found) and reasons:
        return Drawn(sheet.fill(sheet.words(reasons)), title, subtitle)
    numbers = [*(_of_exact_form(found) if has_certificate else _of_frequencies(found)), *reasons]
    if not has_certificate and found.inspected.excluded_loss is not None:
        numbers += _stretches(subject.state)
    rows = sheet.words(numbers)
    history = _history(subject, has_certificate=has_certificate)
    room = sheet.height - len(rows)
    curves = 0 if not has_history(history) else room if choice.is_zoomed else room // 2 if room >= LARGE else 0
    note = sheet.words([no_history(subject.state)]) if not has_history(history) else []
    rows += draw_circuit_bars(found, sheet, room - curves - len(note))
    rows += note
    if curves >= LEAST_CURVES:
        rows += sheet.heading("over the steps")
        rows += _draw_history(history, subject, choice, sheet, sheet.height - len(rows))
    elif has_history(history):
        title += " · enter shows its history"
    return Drawn(sheet.fill(rows), title, subtitle)


def _has_numbers(found: CircuitFindings) -> bool:
    """Tell whether anything is known of the frequencies."""
    seen = found.inspected
    return bool(seen.key_frequencies) or any(
        value is not None for value in (seen.gini, seen.restricted_loss, seen.excluded_loss)
    )


def _draw_history(history: Sequence[Series], subject: Subject, choice: Choice, sheet: Sheet, height: int) -> Rows:
    """Draw shares from 0 to 1, and losses over all their orders of magnitude."""
    y_scale: Scale = "log" if "loss" in history[0].label else "linear"
    limits = None if y_scale == "log" else (0.0, 1.0)
    return draw_history(history, subject.state, sheet, height, x_scale=choice.x_scale, y_scale=y_scale, y_limits=limits)


def _of_exact_form(found: CircuitFindings) -> Iterator[str]:
    yield _word(found, "ipr")
    if found.n_matched is not None and found.n_neurons is not None:
        yield f"{_word(found, 'matched_frequency_share')}, {found.n_matched.sum():,} of {found.n_neurons.sum():,}"
    if (phase := found.inspected.phase_alignment) is not None:
        spread = sqrt(-2 * log(phase.resultant)) if 0 < phase.resultant < 1 else (0.0 if phase.resultant >= 1 else pi)
        yield f"φ1+φ2−φ3 {round(phase.mean, 2) + 0.0:.2f} ± {spread:.2f} rad"
    yield _word(found, "exact_fit")
    yield _word(found, "analytic_agreement")


def _of_frequencies(found: CircuitFindings) -> Iterator[str]:
    seen = found.inspected
    keys = ", ".join(map(str, seen.key_frequencies[:12])) or "none"
    yield f"key frequencies {keys}{' ...' if len(seen.key_frequencies) > 12 else ''}"
    yield _word(found, "gini")
    if seen.restricted_loss is not None or seen.excluded_loss is not None:
        yield f"{_word(found, 'restricted_loss')} with {'them' if seen.key_frequencies else 'all frequencies'} alone"
        yield f"{_word(found, 'excluded_loss')} without {'them' if seen.key_frequencies else 'any frequency'}"


def _word(found: CircuitFindings, name: str) -> str:
    value = found.inspected.metric(name)
    return f"{METRICS[name].label} {'-' if value is None else METRICS[name].written(value)}"


def _why_not(subject: Subject, found: CircuitFindings) -> Iterator[str]:
    """Say in one line why something is missing."""
    form = subject.analysis.form
    if found.mismatch is not None or found.n_neurons is not None:
        return
    if reason := why_missing("excluded_loss", subject.analysis, subject.state.experiment.model):
        yield reason
    elif not found.place:
        yield "no hidden neurons to count"
    elif form is not None and (why := unsupported_reason(form)) is not None:
        yield f"neurons have no frequencies: {why}"


def _stretches(state: LabState) -> Iterator[str]:
    """Name the stretches between the milestones (Nanda et al., 2023)."""
    memorized, grokked = state.milestones.get("memorized"), state.milestones.get("grokked")
    if memorized is not None and grokked is not None:
        yield f"memorization to {memorized:,}"
        yield f"circuit formation to {grokked:,}"
        yield "then cleanup"


def _history(subject: Subject, *, has_certificate: bool) -> Sequence[Series]:
    def followed(**roles: "Role") -> Sequence[Series]:
        return [
            series(subject.history, METRICS[name].label, role, methodcaller("metric", name)) for name, role in roles.items()
        ]

    if has_certificate:
        return followed(ipr="text", matched_frequency_share="key_frequency", exact_fit="second", analytic_agreement="fifth")
    losses = followed(restricted_loss="key_frequency", excluded_loss="text")
    return losses if any(len(one.x) for one in losses) else followed(gini="text")


CIRCUIT = View(
    "circuit",
    draw_circuit,
    ask,
    find_circuit,
    inspected=lambda found: found.inspected,
    zoomed="the history",
    other_keys="x",
    terms=(
        "ipr",
        "matched_frequency_share",
        "phase_alignment.mean",
        "exact_fit",
        "analytic_agreement",
        "key frequencies",
        "restricted_loss",
        "excluded_loss",
    ),
)
