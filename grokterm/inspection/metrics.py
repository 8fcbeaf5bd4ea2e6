"""How each metric of one network is measured; `grokterm.experiment.metrics` says what it means."""

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from grokterm.analysis.circles import distance_irrelevance
from grokterm.analysis.fourier import gini, mean_ipr
from grokterm.experiment.recording.inspected import PhaseAlignment

if TYPE_CHECKING:
    from collections.abc import Callable

    from grokterm.inspection.analysis import NetworkAnalysis


def _gini(analysis: "NetworkAnalysis") -> float | None:
    values = [gini(norms) for norms in analysis.frequency_norms]
    return float(np.mean(values)) if values else None


def _analytic_agreement(analysis: "NetworkAnalysis") -> float | None:
    """Take the accuracy over the whole table, without label noise, once every neuron is replaced by its fitted exact form."""
    if analysis.certificate is None:
        return None
    exact = analysis.forward_pass.observe(analysis.snapshot.with_blocks(analysis.certificate.exact_form))
    return float((exact.predicted == exact.truth).mean())


def _distance_irrelevance(analysis: "NetworkAnalysis") -> float | None:
    seen = analysis.observation
    if analysis.form is None or seen.operands.shape[1] != 2:
        return None
    return distance_irrelevance(seen.right_scores, seen.operands, analysis.form)


NETWORK_METRICS: "dict[str, Callable[[NetworkAnalysis], float | PhaseAlignment | None]]" = {
    "ipr": lambda analysis: mean_ipr(list(analysis.residue_blocks.values())),
    "gini": _gini,
    "matched_frequency_share": lambda analysis: analysis.certificate.matched_share if analysis.certificate else None,
    "phase_alignment": lambda analysis: analysis.certificate.phase_alignment if analysis.certificate else None,
    "exact_fit": lambda analysis: analysis.certificate.mean_fit if analysis.certificate else None,
    "analytic_agreement": _analytic_agreement,
    "restricted_loss": lambda analysis: analysis.progress.restricted_loss if analysis.progress else None,
    "excluded_loss": lambda analysis: analysis.progress.excluded_loss if analysis.progress else None,
    "distance_irrelevance": _distance_irrelevance,
    "parameter_norm": lambda analysis: analysis.parameter_norm,
}
"""By field of `Inspected`. None, or not finite, where a network lacks it."""


def measure(analysis: "NetworkAnalysis") -> dict[str, float | PhaseAlignment | None]:
    """Measure everything; None where a network lacks it."""
    values = {name: function(analysis) for name, function in NETWORK_METRICS.items()}
    return {name: None if isinstance(value, float) and not isfinite(value) else value for name, value in values.items()}
