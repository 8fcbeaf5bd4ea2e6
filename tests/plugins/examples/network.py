"""Two towers, one for each operand, whose outputs are multiplied."""

from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor, nn

import grokterm

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


@grokterm.network("two_towers")
class TwoTowers(nn.Module):
    def __init__(
        self,
        n_elements: int,
        *,
        width: Annotated[int, Field(ge=1, description="Neurons of each tower.")] = 64,
        activation: Literal["relu", "tanh"] = "relu",
    ) -> None:
        super().__init__()
        self.left, self.right = (nn.Embedding(n_elements, width) for _ in range(2))
        self.activation = ACTIVATIONS[activation]()
        self.readout = nn.Linear(width, n_elements, bias=False)

    def forward(self, operands: Tensor) -> Tensor:
        a, b = operands.unbind(dim=1)
        return self.readout(self.activation(self.left(a) * self.right(b)))
