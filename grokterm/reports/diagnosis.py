"""What was found in a network, in a sentence, from measured numbers alone.

The thresholds were set beside these runs, seed 0: at step 0 the MLPs of `quick`, `liu-essay` and `gromov-gd` have no matched
neuron; when they memorize, 43 to 66 % are matched although validation is near 0, and when they grok, 72 to 90 %. A random table
that has been memorized for 18,000 steps (`liu-null-random-table`) has 1.04 times the IPR of noise.
"""

from collections.abc import Mapping
from math import sqrt

from grokterm.analysis.circuit import Certificate
from grokterm.analysis.milestones import FORGOTTEN, LEARNED
from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.reports.missing import no_circuit, no_waves
from grokterm.runs.metrics import RunMetrics

PURE = 0.999
"""Matched share, exact fit and resultant of the exact solution, but for rounding."""

MAJORITY = 0.5
"""From this matched share on, there is a circuit and not only the beginning of one; from this agreement on, a beginning.

Weights that have collapsed match more often than noise, 6 of 64, and their waves answer a fifth of the table.
"""

ALIGNED = 0.5
"""From this resultant on, phases add up: between a circle's worth of noise, near 0, and .9 to 1 in every circuit seen."""

STRUCTURED = 1.5
"""From this multiple of the IPR of noise on, weights have a frequency structure."""

DEVIATIONS = 5
"""Noise matches hardly ever so many neurons: its mean and this multiple of its standard deviation."""


def verdict(seen: RunMetrics) -> str:
    """Say whether a network generalizes or memorizes, and what its neurons have to do with it."""
    if None in (seen.evaluation["train_loss"], seen.evaluation["val_loss"]):
        return "It has diverged: its losses are not finite."
    return f"{_behavior(seen)}{_structure(seen)}"


def cleaner(columns: Mapping[str, RunMetrics]) -> str:
    """Say which circuit is the cleaner one, where circuits of one task can be compared; nothing otherwise.

    It must be so in every measure, to the three digits that are shown.
    """
    measured = {name: _purity(seen) for name, seen in columns.items() if has_circuit(seen)}
    if len(measured) < 2 or len({_task(columns[name]) for name in measured}) > 1:
        return ""
    shared = set.intersection(*(set(values) for values in measured.values()))  # of neurons at order / 2, none has phases
    circuits = {name: {key: values[key] for key in values if key in shared} for name, values in measured.items()}
    for name, one in circuits.items():
        others = [values for other, values in circuits.items() if other != name]
        if all(values != one and all(one[key] >= values[key] for key in one) for values in others):
            return f"The cleanest circuit is {name}'s, in every respect: {_compared(circuits)}."
    return f"No circuit is the cleanest in every respect: {_compared(circuits)}."


def has_circuit(seen: RunMetrics) -> bool:
    """Tell whether most neurons with waves have one frequency in all three matrices, and phases, if any, that add up."""
    if _is_pure(seen):
        return True
    is_aligned = seen.phase is None or seen.phase.resultant >= ALIGNED
    return _most_are_matched(seen) and (seen.n_matched or 0) > _most_by_chance(seen) and is_aligned


def ipr_of_noise(seen: RunMetrics) -> float:
    """Return the IPR of random weights: 2 / (⌊n/2⌋ + 2) for n rows."""
    n_rows = len(seen.analysis.operation.index(seen.analysis.modulus))
    return 2 / (n_rows // 2 + 2)


def matched_share_of_noise(seen: RunMetrics) -> float | None:
    """Return the share of random neurons that are matched by chance; None without a sum."""
    form = seen.analysis.held_against
    return None if form is None else 1 / max(1, form.order // 2) ** 2


def reads_in_waves(seen: RunMetrics) -> bool:
    """Tell whether a neuron of the exact solution is a wave over the residues: not where squares are read or answered."""
    form = seen.analysis.form
    return form is None or (form.reads_one_to_one and form.answers_one_to_one)


def _behavior(seen: RunMetrics) -> str:
    train, val = seen.evaluation["train_accuracy"] or 0.0, seen.evaluation["val_accuracy"] or 0.0
    if val >= LEARNED:
        return "It generalizes"
    if train < LEARNED:
        return "It has not memorized"
    return "It memorizes" if val < FORGOTTEN else "It generalizes in part"


def _structure(seen: RunMetrics) -> str:
    certificate, agreement = seen.analysis.certificate, seen.inspected.analytic_agreement or 0.0
    if certificate is None:
        return _spectrum(seen)
    if not certificate.has_waves.any():
        return f", and no neuron has a frequency: {no_waves(seen)}."
    if _is_pure(seen):
        return f": {_neurons(certificate, 'every neuron', 'each')} is one wave{_solution(seen)}."
    n_matched, n_with_waves = int(certificate.is_matched.sum()), int(certificate.has_waves.sum())
    neurons = _neurons(certificate, f"{n_matched:,} of {n_with_waves:,} neurons", f"{n_matched:,}")
    count = f"{neurons} have one frequency in all three matrices"
    replaced = f"replaced by their fitted waves, all neurons together answer {100 * agreement:.1f} % of the table."
    if has_circuit(seen):
        return f" and has a circuit: {count}; {replaced}"
    if n_matched <= _most_by_chance(seen):
        return f": no frequency structure, {count}, as many as in noise."
    if _most_are_matched(seen):
        return f": {count}, but their phases do not add up."
    if agreement >= MAJORITY:
        return f", and a circuit is forming: {count}; {replaced}"
    return f": {count}, more than in noise, but no circuit: {replaced}"


def _neurons(certificate: Certificate, of_all: str, of_some: str) -> str:
    """Name the neurons, or say how many have waves where others are zero or constant."""
    n_neurons, n_with_waves = len(certificate.has_waves), int(certificate.has_waves.sum())
    return (
        of_all if n_with_waves == n_neurons else f"{of_some} of the {n_with_waves:,} neurons that have waves (of {n_neurons:,})"
    )


def _spectrum(seen: RunMetrics) -> str:
    """Say what is known of a network that cannot be held against the exact solution."""
    frequencies, ipr = seen.inspected.key_frequencies, seen.inspected.ipr
    why = f"cannot be held against the exact solution ({no_circuit(seen)})"
    if frequencies:
        named = ", ".join(map(str, frequencies))
        return f", mostly in the frequencies {named}. It {why}."
    if ipr is not None and ipr < STRUCTURED * ipr_of_noise(seen):
        return f": no frequency structure in its weights. It {why}."
    return f". It {why}."


def _is_pure(seen: RunMetrics) -> bool:
    inspected, phase = seen.inspected, seen.phase
    shares = (inspected.matched_frequency_share, inspected.exact_fit, 1.0 if phase is None else phase.resultant)
    return all(share is not None and share >= PURE for share in shares) and (phase is None or abs(phase.mean) <= 1e-3)


def _solution(seen: RunMetrics) -> str:
    model = seen.run.experiment.model
    is_quadratic = isinstance(model, MLPModel) and model.activation == "quadratic"
    answered = float(seen.analysis.observation.is_right.mean())
    if answered < LEARNED:
        known = ", as in the exact solution of Gromov (2023)" if is_quadratic else ""
        return f"{known}, but all together answer {100 * answered:.1f} % of the table"
    if is_quadratic:
        return ", the exact solution of Gromov (2023)"
    return ", and their phases add up" if seen.phase else ""


def _most_are_matched(seen: RunMetrics) -> bool:
    matched = seen.inspected.matched_frequency_share
    return matched is not None and matched >= MAJORITY


def _most_by_chance(seen: RunMetrics) -> float:
    certificate = seen.analysis.certificate
    n_with_waves = 0 if certificate is None else int(certificate.has_waves.sum())
    mean = n_with_waves * (matched_share_of_noise(seen) or 0.0)
    return mean + DEVIATIONS * max(1.0, sqrt(mean))


def _task(seen: RunMetrics) -> tuple[str, str, int]:
    dataset = seen.analysis.snapshot.dataset
    return dataset.operation, dataset.expression, dataset.modulus


def _purity(seen: RunMetrics) -> dict[str, float]:
    inspected = seen.inspected
    values = {
        "IPR": inspected.ipr if reads_in_waves(seen) else None,
        "exact fit": None if reads_in_waves(seen) else inspected.exact_fit,
        "matched": inspected.matched_frequency_share,
        "resultant": None if seen.phase is None else seen.phase.resultant,
    }
    return {name: round(value, 3) for name, value in values.items() if value is not None}


def _compared(circuits: Mapping[str, Mapping[str, float]]) -> str:
    measures = next(iter(circuits.values()))
    figures = (f"{name} " + " : ".join(f"{values[name]:.3f}" for values in circuits.values()) for name in measures)
    return f"{', '.join(figures)} ({' : '.join(circuits)})"
