"""A mixture of two trained networks, which learns how much of each it wants."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from grokterm.errors import ConfigError
from grokterm.experiment.architectures.mixture import PARTS, MixtureModel
from grokterm.experiment.experiment import Experiment
from grokterm.models.draws import Draw
from grokterm.models.hook_points import HookPoint
from grokterm.models.network import Network, TokenFeatures
from grokterm.tasks.dataset import Equations


@dataclass(frozen=True)
class MixturePart:
    """A network that has been trained."""

    name: str
    """The run it comes from."""

    experiment: Experiment
    network: Network


class Mixture(Network):
    """g1·g2·generalizer + m1·m2·memorizer, of which only g1, g2, m1 and m2 are trained (the efficiency report).

    With g1 = m1 = 0 at the start, g2 and m2 decide how fast each part is learned.

    Raises:
        ConfigError: if the parts do not fit each other or the task.
    """

    def __init__(self, settings: MixtureModel, modulus: int, _seed: int, parts: Mapping[str, MixturePart]) -> None:
        super().__init__()
        _check_fit(modulus, parts)
        self.generalizer, self.memorizer = (parts[role].network for role in PARTS)
        self.generalizer_weight, self.memorizer_weight = (nn.Parameter(torch.zeros(())) for _ in PARTS)
        self.generalizer_speed = nn.Parameter(torch.tensor(settings.generalizer_speed))
        self.memorizer_speed = nn.Parameter(torch.tensor(settings.memorizer_speed))
        self.frozen = frozenset(name for name, _ in self.named_parameters() if name.partition(".")[0] in PARTS)
        self.positions = sum(parts[role].network.positions for role in PARTS)
        self.n_scored = self.generalizer.n_scored
        self.layers = tuple(
            replace(layer, parameter=f"{role}.{layer.parameter}", label=f"{role} · {layer.label}")
            for role in PARTS
            for layer in parts[role].network.layers
        )
        self._says = tuple(_voice(parts[role]) for role in PARTS)

    @property
    def hook_points(self) -> dict[str, HookPoint]:
        """What can be observed of both parts."""
        parts = zip(PARTS, (self.generalizer, self.memorizer), strict=True)
        return {f"{role} · {label}": point for role, part in parts for label, point in part.hook_points.items()}

    def encode(self, equations: Equations) -> tuple[Int[Tensor, "equations tokens"], Int[Tensor, "equations ..."]]:
        """Write equations as both parts read them."""
        return self.generalizer.encode(equations)

    def forward(
        self, tokens: Int[Tensor, "batch tokens"], draw: Draw | None = None, token_features: TokenFeatures | None = None
    ) -> Float[Tensor, "batch ... classes"]:
        """Mix what both parts say; the parts are never silenced, whatever `draw` is."""
        general, memory = (say(part(tokens)) for say, part in zip(self._says, (self.generalizer, self.memorizer), strict=True))
        return (
            self.generalizer_weight * self.generalizer_speed * general + self.memorizer_weight * self.memorizer_speed * memory
        )


def _scores(scores: Tensor) -> Tensor:
    return scores


def _probabilities(scores: Tensor) -> Tensor:
    return scores.softmax(dim=-1)


def _voice(part: MixturePart) -> Callable[[Tensor], Tensor]:
    """A part whose loss compared scores with one-hot answers speaks in scores, any other in probabilities."""
    return _scores if part.experiment.loss.kind == "mse" else _probabilities


def _check_fit(modulus: int, parts: Mapping[str, MixturePart]) -> None:
    one = Equations(np.zeros((1, 2), np.int64), np.zeros(1, np.int64))
    shapes = {}
    for role, part in parts.items():
        if part.network.normalizes_batches:
            raise ConfigError(f"model.{role} must be a network without batch normalization, and {part.name} has it")
        if part.experiment.task.modulus != modulus:
            raise ConfigError(
                f"model.{role} must be trained with modulus {modulus}, and {part.name} has {part.experiment.task.modulus}:"
                " choose another part, or set task.modulus"
            )
        tokens, answers = part.network.encode(one)
        shapes[role] = (tokens.tolist(), answers.tolist(), part.network(tokens).shape)
    if shapes["generalizer"] != shapes["memorizer"]:
        names = " and ".join(f"{part.name} ({part.experiment.model.label})" for part in parts.values())
        raise ConfigError(f"model.generalizer and model.memorizer must read and answer alike, not {names}")
