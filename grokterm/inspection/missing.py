"""Why a network lacks a metric: a sentence for each requirement that it may not meet."""

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from grokterm.experiment.architectures.kernel import KernelModel
from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.experiment.metrics import METRICS, Requirement
from grokterm.experiment.model import Model

if TYPE_CHECKING:  # the screen asks for reasons without loading torch
    from collections.abc import Callable

    from grokterm.inspection.analysis import NetworkAnalysis


def why_missing(name: str, analysis: "NetworkAnalysis", model: Model) -> str:
    """Say in a few words why a network lacks a metric; empty if it meets every requirement."""
    reasons = (_UNMET[requirement](analysis, model) for requirement in METRICS[name].needs)
    return next(filter(None, reasons), "")


def no_circuit(analysis: "NetworkAnalysis", model: Model) -> str:
    """Say why no neuron can be compared with the exact solution; empty if they can be."""
    if analysis.held_against is None:
        return _no_sum(analysis)
    if analysis.certificate is not None:
        return ""
    if isinstance(model, MLPModel):
        return f"{('two', 'three', 'four')[model.depth - 2]} hidden layers"
    return f"no single hidden layer between operands and answer: {model.architecture.replace('_', ' ')}"


def no_waves(analysis: "NetworkAnalysis") -> str:
    """Say why no neuron has a frequency; empty if one has."""
    certificate, form = analysis.certificate, analysis.held_against
    if certificate is not None and certificate.has_waves.any():
        return ""
    is_single = form is not None and form.order < 2
    single = f"modulo {analysis.modulus} the operation has a single term, and a frequency takes two"
    return f"no neuron has a frequency: {single if is_single else 'all are zero or constant'}"


def no_gradient(model: Model) -> str:
    """Say why the training loss cannot be differentiated; empty if it can be."""
    if isinstance(model, KernelModel):
        return "a kernel machine follows no gradient"
    is_normalized = isinstance(model, MLPModel) and model.normalization == "batch"
    return "with batch normalization the loss depends on the batch" if is_normalized else ""


def _no_sum(analysis: "NetworkAnalysis") -> str:
    if analysis.form is not None:
        return ""
    if analysis.operation.n_operands > 2:
        return "the operation has three operands"
    if analysis.group is not None:
        return f"{analysis.group.elements} have no waves"
    return "the table is random" if analysis.operation.function is None else "the operation is not a sum of terms"


def _no_phases(analysis: "NetworkAnalysis") -> str:
    certificate, form = analysis.certificate, analysis.held_against
    if certificate is None or form is None or not (matched := certificate.is_matched).any():
        return "no neuron has one frequency in all three matrices"
    if (2 * certificate.frequency[matched] == form.order).all():
        return f"frequency {form.order // 2}, half of {form.order}, has no phase"
    if np.isnan(certificate.phases[2, matched]).all():
        return "the readout of this operation has no phase"
    return "no matched neuron has a phase in all three matrices"


_UNMET: "dict[Requirement, Callable[[NetworkAnalysis, Model], str]]" = {
    "matrices over residues": lambda analysis, _: (
        ""
        if analysis.residue_blocks
        else _no_sum(analysis)
        if analysis.operation.group is not None
        else "no matrix over residues"
    ),
    "sum of terms": lambda analysis, _: _no_sum(analysis),
    "exact solution": no_circuit,
    "every score": lambda analysis, _: "too many scores to keep" if analysis.scored is None else "",
    "finite weights": lambda analysis, _: "" if isfinite(analysis.parameter_norm) else "the weights are not finite",
    "waves": lambda analysis, _: no_waves(analysis),
    "phases": lambda analysis, _: _no_phases(analysis),
    "right answers": lambda analysis, _: "" if len(analysis.logit_quantiles) else "no training equation is answered",
    "distinct terms": lambda analysis, _: (
        "" if analysis.form is not None and analysis.form.has_distinct_terms else "several operands share a term"
    ),
    "token embedding": lambda analysis, model: (
        "" if "embedding" in analysis.snapshot.parameters else f"no token embedding: {model.architecture}"
    ),
    "differentiable loss": lambda _, model: no_gradient(model),
}
