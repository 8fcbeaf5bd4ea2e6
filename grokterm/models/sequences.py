"""Equations as token sequences.

Tokens: the residues 0 .. p - 1, then =, the operator and <eos>. A larger vocabulary adds unused tokens.
"""

import torch
from jaxtyping import Int64
from torch import Tensor

from grokterm.experiment.architectures.tokens import TokenModel
from grokterm.models.network import Network
from grokterm.tasks.equations import Equations

SIGNS = ("=", "op", "<eos>")  # the tokens that are not residues


def tokenize(
    operands: Int64[Tensor, "equations operands"], answers: Int64[Tensor, " equations"], template: str, n_elements: int
) -> Int64[Tensor, "equations tokens"]:
    """Return the tokens of equations written like `template`, such as "<eos> a op b = c"; the answer follows the operands."""
    signs = {sign: torch.full_like(answers, n_elements + number) for number, sign in enumerate(SIGNS)}
    tokens = {**dict(zip("abcd", (*operands.unbind(dim=1), answers), strict=False)), **signs}
    return torch.stack([tokens[symbol] for symbol in template.split()], dim=1)


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

    def read(self, operands: Int64[Tensor, "equations operands"]) -> Int64[Tensor, "equations tokens"]:
        """Return the tokens of the prompt, with 0 for an answer after the position that predicts it."""
        return tokenize(operands, torch.zeros_like(operands[:, 0]), self.prompt, self.n_elements)

    def encode(self, equations: Equations) -> tuple[Int64[Tensor, "equations tokens"], Int64[Tensor, "equations ..."]]:
        """Return the prompt tokens, and the target tokens at the last one or two positions."""
        operands, answers = torch.from_numpy(equations.operands), torch.from_numpy(equations.answers)
        tokens, targets = (tokenize(operands, answers, one, self.n_elements) for one in (self.prompt, self.target))
        return tokens, targets.squeeze(dim=1)
