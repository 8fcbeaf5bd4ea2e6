"""Losses, one value a row; training takes their mean.

To add one, write a function and list it in LOSSES.
"""

from collections.abc import Callable
from typing import TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from grokterm.experiment.loss import Loss as LossSettings

Scores: TypeAlias = Float[Tensor, "batch classes"]
Answers: TypeAlias = Int[Tensor, " batch"]
LossFunction: TypeAlias = Callable[[Float[Tensor, "batch ... classes"], Int[Tensor, "batch ..."]], Float[Tensor, " batch"]]


def mse(scores: Scores, answers: Answers) -> Float[Tensor, " batch"]:
    """Squared error against the one-hot answer, mean over classes."""
    minus_one = scores.new_full((1, 1), -1.0).expand(len(answers), 1)
    return scores.scatter_add(1, answers.unsqueeze(1), minus_one).square().mean(dim=1)


def cross_entropy(scores: Scores, answers: Answers) -> Float[Tensor, " batch"]:
    """Negative log-probability of the answer, in nats."""
    return functional.cross_entropy(scores, answers, reduction="none")


def softmax_mse(scores: Scores, answers: Answers) -> Float[Tensor, " batch"]:
    """Squared error of the probabilities against the one-hot answer, mean over classes (the efficiency report's)."""
    return mse(scores.softmax(dim=1), answers)


def stablemax(scores: Scores, answers: Answers) -> Float[Tensor, " batch"]:
    """Cross-entropy with s(x) in place of exp(x): x + 1 above zero, 1 / (1 - x) below (Prieto 2025, arXiv:2501.04697)."""
    # The clamps keep the gradient of the branch not taken finite.
    shares = torch.where(scores >= 0, scores.clamp(min=0) + 1, 1 / (1 - scores.clamp(max=0)))
    return shares.sum(dim=1).log() - shares.gather(1, answers.unsqueeze(1)).squeeze(1).log()


LOSSES: dict[str, Callable[[Scores, Answers], Float[Tensor, " batch"]]] = {
    "mse": mse,
    "cross_entropy": cross_entropy,
    "softmax_mse": softmax_mse,
    "stablemax": stablemax,
}


def loss_of(settings: LossSettings) -> LossFunction:
    """Return the loss function of these settings; over several scored positions it is the mean."""
    function, precision = LOSSES[settings.kind], getattr(torch, settings.precision)

    def loss(scores: Tensor, answers: Tensor) -> Tensor:
        precise = torch.promote_types(scores.dtype, precision)  # keeps the float64 scores of a kernel machine
        if answers.ndim == 1:
            return function(scores.to(precise), answers)
        rows = function(scores.flatten(0, -2).to(precise), answers.flatten())
        return rows.view(len(answers), -1).mean(dim=1)

    return loss
