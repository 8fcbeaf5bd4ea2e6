"""Multilayer perceptron over one-hot operands."""

from functools import reduce
from typing import cast

import torch
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

HIDDEN = ("hidden", "hidden_2", "hidden_3")
"""The matrices between hidden layers; not in a list of modules, which would put them after the readout."""

NORMS = ("first_norm", "hidden_norm", "hidden_norm_2", "hidden_norm_3")
"""The normalization of each hidden layer."""

OPERANDS = {"left": "first operand", "right": "second operand", "third": "third operand"}
"""The matrix of each operand."""

PARAMETERS = {"first": (*OPERANDS, "operands", NORMS[0]), "hidden": (*HIDDEN, *NORMS[1:]), "readout": ("readout",)}
"""Parameters, or modules that hold them, of each layer that `model.frozen` can name."""


class MLP(Network):
    """f(a, b) = W2 φ(W1 [a; b]): two one-hot operands, one to four hidden layers, no bias (Gromov, 2023).

    Operands have matrices of their own, `left`, `right` and with three operands `third`, or share one, `operands`.
    With a `form` its initial weights are the exact solution of that sum, otherwise random.
    """

    left: nn.Parameter
    right: nn.Parameter
    third: nn.Parameter
    operands: nn.Parameter

    def __init__(
        self, settings: MLPModel, n_elements: int, seed: int, form: SumForm | None = None, *, n_operands: int = 2
    ) -> None:
        super().__init__()
        p, width = n_elements, settings.width
        inputs = n_operands * p
        scaling = SCALINGS[settings.scaling]
        self.n_activations = width
        self.depth = settings.depth
        self.operand_names = ("operands",) * n_operands if settings.tied_operands else tuple(OPERANDS)[:n_operands]
        self.dropout = settings.dropout
        self.normalizes_batches = settings.normalization == "batch"
        self.activation = ACTIVATIONS[settings.activation]
        self.first_scale = scaling.first(inputs, width)
        self.hidden_scale = scaling.hidden(p, width)
        self.readout_scale = scaling.readout(p, width)

        rng = generator(seed, "weights")

        def weight(rows: int, columns: int, inputs: int) -> nn.Parameter:
            return normal(rng, rows, columns, deviation=scaling.deviation(inputs, width))

        if form is None:
            for name in dict.fromkeys(self.operand_names):
                self.register_parameter(name, weight(p, width, inputs=inputs))
            for name in HIDDEN[: settings.depth - 1]:
                self.register_parameter(name, weight(width, width, inputs=width))
            self.readout = weight(width, p, inputs=width)
        else:
            exact = exact_blocks(form, width, scaling.exact_amplitude(p, width), rng, settings.frequencies)
            self.left, self.right, self.readout = map(parameter, (exact.first, exact.second, exact.answer.T))
        for name in NORMS[: settings.depth] if self.normalizes_batches else ():
            self.register_module(name, BatchNorm(width))

        numbered = [f"{number} hidden layer" for number in ("first", "second", "third", "fourth")]
        names = ["hidden layer"] if settings.depth == 1 else numbered[: settings.depth]
        self.before = nn.ModuleList(HookPoint(f"{name} before φ") for name in names)
        self.after = nn.ModuleList(HookPoint(f"{name} after φ") for name in names)

        has_circuit = settings.depth == 1 and n_operands == 2
        self.circuit = (self.operand_names[0], self.operand_names[-1], "readout") if has_circuit else None
        labels = OPERANDS | {"operands": "both operands" if n_operands == 2 else "every operand"}
        self.layers = (
            *(Layer(name, labels[name]) for name in dict.fromkeys(self.operand_names)),
            *(Layer(name, label, rows="neurons of the layer before") for name, label in _hidden_labels(settings.depth)),
            Layer("readout", "answer", transposed=True),
        )
        frozen = [name for layer in settings.frozen for name in PARAMETERS[layer]]
        self.frozen = frozenset(name for name, _ in self.named_parameters() if name.partition(".")[0] in frozen)

    def forward(
        self, tokens: Int[Tensor, "batch operands"], rng: Rng | None = None, token_features: TokenFeatures | None = None
    ) -> Float[Tensor, "batch elements"]:
        """Score every residue as the answer to each tuple of operands."""
        hidden = self._activate(0, self._first_layer(tokens), rng)
        for number, weight in enumerate(self.hidden_weights, start=1):
            hidden = self._activate(number, linear(hidden, self.hidden_scale * weight), rng)
        return linear(hidden, self.readout_scale * self.readout)

    def statistics(self, tokens: Int[Tensor, "train operands"]) -> dict[str, Tensor]:
        """Return the moments of every batch normalization over the training set, without dropout."""
        if not self.normalizes_batches:
            return {}
        preactivations = self._first_layer(tokens)
        by_norm = {NORMS[0]: moments(preactivations)}
        for number, weight in enumerate(self.hidden_weights, start=1):
            hidden = self.activation(self._norm(number - 1)(preactivations, over_batch=True))
            preactivations = linear(hidden, self.hidden_scale * weight)
            by_norm[NORMS[number]] = moments(preactivations)
        return {f"{norm}.{name}": value for norm, buffers in by_norm.items() for name, value in buffers.items()}

    @property
    def hidden_weights(self) -> list[Float[Tensor, "width width"]]:
        """The matrices between hidden layers, without their scale."""
        return [getattr(self, name) for name in HIDDEN[: self.depth - 1]]

    def _first_layer(self, tokens: Int[Tensor, "batch operands"]) -> Float[Tensor, "batch width"]:
        # Scales p rows before the lookup instead of one row per equation after it.
        scaled = {name: self.first_scale * getattr(self, name) for name in self.operand_names}
        places = zip(tokens.unbind(dim=-1), self.operand_names, strict=True)
        return reduce(torch.add, [functional.embedding(operand, scaled[name]) for operand, name in places])

    def _activate(
        self, number: int, preactivations: Float[Tensor, "batch width"], rng: Rng | None
    ) -> Float[Tensor, "batch width"]:
        if self.normalizes_batches:
            preactivations = self._norm(number)(preactivations, over_batch=rng is not None)
        return dropout(self.after[number](self.activation(self.before[number](preactivations))), self.dropout, rng)

    def _norm(self, number: int) -> BatchNorm:
        return cast("BatchNorm", getattr(self, NORMS[number]))


def _hidden_labels(depth: int) -> list[tuple[str, str]]:
    """Return the name and the label of each matrix between hidden layers."""
    if depth == 2:
        return [(HIDDEN[0], "hidden to hidden")]
    return [(name, f"hidden layer {number + 1} to {number + 2}") for number, name in enumerate(HIDDEN[: depth - 1])]
