"""Multilayer perceptron over two one-hot operands."""

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from grokterm.analysis.analytic import exact_blocks
from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.models.activations import ACTIVATIONS
from grokterm.models.batch_norm import BatchNorm, moments
from grokterm.models.draws import Draw
from grokterm.models.dropout import dropped
from grokterm.models.hook_points import HookPoint
from grokterm.models.initial import normal, parameter
from grokterm.models.layers import Layer
from grokterm.models.network import Network, TokenFeatures
from grokterm.models.products import linear
from grokterm.models.scalings import SCALINGS
from grokterm.tasks.randomness import generator
from grokterm.tasks.sum_forms import SumForm

PARAMETERS = {"first": ("left", "right", "first_norm"), "hidden": ("hidden", "hidden_norm"), "readout": ("readout",)}
"""The parameters of each layer that `model.frozen` names; a norm has two, and only some networks have it."""


class MLP(Network):
    """f(a, b) = W2 φ(W1 [a; b]): two one-hot operands, one or two hidden layers, no bias (Gromov, 2023).

    It starts from the exact solution of the sum that it is given, or else from random weights.
    """

    def __init__(self, settings: MLPModel, modulus: int, seed: int, form: SumForm | None = None) -> None:
        super().__init__()
        p, width = modulus, settings.width
        scaling = SCALINGS[settings.scaling]
        self.dropout = settings.dropout
        self.normalizes_batches = settings.normalization == "batch"
        self.activation = ACTIVATIONS[settings.activation]
        self.first_scale = scaling.first(p, width)
        self.hidden_scale = scaling.hidden(p, width)
        self.readout_scale = scaling.readout(p, width)

        draw = generator(seed, "weights")

        def weight(rows: int, columns: int, inputs: int) -> nn.Parameter:
            return normal(draw, rows, columns, deviation=scaling.deviation(inputs, width))

        if form is None:
            self.left = weight(p, width, inputs=2 * p)
            self.right = weight(p, width, inputs=2 * p)
            self.hidden = weight(width, width, inputs=width) if settings.depth > 1 else None
            self.readout = weight(width, p, inputs=width)
        else:
            exact = exact_blocks(form, width, scaling.exact_amplitude(p, width), draw)
            self.left = parameter(exact.first)
            self.right = parameter(exact.second)
            self.hidden = None
            self.readout = parameter(exact.answer.T)
        self.first_norm = BatchNorm(width) if self.normalizes_batches else None
        self.hidden_norm = BatchNorm(width) if self.normalizes_batches and settings.depth > 1 else None

        names = ["hidden layer"] if settings.depth == 1 else ["first hidden layer", "second hidden layer"]
        self.before = nn.ModuleList(HookPoint(f"{name} before φ") for name in names)
        self.after = nn.ModuleList(HookPoint(f"{name} after φ") for name in names)

        self.circuit = ("left", "right", "readout") if settings.depth == 1 else None
        self.layers = (
            Layer("left", "first operand"),
            Layer("right", "second operand"),
            *([Layer("hidden", "hidden to hidden", rows="neurons of the layer before")] if settings.depth > 1 else []),
            Layer("readout", "answer", transposed=True),
        )
        still = [name for layer in settings.frozen for name in PARAMETERS[layer]]
        self.frozen = frozenset(name for name, _ in self.named_parameters() if name.partition(".")[0] in still)

    def forward(
        self, tokens: Int[Tensor, "batch 2"], draw: Draw | None = None, token_features: TokenFeatures | None = None
    ) -> Float[Tensor, "batch modulus"]:
        """Score every residue as the answer to each pair of operands."""
        active = self._active(0, self._first_sums(tokens), self.first_norm, draw)
        if self.hidden is not None:
            active = self._active(1, self._hidden_sums(active, self.hidden), self.hidden_norm, draw)
        return linear(active, self.readout_scale * self.readout)

    def statistics(self, tokens: Int[Tensor, "train 2"]) -> dict[str, Tensor]:
        """Return the moments of every layer that is normalized; a layer sees those before it as a measurement does."""
        if self.first_norm is None:
            return {}
        sums = self._first_sums(tokens)
        found = {"first_norm": moments(sums)}
        if self.hidden is not None:
            active = self.activation(self.first_norm(sums, over_batch=True))
            found["hidden_norm"] = moments(self._hidden_sums(active, self.hidden))
        return {f"{norm}.{name}": value for norm, both in found.items() for name, value in both.items()}

    def _first_sums(self, tokens: Int[Tensor, "batch 2"]) -> Float[Tensor, "batch width"]:
        left, right = tokens.unbind(dim=-1)
        # Scaled once a residue, then gathered: p rows instead of one an equation.
        return functional.embedding(left, self.first_scale * self.left) + functional.embedding(
            right, self.first_scale * self.right
        )

    def _hidden_sums(
        self, active: Float[Tensor, "batch width"], hidden: Float[Tensor, "width width"]
    ) -> Float[Tensor, "batch width"]:
        return linear(active, self.hidden_scale * hidden)

    def _active(
        self, number: int, sums: Float[Tensor, "batch width"], norm: BatchNorm | None, draw: Draw | None
    ) -> Float[Tensor, "batch width"]:
        seen = self.before[number](sums if norm is None else norm(sums, over_batch=draw is not None))
        return dropped(self.after[number](self.activation(seen)), self.dropout, draw)
