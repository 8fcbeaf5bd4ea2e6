"""Multilayer perceptron over two one-hot operands."""

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from grokterm.analysis.analytic import exact_blocks
from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.models.activations import ACTIVATIONS
from grokterm.models.batch_norm import BatchNorm, moments
from grokterm.models.dropout import dropout
from grokterm.models.hook_points import HookPoint
from grokterm.models.initial import normal, parameter
from grokterm.models.layers import Layer
from grokterm.models.network import Network, TokenFeatures
from grokterm.models.products import linear
from grokterm.models.rng import Rng
from grokterm.models.scalings import SCALINGS
from grokterm.tasks.randomness import generator
from grokterm.tasks.sum_forms import SumForm

PARAMETERS = {"first": ("left", "right", "first_norm"), "hidden": ("hidden", "hidden_norm"), "readout": ("readout",)}
"""Parameters, or modules that hold them, of each layer that `model.frozen` can name."""


class MLP(Network):
    """f(a, b) = W2 φ(W1 [a; b]): two one-hot operands, one or two hidden layers, no bias (Gromov, 2023).

    With a `form` its initial weights are the exact solution of that sum, otherwise random.
    """

    def __init__(self, settings: MLPModel, modulus: int, seed: int, form: SumForm | None = None) -> None:
        super().__init__()
        p, width = modulus, settings.width
        scaling = SCALINGS[settings.scaling]
        self.n_activations = width
        self.dropout = settings.dropout
        self.normalizes_batches = settings.normalization == "batch"
        self.activation = ACTIVATIONS[settings.activation]
        self.first_scale = scaling.first(p, width)
        self.hidden_scale = scaling.hidden(p, width)
        self.readout_scale = scaling.readout(p, width)

        rng = generator(seed, "weights")

        def weight(rows: int, columns: int, inputs: int) -> nn.Parameter:
            return normal(rng, rows, columns, deviation=scaling.deviation(inputs, width))

        if form is None:
            self.left, self.right = weight(p, width, inputs=2 * p), weight(p, width, inputs=2 * p)
            self.hidden = weight(width, width, inputs=width) if settings.depth > 1 else None
            self.readout = weight(width, p, inputs=width)
        else:
            exact = exact_blocks(form, width, scaling.exact_amplitude(p, width), rng)
            self.left, self.right, self.readout = map(parameter, (exact.first, exact.second, exact.answer.T))
            self.hidden = None
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
        frozen = [name for layer in settings.frozen for name in PARAMETERS[layer]]
        self.frozen = frozenset(name for name, _ in self.named_parameters() if name.partition(".")[0] in frozen)

    def forward(
        self, tokens: Int[Tensor, "batch 2"], rng: Rng | None = None, token_features: TokenFeatures | None = None
    ) -> Float[Tensor, "batch modulus"]:
        """Score every residue as the answer to each pair of operands."""
        hidden = self._activate(0, self._first_layer(tokens), self.first_norm, rng)
        if self.hidden is not None:
            hidden = self._activate(1, linear(hidden, self.hidden_scale * self.hidden), self.hidden_norm, rng)
        return linear(hidden, self.readout_scale * self.readout)

    def statistics(self, tokens: Int[Tensor, "train 2"]) -> dict[str, Tensor]:
        """Return the moments of every batch normalization over the training set, without dropout."""
        if self.first_norm is None:
            return {}
        preactivations = self._first_layer(tokens)
        by_norm = {"first_norm": moments(preactivations)}
        if self.hidden is not None:
            hidden = self.activation(self.first_norm(preactivations, over_batch=True))
            by_norm["hidden_norm"] = moments(linear(hidden, self.hidden_scale * self.hidden))
        return {f"{norm}.{name}": value for norm, buffers in by_norm.items() for name, value in buffers.items()}

    def _first_layer(self, tokens: Int[Tensor, "batch 2"]) -> Float[Tensor, "batch width"]:
        left, right = tokens.unbind(dim=-1)
        # Scales p rows before the lookup instead of one row per equation after it.
        from_left, from_right = self.first_scale * self.left, self.first_scale * self.right
        return functional.embedding(left, from_left) + functional.embedding(right, from_right)

    def _activate(
        self, number: int, preactivations: Float[Tensor, "batch width"], norm: BatchNorm | None, rng: Rng | None
    ) -> Float[Tensor, "batch width"]:
        normalized = preactivations if norm is None else norm(preactivations, over_batch=rng is not None)
        return dropout(self.after[number](self.activation(self.before[number](normalized))), self.dropout, rng)
