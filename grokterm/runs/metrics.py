"""The metrics of a saved run's network at a step, those that take the whole run included."""

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from math import isfinite, nan
from typing import Any

from grokterm.experiment.expectation import MetricAtStep
from grokterm.experiment.metrics import EVALUATION_METRICS, METRICS, METRICS_IN_ORDER, SEEN_METRICS
from grokterm.experiment.records import Inspected
from grokterm.inspection import missing
from grokterm.runs.norms import Norms, ReplayTo, in_silence
from grokterm.runs.store import Run


class RunMetrics:
    """A saved network at one step, with its metrics, each computed when first read; the errors are those of `replay`."""

    def __init__(self, run: Run, step: int | None, norms: Norms, replay_to: ReplayTo = in_silence) -> None:
        trainer = replay_to(run, step)
        measured = trainer.trainable.measure().numbers.tolist()
        self.run = run
        self.norms = norms
        self.analysis = trainer.analyze()
        found = dict(zip(METRICS_IN_ORDER, measured, strict=False))
        self.evaluation = {
            name: found[name] if isfinite(found.get(name, nan)) else None for name in (*EVALUATION_METRICS, *SEEN_METRICS)
        }
        """Losses and accuracies of every side, as the training measures them; None for `seen` if it is empty."""

    @property
    def step(self) -> int:
        """Optimizer updates before it."""
        return self.analysis.step

    @cached_property
    def inspected(self) -> Inspected:
        """The metrics of the network alone."""
        return self.analysis.inspected()

    @property
    def n_matched(self) -> int | None:
        """Neurons with one frequency in all three matrices."""
        certificate = self.analysis.certificate
        return None if certificate is None else int(certificate.is_matched.sum())

    def value(self, name: str) -> float | None:
        """Return a metric by its name in METRICS; None if the network or the run lacks it."""
        if name in RUN_METRICS:
            return RUN_METRICS[name](self)
        return self.evaluation[name] if name in self.evaluation else self.inspected.metric(name)

    def why_missing(self, name: str) -> str:
        """Say in a few words why a metric is None."""
        of_network = missing.why_missing(name, self.analysis, self.run.experiment.model)
        return of_network or self.norms.why_missing(name) or METRICS[name].otherwise

    def facts(self) -> dict[str, Any]:
        """Return everything that `inspect --json` prints; None for what is missing or not finite."""
        dataset = self.analysis.snapshot.dataset
        return {
            "run": self.run.name,
            "preset": str(self.run.meta.get("preset", "")),
            "step": self.step,
            "operation": dataset.operation,
            "modulus": dataset.modulus,
            **self.evaluation,
            **json.loads(self.inspected.model_dump_json(exclude={"record", "step"})),
            "n_matched": self.n_matched,
            **{name: function(self) for name, function in RUN_METRICS.items()},
        }


def _norm_growth(metrics: RunMetrics) -> float | None:
    now, before = metrics.inspected.parameter_norm, metrics.norms.initial
    return now / before if now is not None and before else None


RUN_METRICS: dict[str, Callable[[RunMetrics], float | None]] = {
    "norm_growth": _norm_growth,
    "memorized_norm": lambda metrics: metrics.norms.memorized,
    "late_norm": lambda metrics: metrics.norms.late,
}
"""The metrics that take the whole run; `grokterm.inspection.metrics` has those of one network."""


def inspect(run: Run, wanted: Mapping[str, MetricAtStep]) -> dict[str, float | None]:
    """Measure what is expected of a run's weights, by the name in the preset; without names nothing is read.

    None if the network lacks a metric, or the run has not come to the step.

    Raises:
        CheckpointError: if the journal cannot be read, or a checkpoint is needed and there is none.
    """
    found: dict[str, float | None] = dict.fromkeys(wanted)
    norms = Norms(run) if wanted else None
    for step in dict.fromkeys(one.step for one in wanted.values()):
        if norms is not None and (step is None or step <= norms.n_steps):
            metrics = RunMetrics(run, step, norms)
            found |= {name: metrics.value(one.measure) for name, one in wanted.items() if one.step == step}
    return found
