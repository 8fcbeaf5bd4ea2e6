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
    """Return the tokens of equations written like `template`, such as "<eos> a op b = c"; the answer follows the operands."""
    signs = {sign: n_elements + number for number, sign in enumerate(SIGNS)}
    tokens = {**dict(zip("abcd", (*equations.operands.T, equations.answers), strict=False)), **signs}
    columns = [np.broadcast_to(tokens[symbol], len(equations)) for symbol in template.split()]
    return torch.from_numpy(np.stack(columns, axis=1).astype(np.int64))


def rewritten(template: str, n_operands: int) -> str:
    """Return a template of two operands for three: "a b =" as "a b c =", and "a op b = c" as "a op b op c = d"."""
    if n_operands == 2:
        return template
    third = "op c" if "op" in template.split() else "c"
    written = {"b": f"b {third}", "c": "d"}
    return " ".join(written.get(symbol, symbol) for symbol in template.split())


class TokenNetwork(Network):
    """A next-token network: reads the prompt of an equation and predicts what follows."""

    def __init__(self, settings: TokenModel, n_elements: int, n_operands: int = 2) -> None:
        super().__init__()
        self.prompt, self.target = (rewritten(one, n_operands) for one in (settings.prompt, settings.target))
        self.n_elements = n_elements
        self.n_prompt, self.n_scored = len(self.prompt.split()), len(self.target.split())

    def encode(self, equations: Equations) -> tuple[Int64[Tensor, "equations tokens"], Int64[Tensor, "equations ..."]]:
        """Return the prompt tokens, and the target tokens at the last one or two positions."""
        targets = tokenize(equations, self.target, self.n_elements)
        return tokenize(equations, self.prompt, self.n_elements), targets.squeeze(dim=1)
