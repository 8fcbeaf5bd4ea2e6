"""Equations as token sequences.

Tokens: the residues 0 .. p - 1, then =, the operator and <eos>. A larger vocabulary adds unused tokens.
"""

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from grokterm.experiment.architectures.tokens import TokenModel
from grokterm.models.network import Network
from grokterm.tasks.equations import Equations

SIGNS = ("=", "op", "<eos>")  # the tokens that are not residues


def tokenize(equations: Equations, template: str, n_elements: int) -> Int64[Tensor, "equations tokens"]:
    """Return the tokens of equations written like `template`, such as "<eos> a op b = c"."""
    left, right = equations.operands.T
    signs = {sign: n_elements + number for number, sign in enumerate(SIGNS)}
    tokens = {"a": left, "b": right, "c": equations.answers, **signs}
    columns = [np.broadcast_to(tokens[symbol], len(equations)) for symbol in template.split()]
    return torch.from_numpy(np.stack(columns, axis=1).astype(np.int64))


class TokenNetwork(Network):
    """A next-token network: reads the prompt of an equation and predicts what follows."""

    def __init__(self, settings: TokenModel, n_elements: int) -> None:
        super().__init__()
        self.prompt, self.target, self.n_elements = settings.prompt, settings.target, n_elements
        self.n_prompt, self.n_scored = len(self.prompt.split()), len(self.target.split())

    def encode(self, equations: Equations) -> tuple[Int64[Tensor, "equations tokens"], Int64[Tensor, "equations ..."]]:
        """Return the prompt tokens, and the target tokens at the last one or two positions."""
        targets = tokenize(equations, self.target, self.n_elements)
        return tokenize(equations, self.prompt, self.n_elements), targets.squeeze(dim=1)
