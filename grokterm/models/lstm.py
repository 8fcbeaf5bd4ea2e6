"""Long short-term memory over the tokens of an equation."""

from typing import cast

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from grokterm.experiment.architectures.lstm import LSTMModel
from grokterm.models.dropout import dropout
from grokterm.models.hook_points import HookPoint
from grokterm.models.initial import normal, uniform
from grokterm.models.layers import Layer
from grokterm.models.network import TokenFeatures
from grokterm.models.products import linear
from grokterm.models.rng import Rng
from grokterm.models.sequences import TokenNetwork
from grokterm.tasks.randomness import generator


class Recurrence(nn.Module):
    """One LSTM layer. Columns of its matrices: input, forget, candidate and output gate."""

    def __init__(self, width: int, rng: np.random.Generator) -> None:
        super().__init__()
        self.input = uniform(rng, width, 4 * width, inputs=width)
        self.recurrent = uniform(rng, width, 4 * width, inputs=width)
        # As in torch.nn.LSTM: only their sum matters, but weight decay and momentum act on each.
        self.input_bias = uniform(rng, 4 * width, inputs=width)
        self.recurrent_bias = uniform(rng, 4 * width, inputs=width)

    def project(self, values: Float[Tensor, "... inputs"]) -> Float[Tensor, "... gates"]:
        """Return the inputs' contribution to the gates, which does not depend on the state."""
        return linear(values, self.input, self.input_bias + self.recurrent_bias)

    def forward(self, projected: Float[Tensor, "batch tokens gates"]) -> Float[Tensor, "batch tokens width"]:
        """Return the hidden state after each token: c = f c + i g, h = o tanh(c)."""
        first, *later = projected.unbind(dim=1)
        input_gate, _, candidate, output_gate = first.chunk(4, dim=-1)  # the cell starts at 0: nothing to forget
        cell = input_gate.sigmoid() * candidate.tanh()
        states = [output_gate.sigmoid() * cell.tanh()]
        for gates in later:
            input_gate, forget_gate, candidate, output_gate = (gates + linear(states[-1], self.recurrent)).chunk(4, dim=-1)
            cell = forget_gate.sigmoid() * cell + input_gate.sigmoid() * candidate.tanh()
            states.append(output_gate.sigmoid() * cell.tanh())
        return torch.stack(states, dim=1)


class LSTM(TokenNetwork):
    """Embedding, LSTM layers, and a readout without bias (the efficiency report's)."""

    def __init__(self, settings: LSTMModel, n_elements: int, seed: int, n_operands: int = 2) -> None:
        super().__init__(settings, n_elements, n_operands)
        width, n_tokens = settings.d_model, settings.n_tokens(n_elements)
        self.n_positions, self.n_activations = self.n_prompt, 4 * width
        self.dropout = settings.dropout

        rng = generator(seed, "weights")
        self.embedding = normal(rng, n_tokens, width)
        recurrences = nn.ModuleList(Recurrence(width, rng) for _ in range(settings.n_layers))
        self.recurrences = cast("list[Recurrence]", recurrences)
        self.readout = uniform(rng, width, n_tokens, inputs=width)
        self.states = nn.ModuleList(HookPoint(f"layer {number + 1}, state") for number in range(settings.n_layers))

        self.layers = (
            Layer("embedding", "token embedding"),
            *(
                Layer(f"recurrences.{number}.{matrix}", f"layer {number + 1}, {label}", rows=rows)
                for number in range(settings.n_layers)
                for matrix, label, rows in (
                    ("input", "input to gates", "embedding" if number == 0 else "neurons of the layer before"),
                    ("recurrent", "state to gates", "neurons"),
                )
            ),
            Layer("readout", "answer", transposed=True),
        )

    def token_features(self, n_equations: int) -> TokenFeatures:
        """Return each token's contribution to the gates of the first layer."""
        del n_equations
        return {"gates": self.recurrences[0].project(self.embedding)}

    def forward(
        self, tokens: Int[Tensor, "batch tokens"], rng: Rng | None = None, token_features: TokenFeatures | None = None
    ) -> Float[Tensor, "batch ... classes"]:
        """Score every token as the next one."""
        token_features = self.token_features(len(tokens)) if token_features is None else token_features
        (first, hook_point), *later = zip(self.recurrences, self.states, strict=True)
        states: Tensor = hook_point(first(functional.embedding(tokens, token_features["gates"])))
        for recurrence, hook_point in later:
            states = hook_point(recurrence(recurrence.project(dropout(states, self.dropout, rng))))
        return linear(states[:, -self.n_scored :], self.readout).squeeze(dim=1)
