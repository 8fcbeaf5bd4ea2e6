"""What every network is to the rest of the program."""

from collections.abc import Mapping
from typing import ClassVar, TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from grokterm.models.draws import Draw
from grokterm.models.hook_points import HookPoint
from grokterm.models.layers import Layer
from grokterm.tasks.dataset import Equations

TokenFeatures: TypeAlias = Mapping[str, Tensor]
"""What every token stands for on its own, in one or more tables."""


class Network(nn.Module):
    """A module that reads equations as tokens and scores every class as the answer."""

    layers: tuple[Layer, ...] = ()
    """The matrices to look at, those next to the operands first."""

    circuit: tuple[str, str, str] | None = None
    """The layers that read the first operand, the second, and answer, where nothing but one φ lies between them."""

    frozen: frozenset[str] = frozenset()
    """Parameters that are not trained."""

    dropout: float = 0.0
    """Share of activations that training silences."""

    normalizes_batches: bool = False
    """Training scores an equation in the light of its whole batch, which must not be cut then."""

    positions: int = 1
    """How many times an equation passes through the weights: once a token for networks that read sequences."""

    n_scored: int = 1
    """How many of the last positions are scored; the first of them is the answer's."""

    cpu_block_rows: ClassVar[int] = 800
    """Equations worked on at a time on a CPU: their activations stay in the cache (p = 97, width 500: a third faster)."""

    @property
    def trains_differently(self) -> bool:
        """A pass in training is not what it is when measuring."""
        return self.dropout > 0 or self.normalizes_batches

    @property
    def hook_points(self) -> dict[str, HookPoint]:
        """What can be observed of a pass, by its label, from the operands to the answer."""
        return {module.label: module for module in self.modules() if isinstance(module, HookPoint)}

    def encode(self, equations: Equations) -> tuple[Int[Tensor, "equations tokens"], Int[Tensor, "equations ..."]]:
        """Write equations as the network reads them: its tokens, and the class that is right at each scored position."""
        return torch.from_numpy(equations.operands), torch.from_numpy(equations.answers)

    def token_features(self, n_equations: int) -> TokenFeatures:
        """Work out what tokens stand for on their own: once, however many blocks look it up, for so many equations in all."""
        del n_equations
        return {}

    def forward(
        self, tokens: Int[Tensor, "batch tokens"], draw: Draw | None = None, token_features: TokenFeatures | None = None
    ) -> Float[Tensor, "batch ... classes"]:
        """Score every class.

        `draw` makes the random choices of training, such as dropout, and is None when measuring; `token_features` are those
        that the method of this name returned, if they have been worked out.
        """
        raise NotImplementedError

    def statistics(self, tokens: Int[Tensor, "train tokens"]) -> dict[str, Tensor]:
        """Return the buffers, by name, that measuring takes from the training set under the present weights."""
        del tokens
        return {}
