"""How an equation is written as tokens.

The residues are the tokens 0 .. p - 1, then come =, the operator and <eos>; further tokens are never seen.
"""

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from grokterm.experiment.architectures.tokens import TokenModel
from grokterm.models.network import Network
from grokterm.tasks.dataset import Equations

SIGNS = ("=", "op", "<eos>")
"""The token_features that are the same in every equation."""


def write(equations: Equations, text: str, modulus: int) -> Int64[Tensor, "equations tokens"]:
    """Write every equation in the token_features of `text`, such as "<eos> a op b = c"."""
    left, right = equations.operands.T
    signs = {word: modulus + number for number, word in enumerate(SIGNS)}
    tokens = {"a": left, "b": right, "c": equations.answers, **signs}
    columns = [np.broadcast_to(tokens[word], len(equations)) for word in text.split()]
    return torch.from_numpy(np.stack(columns, axis=1).astype(np.int64))


class TokenNetwork(Network):
    """A network that is shown an equation as tokens, and scores every token as what comes after the last of them."""

    def __init__(self, settings: TokenModel, modulus: int) -> None:
        super().__init__()
        self.shown, self.right, self.modulus = settings.shown, settings.right, modulus
        self.n_shown, self.n_scored = len(self.shown.split()), len(self.right.split())

    def encode(self, equations: Equations) -> tuple[Int64[Tensor, "equations tokens"], Int64[Tensor, "equations ..."]]:
        """Write what is shown, and what is right at the last position or at each of the last two."""
        right = write(equations, self.right, self.modulus)
        return write(equations, self.shown, self.modulus), right.squeeze(dim=1)
