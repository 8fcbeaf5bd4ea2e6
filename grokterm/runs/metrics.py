"""What a saved run's network has learned at a step.

To add a number: a row in RUN_METRICS, and its name in `grokterm.experiment.expectation`.
"""

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from math import isfinite
from typing import Any

from grokterm.experiment.expectation import MetricAtStep
from grokterm.experiment.records import EVALUATION_METRICS, Inspected, PhaseAlignment
from grokterm.runs.norms import Norms, ReplayTo, in_silence
from grokterm.runs.store import Run


class RunMetrics:
    """A saved network at one step, measured, and what else can be said of it, worked out when first asked for.

    Raises:
        ConfigError, CheckpointError, RunNotFoundError, OutOfMemoryError: as `grokterm.runs.replay.approach` does.
    """

    def __init__(self, run: Run, step: int | None, norms: Norms, replay_to: ReplayTo = in_silence) -> None:
        trainer = replay_to(run, step)
        measured = trainer.trainable.measure().numbers.tolist()
        self.run = run
        self.norms = norms
        self.analysis = trainer.analyze()
        self.evaluation = {name: _finite(value) for name, value in zip(EVALUATION_METRICS, measured, strict=True)}
        """Losses and accuracies of both sides, as the training measures them."""

    @property
    def step(self) -> int:
        """Optimizer updates made before it."""
        return self.analysis.step

    @cached_property
    def inspected(self) -> Inspected:
        """Everything of the network alone that is one number."""
        return self.analysis.inspected()

    @property
    def phase(self) -> PhaseAlignment | None:
        """How the phases of its matched neurons add up."""
        return self.inspected.phase_alignment

    @property
    def n_matched(self) -> int | None:
        """How many neurons have one frequency in all three matrices: a resultant of one neuron means nothing."""
        certificate = self.analysis.certificate
        return None if certificate is None else int(certificate.is_matched.sum())

    @property
    def norm_growth(self) -> float | None:
        """How many times the norm of step 0 the norm is: ‖W‖ / ‖W₀‖."""
        now, before = self.inspected.parameter_norm, self.norms.initial
        return now / before if now is not None and before else None

    def facts(self) -> dict[str, Any]:
        """Say everything that is a name or a number; None where it cannot be asked of this network, or is not finite."""
        dataset = self.analysis.snapshot.dataset
        inspected = json.loads(self.inspected.model_dump_json(exclude={"record", "step"}))
        return {
            "run": self.run.name,
            "preset": str(self.run.meta.get("preset", "")),
            "step": self.step,
            "operation": dataset.operation,
            "modulus": dataset.modulus,
            **self.evaluation,
            **inspected,
            "n_matched": self.n_matched,
            "norm_growth": self.norm_growth,
            "memorized_norm": self.norms.memorized,
            "late_norm": self.norms.late,
        }


RUN_METRICS: dict[str, Callable[[RunMetrics], float | None]] = {
    "ipr": lambda seen: seen.inspected.ipr,
    "gini": lambda seen: seen.inspected.gini,
    "matched_frequency_share": lambda seen: seen.inspected.matched_frequency_share,
    "phase_alignment.mean": lambda seen: None if seen.phase is None else seen.phase.mean,
    "phase_alignment.resultant": lambda seen: None if seen.phase is None else seen.phase.resultant,
    "exact_fit": lambda seen: seen.inspected.exact_fit,
    "analytic_agreement": lambda seen: seen.inspected.analytic_agreement,
    "restricted_loss": lambda seen: seen.inspected.restricted_loss,
    "excluded_loss": lambda seen: seen.inspected.excluded_loss,
    "parameter_norm": lambda seen: seen.inspected.parameter_norm,
    "norm_growth": lambda seen: seen.norm_growth,
    "memorized_norm": lambda seen: seen.norms.memorized,
    "late_norm": lambda seen: seen.norms.late,
}
"""The numbers that can be expected of a run."""


def inspect(run: Run, wanted: Mapping[str, MetricAtStep]) -> dict[str, float | None]:
    """Work out what is expected of a run's weights, under the names it was given; without wishes nothing is read.

    None where a number cannot be asked of this network, or the run has not come to the step.

    Raises:
        CheckpointError: if the journal cannot be read, or there is no checkpoint and one is needed.
    """
    found: dict[str, float | None] = dict.fromkeys(wanted)
    norms = Norms(run) if wanted else None
    for step in dict.fromkeys(one.step for one in wanted.values()):
        if norms is not None and (step is None or step <= norms.n_steps):
            seen = RunMetrics(run, step, norms)
            found |= {name: RUN_METRICS[one.measure](seen) for name, one in wanted.items() if one.step == step}
    return found


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
