"""The metrics of a network: names, labels, meanings, and what a network needs to have each.

To add one, write a row in METRICS and a function under the same name in `grokterm.inspection.metrics`, or in
`grokterm.runs.results.metrics` if it takes a saved run. The report, the JSON of `inspect`, `[expect]` and the journal follow.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log, sqrt
from typing import Literal, NamedTuple

from grokterm.tasks.dataset import Dataset

EVALUATION_METRICS = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")  # of the two sides, in this order
SEEN_METRICS = ("seen_loss", "seen_accuracy")  # and of what is held out now and was trained on before, if there is any
AVERAGE_METRICS = ("average_val_loss", "average_val_accuracy")  # and of validation under averaged weights, if they are kept
METRICS_IN_ORDER = (
    *EVALUATION_METRICS,
    "parameter_norm",
    *SEEN_METRICS,
    *AVERAGE_METRICS,
)  # what an evaluation measures, in this order

Requirement = Literal[
    "matrices over residues",
    "sum of terms",
    "exact solution",
    "every score",
    "finite weights",
    "waves",
    "phases",
    "right answers",
    "differentiable loss",
    "distinct terms",
    "token embedding",
]
"""`grokterm.inspection.missing` says why a network does not meet one."""


class Noise(NamedTuple):
    """What chance depends on: the task and the network."""

    dataset: Dataset
    n_classes: int
    """Answers that the network chooses from: a network over tokens has more than residues."""

    matching_chance: float
    """That one neuron is matched by chance."""

    n_phases: int
    """How many matched neurons have phases."""


def ipr_of_noise(dataset: Dataset) -> float:
    """Return the IPR of random weights: 2 / (⌊n/2⌋ + 2) for n rows."""
    return 2 / (len(dataset.definition.index(dataset.modulus)) // 2 + 2)


def _ipr_of_noise(noise: Noise) -> float:
    return ipr_of_noise(noise.dataset)


def _matched_by_chance(noise: Noise) -> float:
    return noise.matching_chance


def _resultant_of_noise(noise: Noise) -> float | None:
    return 1 / sqrt(noise.n_phases) if noise.n_phases else None


def _accuracy_of_chance(noise: Noise) -> float:
    return noise.dataset.definition.chance(noise.dataset.modulus, noise.dataset.seed)


def _loss_of_chance(noise: Noise) -> float:
    return log(noise.n_classes)


@dataclass(frozen=True)
class Metric:
    """One number of a network. Its name is its key in METRICS."""

    label: str
    format: str
    """How to write a value, as `format` reads it."""

    meaning: str
    needs: tuple[Requirement, ...] = ("finite weights",)
    """If a network lacks the metric, the first of these that it does not meet is the reason."""

    noise: Callable[[Noise], float | None] | None = None
    """What random weights or answers show, where that is known."""

    otherwise: str = "not finite"
    """The reason if it meets every requirement."""

    expected: Literal["at a step", "of the run", "no"] = "at a step"
    """Whether `[expect]` may name it. It names accuracies too, as the last evaluation has them."""

    is_usual: bool = True
    """Whether a report that lacks it has to say so."""

    def written(self, value: float) -> str:
        """Write a value; one that is shown as zero has no sign."""
        text = format(value, self.format)
        return text if float(text) else text.lstrip("+-")


_MATRICES: tuple[Requirement, ...] = ("matrices over residues", "finite weights")
_LOSS: tuple[Requirement, ...] = ("sum of terms", "every score", "finite weights")
_CIRCUIT: tuple[Requirement, ...] = ("exact solution", "finite weights", "waves")
_GRADIENT: tuple[Requirement, ...] = ("finite weights", "differentiable loss")
_PHASE: tuple[Requirement, ...] = (*_CIRCUIT, "phases")

METRICS: dict[str, Metric] = {
    "train_accuracy": Metric(
        "train accuracy", ".4f", "training equations that are answered", noise=_accuracy_of_chance, expected="no"
    ),
    "val_accuracy": Metric(
        "val accuracy",
        ".4f",
        "equations never trained on that are answered",
        noise=_accuracy_of_chance,
        otherwise="every equation was trained on",
        expected="no",
    ),
    "seen_accuracy": Metric(
        "seen accuracy",
        ".4f",
        "equations held out now and trained on before that are answered",
        noise=_accuracy_of_chance,
        expected="no",
        is_usual=False,
    ),
    "ipr": Metric(
        "IPR",
        ".3f",
        "inverse participation ratio: 1 if every neuron is one wave",
        _MATRICES,
        _ipr_of_noise,
        otherwise="all weights over residues are zero",
    ),
    "gini": Metric(
        "Gini",
        ".3f",
        "0 if all frequencies are held alike, 1 if one holds everything",
        _MATRICES,
        otherwise="a matrix over residues is constant",
    ),
    "matched_frequency_share": Metric(
        "matched neurons",
        ".4f",
        "those with one frequency in all three matrices; exactly solved 1",
        _CIRCUIT,
        _matched_by_chance,
    ),
    "phase_alignment.mean": Metric("phase", "+.4f", "their mean φ1 + φ2 − φ3 in radians; exactly solved 0", _PHASE),
    "phase_alignment.resultant": Metric(
        "resultant", ".4f", "1 if that phase is the same in all of them", _PHASE, _resultant_of_noise
    ),
    "exact_fit": Metric("exact fit", ".3f", "R² of neurons fitted by waves of one frequency; exactly solved 1", _CIRCUIT),
    "analytic_agreement": Metric(
        "agreement", ".4f", "of the table, answered with every neuron replaced by that fit", _CIRCUIT, _accuracy_of_chance
    ),
    "restricted_loss": Metric(
        "restricted loss",
        ".4g",
        "cross-entropy of what the key frequencies alone say, or all; falls as a circuit forms",
        _LOSS,
        _loss_of_chance,
    ),
    "excluded_loss": Metric(
        "excluded loss",
        ".4g",
        "cross-entropy on training of what is said without them; rises as memorizing is given up",
        _LOSS,
        _loss_of_chance,
    ),
    "median_score": Metric(
        "right score",
        ".4g",
        "median score of the right answer where training is answered",
        ("finite weights", "right answers"),
        expected="no",
    ),
    "distance_irrelevance": Metric(
        "distance irrelevance",
        ".3f",
        "of the right score from a − b: near 1 on a clock, small on a pizza",
        ("sum of terms", "distinct terms", "finite weights"),
        otherwise="all right scores are equal",
        is_usual=False,
    ),
    "gradient_symmetricity": Metric(
        "gradient symmetricity",
        ".3f",
        "cosine of a score's gradients by both embeddings: 1 on a pizza",
        ("token embedding", "finite weights"),
        otherwise="all gradients are zero",
        is_usual=False,
    ),
    "circularity": Metric(
        "circularity", ".3f", "1 if the first matrix's principal components are waves", _MATRICES, is_usual=False
    ),
    "component_share": Metric(
        "two components", ".3f", "the share of that matrix's variance in the first two", _MATRICES, is_usual=False
    ),
    "parameter_norm": Metric("parameter norm", ".4g", "Euclidean, of all parameters together"),
    "effective_rank": Metric(
        "effective rank", ".4g", "dimensions that a matrix uses, the mean over matrices", otherwise="all matrices are zero"
    ),
    "weight_sparsity": Metric("weight sparsity", ".4f", "parameters below 1 % of the largest of their matrix"),
    "gradient_sparsity": Metric("gradient sparsity", ".4f", "the same of the training loss's gradient", _GRADIENT),
    "hessian_eigenvalue": Metric(
        "Hessian", ".4g", "largest eigenvalue of the training loss's Hessian", _GRADIENT, otherwise="not found"
    ),
    "norm_growth": Metric("norm growth", ".4g", "the same, divided by the norm at step 0"),
    "memorized_norm": Metric("C_mem", ".4g", "the norm when the run had memorized", expected="of the run"),
    "late_norm": Metric("C_gen", ".4g", "the norm at 98 % of the steps", expected="of the run"),
}
"""In the order of the report."""


def expected_metrics(*, at_step: bool = False) -> list[str]:
    """Name the metrics that `[expect]` may name, or only those that it may name at a step."""
    kinds = ("at a step",) if at_step else ("at a step", "of the run")
    return [name for name, metric in METRICS.items() if metric.expected in kinds]
