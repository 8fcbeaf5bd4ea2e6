"""The numbers of `grokterm inspect`: what each is called, how it is written, what noise would show and what it means."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite, log, sqrt

from grokterm.reports.diagnosis import ipr_of_noise, matched_share_of_noise
from grokterm.runs.metrics import RUN_METRICS, RunMetrics

Reading = Callable[[RunMetrics], float | None]


def _chance(seen: RunMetrics) -> float | None:
    analysis = seen.analysis
    return analysis.operation.chance(analysis.modulus, analysis.snapshot.dataset.seed)


def _loss_of_chance(seen: RunMetrics) -> float | None:
    return log(seen.analysis.modulus) if seen.analysis.form is not None else None


def _resultant_of_noise(seen: RunMetrics) -> float | None:
    return 1 / sqrt(seen.n_matched) if seen.phase and seen.n_matched else None


def _median_score(seen: RunMetrics) -> float | None:
    scores = seen.inspected.logit_quantiles
    return scores[len(scores) // 2] if scores and isfinite(scores[len(scores) // 2]) else None


READINGS: Mapping[str, Reading] = {
    "train_accuracy": lambda seen: seen.evaluation["train_accuracy"],
    "val_accuracy": lambda seen: seen.evaluation["val_accuracy"],
    "median_score": _median_score,
    **RUN_METRICS,
}


@dataclass(frozen=True)
class Number:
    """One row of the table."""

    measure: str
    """Its name in READINGS."""

    label: str
    form: str
    meaning: str
    noise: Reading = lambda _: None
    """What random weights or random answers would show, where that is known."""

    def value(self, seen: RunMetrics) -> float | None:
        """Read it off a network; None where it cannot be asked."""
        return READINGS[self.measure](seen)

    def written(self, value: float) -> str:
        """Write a value; what is shown as zero has no sign."""
        text = format(value, self.form)
        return text if float(text) else text.lstrip("+-")


NUMBERS = (
    Number("train_accuracy", "train accuracy", ".4f", "training equations that are answered", _chance),
    Number("val_accuracy", "val accuracy", ".4f", "equations never trained on that are answered", _chance),
    Number("ipr", "IPR", ".3f", "1 if every neuron is one wave", ipr_of_noise),
    Number("gini", "Gini", ".3f", "0 if all frequencies are held alike, 1 if one holds everything"),
    Number(
        "matched_frequency_share",
        "matched neurons",
        ".4f",
        "those with one frequency in all three matrices; exactly solved 1",
        matched_share_of_noise,
    ),
    Number("phase_alignment.mean", "phase", "+.4f", "their mean φ1 + φ2 − φ3 in radians; exactly solved 0"),
    Number("phase_alignment.resultant", "resultant", ".4f", "1 if that phase is the same in all of them", _resultant_of_noise),
    Number("exact_fit", "exact fit", ".3f", "R² of neurons fitted by waves of one frequency; exactly solved 1"),
    Number("analytic_agreement", "agreement", ".4f", "of the table, answered with every neuron replaced by that fit", _chance),
    Number(
        "restricted_loss",
        "restricted loss",
        ".4g",
        "cross-entropy of what the key frequencies alone say, or all; falls as a circuit forms",
        _loss_of_chance,
    ),
    Number(
        "excluded_loss",
        "excluded loss",
        ".4g",
        "cross-entropy on training of what is said without them; rises as memorizing is given up",
        _loss_of_chance,
    ),
    Number("median_score", "right score", ".4g", "median score of the right answer where training is answered"),
    Number("parameter_norm", "parameter norm", ".4g", "Euclidean, of all parameters together"),
    Number("norm_growth", "norm growth", ".4g", "the same, divided by the norm at step 0"),
    Number("memorized_norm", "C_mem", ".4g", "the norm when the run had memorized"),
    Number("late_norm", "C_gen", ".4g", "the norm at 98 % of the steps"),
)
