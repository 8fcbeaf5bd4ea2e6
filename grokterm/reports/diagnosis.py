"""What a network has learned, in a sentence, from its metrics alone.

The thresholds were set beside these runs, seed 0: at step 0 the MLPs of `quick`, `liu-essay` and `gromov-gd` have no matched
neuron; when they memorize, 43 to 66 % are matched although validation is near 0, and when they grok, 72 to 90 %. A random table
that has been memorized for 18,000 steps (`liu-null-random-table`) has 1.04 times the IPR of noise.

A metric is beyond noise if it passes its threshold, and the limit that 99 % of noisy networks of that shape do not exceed. The
threshold decides for wide networks, the limit for narrow ones.
"""

from collections.abc import Mapping

from grokterm.analysis.circuit import Certificate
from grokterm.analysis.milestones import FORGOTTEN, LEARNED
from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.experiment.metrics import ipr_of_noise
from grokterm.inspection.missing import no_circuit, no_waves
from grokterm.runs.results.metrics import RunMetrics
from grokterm.tasks.operations import OwnOperation

PURE = 0.999  # matched share, exact fit and resultant of the exact solution, up to rounding

# A network with this matched share has a circuit; one with this agreement has the beginning of one.
#
# Collapsed weights match more often than noise, 6 of 64, and their waves answer a fifth of the table.
MAJORITY = 0.5

ALIGNED = 0.5  # with this resultant phases add up: it lies between noise, near 0, and the .9 to 1 of every circuit so far

STRUCTURED = 1.5  # with this multiple of the IPR of noise, weights have a frequency structure


def verdict(network: RunMetrics) -> str:
    """Say whether a network generalizes or memorizes, and what its neurons show of it."""
    evaluation = network.evaluation
    measured = [side for side in ("train", "val") if evaluation[f"{side}_accuracy"] is not None]
    if any(evaluation[f"{side}_loss"] is None for side in measured):
        return "It has diverged: its losses are not finite."
    return f"{_behavior(network)}{_structure(network)}"


def cleaner(columns: Mapping[str, RunMetrics]) -> str:
    """Name the cleanest of several circuits of one task; empty if there are not several.

    It must be the cleanest by every metric, to the three digits that are shown.
    """
    measured = {name: _purity(network) for name, network in columns.items() if has_circuit(network)}
    if len(measured) < 2 or len({_task(columns[name]) for name in measured}) > 1:
        return ""
    shared = set.intersection(*(set(values) for values in measured.values()))  # neurons at order / 2 have no phases
    circuits = {name: {key: values[key] for key in values if key in shared} for name, values in measured.items()}
    for name, one in circuits.items():
        others = [values for other, values in circuits.items() if other != name]
        if all(values != one and all(one[key] >= values[key] for key in one) for values in others):
            return f"The cleanest circuit is {name}'s, in every respect: {_compared(circuits)}."
    return f"No circuit is the cleanest in every respect: {_compared(circuits)}."


def has_circuit(network: RunMetrics) -> bool:
    """Tell whether most neurons with waves have one frequency in all three matrices, and their phases, if any, add up."""
    if _is_pure(network):
        return True
    has_phases = network.inspected.phase_alignment is not None
    is_aligned = not has_phases or _exceeds_noise(network, "phase_alignment.resultant", ALIGNED)
    return _exceeds_noise(network, "matched_frequency_share", MAJORITY) and is_aligned


def reads_in_waves(network: RunMetrics) -> bool:
    """Tell whether the neurons of the exact solution are waves over the residues; with squares they are not."""
    form = network.analysis.form
    return form is None or (form.has_distinct_terms and form.has_distinct_answers)


def _behavior(network: RunMetrics) -> str:
    train, val = network.evaluation["train_accuracy"] or 0.0, network.evaluation["val_accuracy"]
    if val is not None and val >= LEARNED:
        return "It generalizes"
    if train < LEARNED:
        return "It has not memorized"
    if val is None:
        return "It answers its training set"
    return "It memorizes" if val < FORGOTTEN else "It generalizes in part"


def _structure(network: RunMetrics) -> str:
    certificate, agreement = network.analysis.certificate, network.inspected.analytic_agreement or 0.0
    if certificate is None:
        return _spectrum(network)
    if not certificate.has_waves.any():
        return f", and {no_waves(network.analysis)}."
    limit = network.analysis.noise_limits["matched_frequency_share"]
    if limit >= 1:
        add_up = ", but their phases add up" if _exceeds_noise(network, "phase_alignment.resultant", ALIGNED) else ""
        return (
            f", and nothing can be told from frequencies: in noise too every neuron may have one in all three matrices{add_up}."
        )
    if _is_pure(network):
        return f": {_neurons(certificate, 'every neuron', 'each')} is one wave{_solution(network)}."
    n_matched, n_with_waves = int(certificate.is_matched.sum()), int(certificate.has_waves.sum())
    neurons = _neurons(certificate, f"{n_matched:,} of {n_with_waves:,} neurons", f"{n_matched:,}")
    count = f"{neurons} have one frequency in all three matrices"
    replaced = f"replaced by their fitted waves, all neurons together answer {100 * agreement:.1f} % of the table."
    if has_circuit(network):
        return f" and has a circuit: {count}; {replaced}"
    if not _exceeds_noise(network, "matched_frequency_share"):
        as_in_noise = f"{count}, as many as in noise (up to {round(limit * n_with_waves):,})"
        if reads_in_waves(network) and _has_structure(network):
            return f": {as_in_noise}, but each is closer to one wave than in noise, IPR {network.inspected.ipr:.3f}."
        return f": no frequency structure, {as_in_noise}."
    if _exceeds_noise(network, "matched_frequency_share", MAJORITY):
        if network.analysis.noise_limits["phase_alignment.resultant"] >= 1:
            return f": {count}, and of so few phases nothing can be told."
        return f": {count}, but their phases do not add up."
    if agreement >= MAJORITY:
        return f", and a circuit is forming: {count}; {replaced}"
    return f": {count}, more than in noise, but no circuit: {replaced}"


def _neurons(certificate: Certificate, of_all: str, of_some: str) -> str:
    """Name the neurons, or say how many have waves if others are zero or constant."""
    n_neurons, n_with_waves = len(certificate.has_waves), int(certificate.has_waves.sum())
    if n_with_waves == n_neurons:
        return of_all
    return f"{of_some} of the {n_with_waves:,} neurons that have waves (of {n_neurons:,})"


def _spectrum(network: RunMetrics) -> str:
    """Describe a network that cannot be compared with the exact solution."""
    frequencies, ipr = network.inspected.key_frequencies, network.inspected.ipr
    why = f"cannot be compared with the exact solution ({no_circuit(network.analysis, network.run.experiment.model)})"
    if frequencies:
        return f", mostly in the frequencies {', '.join(map(str, frequencies))}. It {why}."
    if ipr is not None and not _has_structure(network):
        return f": no frequency structure in its weights. It {why}."
    return f". It {why}."


def _has_structure(network: RunMetrics) -> bool:
    return _exceeds_noise(network, "ipr", STRUCTURED * ipr_of_noise(network.analysis.snapshot.dataset))


def _exceeds_noise(network: RunMetrics, name: str, threshold: float = 0.0) -> bool:
    value = network.value(name)
    return value is not None and value >= threshold and value > network.analysis.noise_limits[name]


def _is_pure(network: RunMetrics) -> bool:
    inspected, phase = network.inspected, network.inspected.phase_alignment
    shares = (inspected.matched_frequency_share, inspected.exact_fit, 1.0 if phase is None else phase.resultant)
    is_exact = all(share is not None and share >= PURE for share in shares) and (phase is None or abs(phase.mean) <= 1e-3)
    return is_exact and network.analysis.noise_limits["matched_frequency_share"] < 1


def _solution(network: RunMetrics) -> str:
    model = network.run.experiment.model
    is_quadratic = isinstance(model, MLPModel) and model.activation == "quadratic"
    answered = float(network.analysis.observation.is_right.mean())
    if answered < LEARNED:
        known = ", as in the exact solution of Gromov (2023)" if is_quadratic else ""
        return f"{known}, but all together answer {100 * answered:.1f} % of the table"
    if is_quadratic:
        return ", the exact solution of Gromov (2023)"
    return ", and their phases add up" if network.inspected.phase_alignment else ""


def _task(network: RunMetrics) -> tuple[str, OwnOperation, int]:
    dataset = network.analysis.snapshot.dataset
    return dataset.operation, dataset.own, dataset.modulus


def _purity(network: RunMetrics) -> dict[str, float]:
    inspected = network.inspected
    values = {
        "IPR": inspected.ipr if reads_in_waves(network) else None,
        "exact fit": None if reads_in_waves(network) else inspected.exact_fit,
        "matched": inspected.matched_frequency_share,
        "resultant": network.value("phase_alignment.resultant"),
    }
    return {name: round(value, 3) for name, value in values.items() if value is not None}


def _compared(circuits: Mapping[str, Mapping[str, float]]) -> str:
    measures = next(iter(circuits.values()))
    figures = (f"{name} " + " : ".join(f"{values[name]:.3f}" for values in circuits.values()) for name in measures)
    return f"{', '.join(figures)} ({' : '.join(circuits)})"
