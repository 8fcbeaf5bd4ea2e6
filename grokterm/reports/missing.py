"""Why a number cannot be given of a network."""

import numpy as np

from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.inspection.analysis import NetworkAnalysis
from grokterm.runs.metrics import RunMetrics

WAVES = ("ipr", "gini")
CIRCUIT = ("matched_frequency_share", "phase_alignment.mean", "phase_alignment.resultant", "exact_fit", "analytic_agreement")
LOSSES = ("restricted_loss", "excluded_loss")
_OTHERWISE = {"ipr": "all weights over residues are zero", "gini": "a matrix over residues is constant"}
LEAST_ORDER = 2
"""Of fewer terms there is no wave."""

LEFT_OUT = "left out by --skip-norms"


def why_missing(measure: str, seen: RunMetrics) -> str:
    """Say in a few words why a measure is None."""
    analysis, norms = seen.analysis, seen.norms
    is_finite = seen.inspected.parameter_norm is not None
    if measure in WAVES and not analysis.residue_blocks:
        return _no_sum(analysis) if analysis.operation.n_permutations else "no matrix over residues"
    if measure in LOSSES and analysis.form is None:
        return _no_sum(analysis)
    if measure in CIRCUIT and (reason := no_circuit(seen)):
        return reason
    if measure in LOSSES and analysis.scored is None:
        return "too many scores to keep"
    if not is_finite:
        return "the weights are not finite"
    if measure in CIRCUIT:
        return _no_phases(seen)
    if measure in ("memorized_norm", "late_norm") and norms.initial_only:
        return LEFT_OUT
    if measure == "memorized_norm" and norms.memorized_at is None:
        return "the run has not memorized"
    if measure == "late_norm" and norms.n_steps < norms.late_at:
        return f"the run has not come to step {norms.late_at:,}"
    if measure == "median_score" and not len(seen.analysis.logit_quantiles):
        return "no training equation is answered"
    return _OTHERWISE.get(measure, "not finite")


def no_circuit(seen: RunMetrics) -> str:
    """Say why no neuron can be held against the exact solution; nothing where that can be done."""
    analysis, model = seen.analysis, seen.run.experiment.model
    if analysis.held_against is None:
        return _no_sum(analysis)
    if analysis.certificate is not None:
        return ""
    if isinstance(model, MLPModel):
        return "two hidden layers"
    return f"no single hidden layer between operands and answer: {model.architecture.replace('_', ' ')}"


def _no_sum(analysis: NetworkAnalysis) -> str:
    if analysis.operation.n_permutations:
        return "permutations have no waves"
    return "the table is random" if analysis.operation.function is None else "the operation is no sum"


def no_waves(seen: RunMetrics) -> str:
    """Say why no neuron has a frequency."""
    form = seen.analysis.held_against
    if form is not None and form.order < LEAST_ORDER:
        return f"modulo {seen.analysis.modulus} the operation has a single term, and a frequency takes two"
    return "all are zero or constant"


def _no_phases(seen: RunMetrics) -> str:
    certificate, form = seen.analysis.certificate, seen.analysis.held_against
    if certificate is None or form is None or not certificate.has_waves.any():
        return f"no neuron has a frequency: {no_waves(seen)}"
    if not (matched := certificate.is_matched).any():
        return "no neuron has one frequency in all three matrices"
    if (2 * certificate.frequency[matched] == form.order).all():
        return f"frequency {form.order // 2}, half of {form.order}, has no phase"
    if np.isnan(certificate.phases[2, matched]).all():
        return "the readout of this operation has no phase"
    return "no matched neuron has a phase in all three matrices"
