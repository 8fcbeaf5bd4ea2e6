"""Signum: gradient descent by the sign of a momentum (Bernstein, 2018, arXiv:1802.04434)."""

from typing import Annotated

from pydantic import Field
from torch import Tensor

import grokterm

Share = Annotated[float, Field(ge=0, lt=1, description="β of the momentum: m ← β m + (1 − β) g.")]


@grokterm.update_rule("signum", state=("momentum",))
def signum(
    weight: Tensor,
    grad: Tensor,
    state: dict[str, Tensor],
    *,
    learning_rate: float = 1e-3,
    weight_decay: float = 0.01,
    beta: Share = 0.9,
) -> tuple[Tensor, dict[str, Tensor]]:
    momentum = beta * state["momentum"] + (1 - beta) * grad
    return (1 - learning_rate * weight_decay) * weight - learning_rate * momentum.sign(), {"momentum": momentum}
