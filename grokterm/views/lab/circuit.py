"""The circuit: how close a network is to the exact solution, or how much of it lies in few frequencies."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log, pi, sqrt
from operator import methodcaller
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from jaxtyping import Float, Int

from grokterm.analysis.neurons import unsupported_reason
from grokterm.experiment.metrics import METRICS
from grokterm.inspection.missing import why_missing
from grokterm.plots.bars import draw_bars
from grokterm.plots.cells import Rows
from grokterm.plots.curves.series import Series
from grokterm.session.state import LabState
from grokterm.views.history import draw_history, has_history, no_history, series
from grokterm.views.view import Choice, Drawn, Sheet, Subject, View

if TYPE_CHECKING:
    from grokterm.experiment.recording.inspected import Inspected
    from grokterm.inspection.analysis import NetworkAnalysis
    from grokterm.plots.axis import Scale
    from grokterm.plots.palettes import Role

LARGE = 24  # from so many lines on there is room for the history too

LEAST_BARS, LEAST_CURVES = 5, 9  # lines without which they say nothing

MOST_BINS = 41  # of the histogram of phases
MEANT = pi / 4  # how far from 0 a neuron still adds to the right answer


DrawBars: TypeAlias = "Callable[[CircuitFindings, Sheet, int], Rows]"


@dataclass(frozen=True)
class CircuitFindings:
    """The metrics of a network, and what is drawn of its neurons."""

    inspected: "Inspected"
    n_neurons: Int[np.ndarray, " frequencies"] | None  # with each frequency; None where they have none
    place: str  # where these neurons are
    mismatch: Float[np.ndarray, " neurons"] | None
    """φ1 + φ2 − φ3 of the matched neurons; None without one hidden layer, or without a sum."""

    n_matched: Int[np.ndarray, " frequencies"] | None = None  # of those with each frequency


def find_circuit(analysis: "NetworkAnalysis", _: object) -> CircuitFindings:
    """Ask everything that can be asked of a network."""
    inspected = analysis.inspected()
    if (certificate := analysis.certificate) is not None and analysis.held_against is not None:
        n_frequencies = analysis.held_against.order // 2
        counts, n_matched = (
            np.bincount(certificate.frequency[which], minlength=n_frequencies + 1)[1:]
            for which in (certificate.has_waves, certificate.has_waves & certificate.is_matched)
        )
        mismatch = certificate.mismatch[~np.isnan(certificate.mismatch)]
        return CircuitFindings(inspected, counts, "hidden layer", mismatch, n_matched)
    place = next(reversed(analysis.forward_pass.neurons), "")
    heard = analysis.neuron_frequencies(place) if place and analysis.progress is not None else None
    return CircuitFindings(inspected, None if heard is None else heard.n_neurons, place, None)


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
    for draw, height in _shared_out(found, room - curves - len(note)):
        rows += draw(found, sheet, height)
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


def _shared_out(found: CircuitFindings, room: int) -> "Iterator[tuple[DrawBars, int]]":
    """Give each of the bars that there are as many lines."""
    bars: list[DrawBars] = []
    if found.mismatch is not None and len(found.mismatch):
        bars.append(_histogram)
    if found.n_neurons is not None and len(found.n_neurons):
        bars.append(_counts)
    for left, draw in zip(range(len(bars), 0, -1), bars, strict=True):
        if (height := room // left) >= LEAST_BARS:
            yield draw, height
            room -= height


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


def _histogram(found: CircuitFindings, sheet: Sheet, height: int) -> Rows:
    """Draw how many neurons have each phase, from −π to π; those that add to the right answer stand out."""
    mismatch = found.mismatch if found.mismatch is not None else np.empty(0)
    n_bins = n_bins_for(sheet.width)
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


def n_bins_for(width: int) -> int:
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
