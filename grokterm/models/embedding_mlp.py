"""Multilayer perceptron over embedded tokens."""

from functools import reduce

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from grokterm.experiment.architectures.embedding_mlp import EmbeddingMLPModel
from grokterm.models.hook_points import HookPoint
from grokterm.models.initial import normal, uniform
from grokterm.models.layers import Layer
from grokterm.models.network import TokenFeatures
from grokterm.models.products import linear
from grokterm.models.rng import Rng
from grokterm.models.sequences import TokenNetwork
from grokterm.tasks.randomness import generator

OPERANDS = ("left", "right", "third")


class EmbeddingMLP(TokenNetwork):
    """f(a, b) = W φ(... φ(W1 [E(a); E(op); E(b); E(=)] + b1) ...) + b, φ = ReLU (the efficiency report's)."""

    def __init__(self, settings: EmbeddingMLPModel, n_elements: int, seed: int, n_operands: int = 2) -> None:
        super().__init__(settings, n_elements, n_operands)
        n_tokens, width, d_model = settings.n_tokens(n_elements), settings.width, settings.d_model
        inputs, self.n_activations = self.n_prompt * d_model, width

        rng = generator(seed, "weights")
        self.embedding = normal(rng, n_tokens, d_model)
        self.first = uniform(rng, inputs, width, inputs=inputs)
        self.first_bias = uniform(rng, width, inputs=inputs)
        hidden = range(settings.depth - 1)
        self.hidden = nn.ParameterList(uniform(rng, width, width, inputs=width) for _ in hidden)
        self.hidden_biases = nn.ParameterList(uniform(rng, width, inputs=width) for _ in hidden)
        self.readout = uniform(rng, width, n_tokens, inputs=width)
        self.readout_bias = uniform(rng, n_tokens, inputs=width)

        names = [f"hidden layer {number + 1}" for number in range(settings.depth)]
        self.before = nn.ModuleList(HookPoint(f"{name} before φ") for name in names)
        self.after = nn.ModuleList(HookPoint(f"{name} after φ") for name in names)

        self.layers = (
            Layer("embedding", "token embedding"),
            Layer("first", "embedding to hidden", rows=f"embeddings of {', '.join(self.prompt.split()[:-1])} and ="),
            *(Layer(f"hidden.{number}", "hidden to hidden", rows="neurons of the layer before") for number in hidden),
            Layer("readout", "answer", transposed=True),
        )

    def token_features(self, n_equations: int) -> TokenFeatures:
        """Return each residue's contribution to the first layer as each operand, and the constant rest: op, = and bias."""
        del n_equations
        *parts, from_equals = self.first.chunk(self.n_prompt)
        residues = self.embedding[: self.n_elements]
        equals, operator = self.embedding[self.n_elements], self.embedding[self.n_elements + 1]
        from_operands, from_operators = parts[::2], parts[1::2]
        operators = reduce(torch.add, [operator @ part for part in from_operators])
        return {
            **{name: linear(residues, part) for name, part in zip(OPERANDS, from_operands, strict=False)},
            "signs": operators + equals @ from_equals + self.first_bias,
        }

    def forward(
        self, tokens: Int[Tensor, "batch tokens"], rng: Rng | None = None, token_features: TokenFeatures | None = None
    ) -> Float[Tensor, "batch classes"]:
        """Score every token as the answer."""
        token_features = self.token_features(len(tokens)) if token_features is None else token_features
        places = zip(OPERANDS, tokens.unbind(dim=-1)[:-1:2], strict=False)
        operands = reduce(torch.add, [functional.embedding(operand, token_features[name]) for name, operand in places])
        hidden = self._activate(0, operands + token_features["signs"])
        for number, (weight, bias) in enumerate(zip(self.hidden, self.hidden_biases, strict=True), start=1):
            hidden = self._activate(number, linear(hidden, weight, bias))
        return linear(hidden, self.readout, self.readout_bias)

    def _activate(self, number: int, preactivations: Float[Tensor, "batch width"]) -> Float[Tensor, "batch width"]:
        activations: Tensor = self.after[number](self.before[number](preactivations).relu())
        return activations
