"""What the network is asked to make small, a row at a time: training takes the mean over rows, evaluation the sum.

To add one, write a function and list it in LOSSES.
"""

from collections.abc import Callable
from typing import TypeAlias

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

Loss: TypeAlias = Callable[[Float[Tensor, "batch classes"], Int[Tensor, " batch"]], Float[Tensor, " batch"]]


def mse(scores: Float[Tensor, "batch classes"], answers: Int[Tensor, " batch"]) -> Float[Tensor, " batch"]:
    """Squared error against the one-hot answer, mean over classes."""
    minus_one = scores.new_full((1, 1), -1.0).expand(len(answers), 1)
    return scores.scatter_add(1, answers.unsqueeze(1), minus_one).square().mean(dim=1)


def cross_entropy(scores: Float[Tensor, "batch classes"], answers: Int[Tensor, " batch"]) -> Float[Tensor, " batch"]:
    """Negative log-probability of the answer, in nats."""
    return functional.cross_entropy(scores, answers, reduction="none")


LOSSES: dict[str, Loss] = {"mse": mse, "cross_entropy": cross_entropy}
