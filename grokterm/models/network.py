"""The interface of every network."""

from collections.abc import Mapping
from typing import TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from grokterm.models.hook_points import HookPoint
from grokterm.models.layers import RESIDUES, Layer
from grokterm.models.rng import Rng
from grokterm.tasks.equations import Equations

TokenFeatures: TypeAlias = Mapping[str, Tensor]
"""Features computed once per token, not per equation: named lookup tables."""


# Of the widest activations of a block of equations, on a CPU: they stay in the cache. Half or twice as much costs about 5 %, so
# it follows no machine's cache, and the blocks, by which sums are added up and dropout is drawn, are the same everywhere.
BLOCK_BYTES = 2_000_000

FEWEST_ROWS = 256  # blocks of fewer would starve the matrix products


class Network(nn.Module):
    """A module that maps equations, encoded as tokens, to logits over classes."""

    layers: tuple[Layer, ...] = ()
    """The matrices to show, from the operands to the answer."""

    circuit: tuple[str, str, str] | None = None
    """Layers of the first operand, the second and the answer, if only one φ lies between them."""

    frozen: frozenset[str] = frozenset()
    """Parameters that are not trained."""

    dropout: float = 0.0
    normalizes_batches: bool = False
    """Batch statistics are used in training; do not split the batch."""

    n_positions: int = 1
    """Sequence length: how often an equation passes through the weights."""

    n_scored: int = 1
    """How many of the last positions are scored; the first of them predicts the answer."""

    n_activations: int = 1
    """Float32 activations of one equation at the widest place."""

    @property
    def hidden_matrices(self) -> frozenset[str]:
        """The matrices between hidden layers: their rows and columns are features, not operands, tokens or answers."""
        return frozenset(layer.parameter for layer in self.layers if layer.rows != RESIDUES)

    @property
    def cpu_block_rows(self) -> int:
        """Equations in a block on a CPU."""
        return max(FEWEST_ROWS, BLOCK_BYTES // (4 * self.n_activations))

    @property
    def trains_differently(self) -> bool:
        """Whether a forward pass in training differs from one in evaluation."""
        return self.dropout > 0 or self.normalizes_batches

    @property
    def hook_points(self) -> dict[str, HookPoint]:
        """Hook points by label, in the order of the forward pass."""
        return {module.label: module for module in self.modules() if isinstance(module, HookPoint)}

    def read(self, operands: Int[Tensor, "equations operands"]) -> Int[Tensor, "equations tokens"]:
        """Return the tokens that ask for the answer to these operands."""
        return operands

    def encode(self, equations: Equations) -> tuple[Int[Tensor, "equations tokens"], Int[Tensor, "equations ..."]]:
        """Return the tokens of equations and the target class at each scored position."""
        return self.read(torch.from_numpy(equations.operands)), torch.from_numpy(equations.answers)

    def token_features(self, n_equations: int) -> TokenFeatures:
        """Return features that depend on a single token, for `n_equations`; all blocks of a batch share them."""
        del n_equations
        return {}

    def forward(
        self, tokens: Int[Tensor, "batch tokens"], rng: Rng | None = None, token_features: TokenFeatures | None = None
    ) -> Float[Tensor, "batch ... classes"]:
        """Return the logits.

        `rng` is the randomness of training, such as dropout; None in evaluation. `token_features` are those of the method
        of this name, if already computed.
        """
        raise NotImplementedError

    def statistics(self, tokens: Int[Tensor, "train tokens"]) -> dict[str, Tensor]:
        """Return the buffers, by name, that evaluation needs from the training set under the current weights."""
        del tokens
        return {}
