"""The metrics of a saved run's network at a step, those that take the whole run included."""

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from math import isfinite, nan
from typing import Any

import numpy as np

from grokterm.analysis.circles import circularity
from grokterm.analysis.matrices import effective_rank, mean_effective_rank, sparsity
from grokterm.experiment.expectation import MetricAtStep
from grokterm.experiment.metrics import EVALUATION_METRICS, METRICS, METRICS_IN_ORDER, SEEN_METRICS
from grokterm.experiment.recording.inspected import Inspected
from grokterm.inspection import missing
from grokterm.inspection.symmetricity import gradient_symmetricity
from grokterm.inspection.training_loss import TrainingLoss
from grokterm.optim.losses import loss_of
from grokterm.runs.results.norms import Norms, ReplayTo, in_silence
from grokterm.runs.store import Run


class RunMetrics:
    """A saved network at one step, with its metrics, each computed when first read; the errors are those of `replay`."""

    def __init__(
        self, run: Run, step: int | None, norms: Norms, replay_to: ReplayTo = in_silence, *, with_hessian: bool = False
    ) -> None:
        trainer = replay_to(run, step)
        measured = trainer.trainable.measure().numbers.tolist()
        self.run = run
        self.with_hessian = with_hessian  # in reports: it may take long
        self.norms = norms
        self.analysis = trainer.analyze()
        self.network = trainer.trainable.network
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

    @cached_property
    def training_loss(self) -> TrainingLoss | None:
        """The loss to differentiate; None if it cannot be, or the weights are not finite."""
        experiment, snapshot = self.run.experiment, self.analysis.snapshot
        if missing.no_gradient(experiment.model) or not isfinite(self.analysis.parameter_norm):
            return None
        return TrainingLoss(self.network, loss_of(experiment.loss), snapshot)

    @cached_property
    def gradient(self) -> Mapping[str, np.ndarray]:
        """The gradient of the training loss, by parameter; empty without one."""
        return {} if self.training_loss is None else self.training_loss.gradient()

    @cached_property
    def hessian_eigenvalue(self) -> float | None:
        """The largest of the training loss; None without one, or if it is not found."""
        return None if self.training_loss is None else self.training_loss.largest_eigenvalue()

    @property
    def layers(self) -> dict[str, dict[str, float | None]]:
        """The metrics of each parameter; None where it has none, as a bias no rank and a frozen one no gradient."""
        if not isfinite(self.analysis.parameter_norm):
            return {}
        return {
            name: {
                "norm": float(np.linalg.norm(values.astype(np.float64))),
                "effective_rank": effective_rank(values) if values.ndim == 2 else None,
                "weight_sparsity": sparsity({name: values}),
                "gradient_sparsity": sparsity({name: self.gradient[name]}) if name in self.gradient else None,
            }
            for name, values in self.analysis.snapshot.parameters.items()
        }

    def shows(self, name: str) -> bool:
        """Tell whether a report has the metric: the Hessian has to be asked for."""
        return self.with_hessian or name != "hessian_eigenvalue"

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
            "preset": self.run.preset,
            "step": self.step,
            "operation": dataset.operation,
            "modulus": dataset.modulus,
            **self.evaluation,
            **json.loads(self.inspected.model_dump_json(exclude={"record", "step"})),
            "n_matched": self.n_matched,
            "representations": self.analysis.representations or None,
            **{name: self.value(name) for name in RUN_METRICS if self.shows(name)},
            "layers": self.layers,
        }


def _norm_growth(metrics: RunMetrics) -> float | None:
    now, before = metrics.inspected.parameter_norm, metrics.norms.initial
    return now / before if now is not None and before else None


def _effective_rank(metrics: RunMetrics) -> float | None:
    analysis = metrics.analysis
    return mean_effective_rank(analysis.snapshot.parameters) if isfinite(analysis.parameter_norm) else None


def _weight_sparsity(metrics: RunMetrics) -> float | None:
    analysis = metrics.analysis
    return sparsity(analysis.snapshot.parameters) if isfinite(analysis.parameter_norm) else None


def _gradient_symmetricity(metrics: RunMetrics) -> float | None:
    if not isfinite(metrics.analysis.parameter_norm):
        return None
    return gradient_symmetricity(metrics.network, metrics.analysis.snapshot)


def _circularity(metrics: RunMetrics) -> float | None:
    components = metrics.analysis.components
    return circularity(components) if components is not None else None


def _component_share(metrics: RunMetrics) -> float | None:
    components = metrics.analysis.components
    return float(components.shares[:2].sum()) if components is not None and len(components.shares) else None


RUN_METRICS: dict[str, Callable[[RunMetrics], float | None]] = {
    "gradient_symmetricity": _gradient_symmetricity,
    "circularity": _circularity,
    "component_share": _component_share,
    "effective_rank": _effective_rank,
    "weight_sparsity": _weight_sparsity,
    "gradient_sparsity": lambda metrics: sparsity(metrics.gradient),
    "hessian_eigenvalue": lambda metrics: metrics.hessian_eigenvalue,
    "norm_growth": _norm_growth,
    "memorized_norm": lambda metrics: metrics.norms.memorized,
    "late_norm": lambda metrics: metrics.norms.late,
}
"""The metrics that take a saved run, and those that would slow a training down.

`grokterm.inspection.metrics` has the others, which a training journals.
"""


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
