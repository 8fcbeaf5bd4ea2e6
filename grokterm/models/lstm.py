"""Long short-term memory over the tokens of an equation."""

from typing import ClassVar, cast

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from grokterm.experiment.architectures.lstm import LSTMModel
from grokterm.models.draws import Draw
from grokterm.models.dropout import dropped
from grokterm.models.hook_points import HookPoint
from grokterm.models.initial import normal, uniform
from grokterm.models.layers import Layer
from grokterm.models.network import TokenFeatures
from grokterm.models.products import linear
from grokterm.models.sequences import TokenNetwork
from grokterm.tasks.randomness import generator


class Recurrence(nn.Module):
    """One layer. Its gates stand side by side: input, forget, candidate, output."""

    def __init__(self, width: int, draw: np.random.Generator) -> None:
        super().__init__()
        self.input = uniform(draw, width, 4 * width, inputs=width)
        self.recurrent = uniform(draw, width, 4 * width, inputs=width)
        # Two biases that are only ever added: torch.nn.LSTM has both, and each is decayed and moved by its own.
        self.input_bias = uniform(draw, 4 * width, inputs=width)
        self.recurrent_bias = uniform(draw, 4 * width, inputs=width)

    def project(self, values: Float[Tensor, "... inputs"]) -> Float[Tensor, "... gates"]:
        """Work out what each input adds to the gates, which does not depend on what was read before."""
        return linear(values, self.input, self.input_bias + self.recurrent_bias)

    def forward(self, projected: Float[Tensor, "batch tokens gates"]) -> Float[Tensor, "batch tokens width"]:
        """Read the tokens one by one: c = f c + i g, h = o tanh(c)."""
        first, *others = projected.unbind(dim=1)
        enter, _, candidate, leave = first.chunk(4, dim=-1)  # the memory is empty, and there is nothing to forget
        memory = enter.sigmoid() * candidate.tanh()
        said = [leave.sigmoid() * memory.tanh()]
        for gates in others:
            enter, keep, candidate, leave = (gates + linear(said[-1], self.recurrent)).chunk(4, dim=-1)
            memory = keep.sigmoid() * memory + enter.sigmoid() * candidate.tanh()
            said.append(leave.sigmoid() * memory.tanh())
        return torch.stack(said, dim=1)


class LSTM(TokenNetwork):
    """Layers of memory over embedded tokens, and a readout without bias (the efficiency report's)."""

    cpu_block_rows: ClassVar[int] = 1000  # two threads share a batch of 512

    def __init__(self, settings: LSTMModel, modulus: int, seed: int) -> None:
        super().__init__(settings, modulus)
        width, n_tokens = settings.d_model, settings.n_tokens(modulus)
        self.positions = self.n_shown
        self.dropout = settings.dropout

        draw = generator(seed, "weights")
        self.embedding = normal(draw, n_tokens, width)
        recurrences = nn.ModuleList(Recurrence(width, draw) for _ in range(settings.n_layers))
        self.recurrences = cast("list[Recurrence]", recurrences)
        self.readout = uniform(draw, width, n_tokens, inputs=width)
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
        """Work out what each token adds to the gates of the first layer."""
        del n_equations
        return {"gates": self.recurrences[0].project(self.embedding)}

    def forward(
        self, tokens: Int[Tensor, "batch tokens"], draw: Draw | None = None, token_features: TokenFeatures | None = None
    ) -> Float[Tensor, "batch ... classes"]:
        """Score every token as what comes next."""
        token_features = self.token_features(len(tokens)) if token_features is None else token_features
        (first, state), *others = zip(self.recurrences, self.states, strict=True)
        said: Tensor = state(first(functional.embedding(tokens, token_features["gates"])))
        for recurrence, state in others:
            said = state(recurrence(recurrence.project(dropped(said, self.dropout, draw))))
        return linear(said[:, -self.n_scored :], self.readout).squeeze(dim=1)
