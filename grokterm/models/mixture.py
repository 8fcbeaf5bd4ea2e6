"""A weighted sum of two trained networks, of which only the weights are learned."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from grokterm.errors import ConfigError
from grokterm.experiment.architectures.mixture import PARTS, MixtureModel
from grokterm.experiment.experiment import Experiment
from grokterm.models.hook_points import HookPoint
from grokterm.models.network import Network, TokenFeatures
from grokterm.models.rng import Rng
from grokterm.tasks.equations import Equations


@dataclass(frozen=True)
class MixturePart:
    """A trained network."""

    name: str
    """The run it is from."""

    experiment: Experiment
    network: Network


class Mixture(Network):
    """g1·g2·generalizer + m1·m2·memorizer, training only g1, g2, m1 and m2 (the efficiency report).

    g1 = m1 = 0 at the start, so g2 and m2 set how fast each part is learned.

    Raises:
        ConfigError: if the parts do not match each other or the task.
    """

    def __init__(self, settings: MixtureModel, n_elements: int, _seed: int, parts: Mapping[str, MixturePart]) -> None:
        super().__init__()
        _check_parts(n_elements, parts)
        self.generalizer, self.memorizer = (parts[role].network for role in PARTS)
        self.generalizer_weight, self.memorizer_weight = (nn.Parameter(torch.zeros(())) for _ in PARTS)
        self.generalizer_speed = nn.Parameter(torch.tensor(settings.generalizer_speed))
        self.memorizer_speed = nn.Parameter(torch.tensor(settings.memorizer_speed))
        self.frozen = frozenset(name for name, _ in self.named_parameters() if name.partition(".")[0] in PARTS)
        self.n_positions = sum(parts[role].network.n_positions for role in PARTS)
        self.n_activations = max(parts[role].network.n_activations for role in PARTS)
        self.n_scored = self.generalizer.n_scored
        self.layers = tuple(
            replace(layer, parameter=f"{role}.{layer.parameter}", label=f"{role} · {layer.label}")
            for role in PARTS
            for layer in parts[role].network.layers
        )
        # Logits of a part that was trained with MSE, else probabilities.
        has_logits = [parts[role].experiment.loss.kind == "mse" for role in PARTS]
        self._outputs: list[Callable[[Tensor], Tensor]] = [nn.Identity() if mse else nn.Softmax(dim=-1) for mse in has_logits]

    @property
    def hook_points(self) -> dict[str, HookPoint]:
        """The hook points of both parts."""
        networks = zip(PARTS, (self.generalizer, self.memorizer), strict=True)
        return {f"{role} · {label}": point for role, network in networks for label, point in network.hook_points.items()}

    def read(self, operands: Int[Tensor, "equations operands"]) -> Int[Tensor, "equations tokens"]:
        """Return the tokens that both parts read."""
        return self.generalizer.read(operands)

    def encode(self, equations: Equations) -> tuple[Int[Tensor, "equations tokens"], Int[Tensor, "equations ..."]]:
        """Encode equations; both parts share one encoding."""
        return self.generalizer.encode(equations)

    def forward(
        self, tokens: Int[Tensor, "batch tokens"], rng: Rng | None = None, token_features: TokenFeatures | None = None
    ) -> Float[Tensor, "batch ... classes"]:
        """Return the weighted sum of both parts' outputs; the frozen parts ignore `rng`."""
        networks = (self.generalizer, self.memorizer)
        generalizer, memorizer = (output(part(tokens)) for output, part in zip(self._outputs, networks, strict=True))
        return (
            self.generalizer_weight * self.generalizer_speed * generalizer
            + self.memorizer_weight * self.memorizer_speed * memorizer
        )


def _check_parts(n_elements: int, parts: Mapping[str, MixturePart]) -> None:
    equation = Equations(np.zeros((1, 2), np.int64), np.zeros(1, np.int64))
    shapes = {}
    for role, part in parts.items():
        if part.network.normalizes_batches:
            raise ConfigError(f"model.{role} must be a network without batch normalization, and {part.name} has it")
        if (other := part.experiment.task.n_elements) != n_elements:
            raise ConfigError(
                f"model.{role} must be trained on a task of {n_elements} elements, and that of {part.name} has {other}:"
                " choose another part, or set task.modulus"
            )
        tokens, answers = part.network.encode(equation)
        shapes[role] = (tokens.tolist(), answers.tolist(), part.network(tokens).shape)
    if shapes["generalizer"] != shapes["memorizer"]:
        names = " and ".join(f"{part.name} ({part.experiment.model.label})" for part in parts.values())
        raise ConfigError(f"model.generalizer and model.memorizer must read and answer alike, not {names}")
