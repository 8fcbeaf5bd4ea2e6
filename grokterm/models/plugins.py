"""Networks from outside the package."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from grokterm.errors import PluginError
from grokterm.experiment.architectures.plugin import PluginModel
from grokterm.experiment.kinds import by_kind
from grokterm.experiment.model import MODELS
from grokterm.experiment.signatures import arguments_of, settings_class
from grokterm.models.build import ARCHITECTURES
from grokterm.models.layers import Layer
from grokterm.models.network import Network, TokenFeatures
from grokterm.models.rng import Rng
from grokterm.plugins.registry import blamed, check_name, provide
from grokterm.tasks.randomness import generator

Written = TypeVar("Written", bound=type[nn.Module])

GIVEN = ("n_elements", "n_operands")
"""Arguments of a constructor that are no settings: how many residues there are, and how many operands are read."""

MOST_TRIED = 16  # equations with which a network is tried


def network(name: str) -> Callable[[Written], Written]:
    """Add a network: an nn.Module, called with operands (batch, n_operands), that returns scores (batch, n_elements).

    Its constructor is given `n_elements` and, if it asks for it, `n_operands`, without which it reads two. All other arguments
    need a type and a default, and become settings of the model; `Annotated[int, pydantic.Field(ge=1, description="...")]` adds
    bounds and what the form says. Its initial weights may be random: torch's generator is seeded by the run.

    Raises:
        PluginError: if the name is taken, or an argument cannot be a setting.
    """
    check_name("network", name, ARCHITECTURES)

    def add(kind: Written) -> Written:
        what = f"network {name}"
        if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
            raise PluginError(f"{what} must be a class of nn.Module, not {kind!r}")
        arguments = arguments_of(what, kind)
        if "n_elements" not in arguments:
            raise PluginError(f"{what}: its constructor must take n_elements, the number of residues that it reads and scores")
        own = [one for one in arguments.values() if one.name not in GIVEN]
        made = settings_class(what, name, own, PluginModel, kind="architecture")
        made.reads_three = "n_operands" in arguments
        provide("network", name, kind)
        MODELS[:] = (by_kind(MODELS, "architecture") | {name: made}).values()
        ARCHITECTURES[name] = partial(PluginNetwork, kind)
        return kind

    return add


class PluginNetwork(Network):
    """Runs a module from a plugin, which is tried once: it has to be a function of its weights and of one equation a row.

    Raises:
        PluginError: if it fails, returns something else, or cannot be trained and repeated.
    """

    def __init__(self, kind: type[nn.Module], settings: PluginModel, n_elements: int, seed: int, n_operands: int = 2) -> None:
        super().__init__()
        self.name = settings.architecture
        given = {"n_elements": n_elements, **({"n_operands": n_operands} if settings.reads_three else {})}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(generator(seed, "weights").integers(2**63)))
            with blamed(f"network {self.name}"):
                self.module = kind(**given, **settings.own)
            self.frozen = frozenset(name for name, weight in self.named_parameters() if not weight.requires_grad)
            self.n_activations = self._try(n_elements, n_operands)
        self.layers = tuple(_layers(self, n_elements))

    def forward(
        self, tokens: Int[Tensor, "batch tokens"], rng: Rng | None = None, token_features: TokenFeatures | None = None
    ) -> Float[Tensor, "batch elements"]:
        """Score every residue as the answer to each equation."""
        scores: Tensor = self._call(tokens)
        return scores

    def _call(self, tokens: Tensor) -> Any:  # noqa: ANN401 - whatever it returns, when it is tried
        with blamed(f"network {self.name}"):
            return self.module(tokens)

    def _try(self, n_elements: int, n_operands: int) -> int:
        """Refuse what cannot be trained; return the numbers of an equation at the widest place."""
        rows = torch.arange(min(MOST_TRIED, n_elements))
        tokens = (rows[:, None] * torch.arange(1, n_operands + 1)) % n_elements
        widths = [n_elements]

        def see(_module: nn.Module, _inputs: object, output: object) -> None:
            if isinstance(output, Tensor):
                widths.append(output.numel() // len(rows))

        hooks = [module.register_forward_hook(see) for module in self.module.modules()]
        scores = self._call(tokens)
        for hook in hooks:
            hook.remove()
        wanted = (len(rows), n_elements)
        if not isinstance(scores, Tensor) or scores.shape != wanted or not scores.is_floating_point():
            seen = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
            raise PluginError(
                f"network {self.name} must return scores of {wanted}, a row an equation, a column a residue, not {seen}"
            )
        if not torch.equal(scores.nan_to_num(), self._call(tokens).nan_to_num()):
            raise PluginError(
                f"network {self.name} draws random numbers when it is called, as dropout does: a run could not be repeated"
            )
        if not torch.allclose(scores[:1], self._call(tokens[:1]), rtol=1e-3, atol=1e-4, equal_nan=True):
            raise PluginError(
                f"network {self.name} mixes the equations of a batch, as batch normalization does: each must be scored alone"
            )
        self._try_gradient(scores)
        return max(widths)

    def _try_gradient(self, scores: Tensor) -> None:
        trained = {name: weight for name, weight in self.named_parameters() if weight.requires_grad}
        if not trained:
            raise PluginError(f"network {self.name} has no parameter to train")
        if twice := {name for name, _ in self.named_parameters(remove_duplicate=False)} - {*trained, *self.frozen}:
            raise PluginError(
                f"network {self.name} has a parameter under two names, one of them {min(twice)}: use it under one"
            )
        with blamed(f"network {self.name}"):
            grads = torch.autograd.grad(scores.sum(), list(trained.values()), allow_unused=True)
        if unused := [name for name, grad in zip(trained, grads, strict=True) if grad is None]:
            raise PluginError(f"network {self.name} does not use its parameter {unused[0]}: leave it out")


def _layers(network: PluginNetwork, n_elements: int) -> Collection[Layer]:
    """Describe the matrices by their shapes: one side is the residues, or none is."""
    found = []
    for name, weight in network.named_parameters():
        if weight.ndim != 2:
            continue
        owner, label = network.get_submodule(name.rpartition(".")[0]), name.removeprefix("module.")
        n_rows, n_columns = weight.shape
        if n_rows == n_elements or (isinstance(owner, nn.Embedding) and n_rows > n_elements):
            found.append(Layer(name, label))
        elif n_columns == n_elements:
            found.append(Layer(name, label, transposed=True))
        else:  # torch stores a row a neuron
            found.append(Layer(name, label, rows="inputs", transposed=isinstance(owner, nn.Linear)))
    if not found:
        raise PluginError(f"network {network.name} has no matrix among its parameters, and the lab shows nothing else")
    return found
