"""The gradient of any network, compiled beside the training, which goes on by autograd until it is there.

Compiling takes many seconds and has crashed whole processes, so it is done in a process of its own. It fails at the price of a
line of text.
"""

import threading
from dataclasses import replace
from pickle import PickleError
from typing import Any, ClassVar

import torch
from torch import Tensor

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.optimizer import RecursiveFeatures
from grokterm.models.network import Network
from grokterm.training.autograd import Autograd, Block, Recorded, blocks_of
from grokterm.training.batches import DeviceEquations
from grokterm.training.calculus import Running
from grokterm.training.compiler import Compiler
from grokterm.training.compiling import Order
from grokterm.training.losses import loss_of
from grokterm.training.optimizers import Weights
from grokterm.training.team import Team
from grokterm.training.turn import Turn

COMPILING = " (compiling)"
"""Stands behind the engine that runs meanwhile."""


def objection(experiment: Experiment, device: torch.device) -> str:
    """Say why the gradient of an experiment cannot be compiled; empty where it can."""
    if isinstance(experiment.optimizer, RecursiveFeatures):
        return "needs a gradient to follow, and agop solves for its weights"
    if getattr(experiment.model, "dropout", 0):
        return "cannot draw what eager draws for model.dropout"
    if experiment.training.members > 1:
        return f"compiles for one network, not for training.members {experiment.training.members}"
    return "" if device.type == "cpu" else f"compiles for a cpu, not for {device.type}"


class Compiled:
    """Differentiates by autograd at first, and then by what was compiled, each size of a block from when it is there."""

    block_rows: ClassVar[None] = None

    def __init__(self, experiment: Experiment, team: Team, frozen: Weights) -> None:
        self._team, self._frozen, self._loss_settings = team, frozen, experiment.loss
        self._autograd = Autograd(team, frozen, loss_of(experiment.loss))
        self._recorded = Recorded(frozen, self._autograd.loss)
        self._compiled: dict[int, Compiler] = {}
        """What has been compiled, by the rows of a block."""

        self._compiler: Compiler | None = None
        """What is being compiled."""

        self._failure = ""
        self._is_resting = False
        self._own = threading.local()

    @property
    def running(self) -> Running:
        """What works here just now."""
        engine = "compiled" if self._compiled else "eager"
        if self._failure or self._is_resting or (self._compiled and self._compiler is None):
            return Running(engine, self._failure)
        return Running(engine + COMPILING)

    def gradient(
        self, weights: Weights, batch: DeviceEquations, turn: Turn, *, measuring: bool = False
    ) -> tuple[Weights, Tensor | None]:
        """Return the gradient of the mean loss and, if asked, what `measure` would say of this batch."""
        self._look_after_compiling(weights, batch)
        # Made anew, because one that is kept would keep this object, and so its processes, after the last reference to it.
        by_package = replace(self._autograd, differentiate=self._differentiate)
        return by_package.gradient(weights, batch, turn, measuring=measuring)

    def measure(self, values: Weights, equations: DeviceEquations) -> Tensor:
        """Return mean loss and share of right answers, as one tensor on the device, under all values of the network."""
        return self._autograd.measure(values, equations)

    def rest(self) -> None:
        """Compile no more."""
        self._is_resting = True
        if self._compiler is not None:
            self._compiler.end()

    def _look_after_compiling(self, weights: Weights, batch: DeviceEquations) -> None:
        """Take over what has been compiled, and have the next size of a block compiled."""
        if self._compiler is not None and (failure := self._compiler.outcome()) is not None:
            if failure:
                self._failure = f"not compiled: {failure}"
            else:
                self._compiled[self._compiler.n_rows] = self._compiler
            self._compiler = None
        if self._compiler is not None or self._failure or self._is_resting:
            return
        for block in blocks_of(self._team.network, batch):
            if len(block) not in self._compiled:
                own = {name: weight.clone() for name, weight in weights.items()}  # they share the memory of a vector
                try:
                    self._compiler = Compiler(Order(self._team.network, self._loss_settings, own, self._frozen, block))
                except (OSError, PickleError, AttributeError, TypeError) as error:  # no room, or a network that cannot be sent
                    self._failure = f"not compiled: {error}"
                return

    def _differentiate(self, network: Network, weights: Weights, block: Block) -> tuple[Weights, Tensor | None]:
        equations = block.equations
        if len(equations) not in self._compiled:
            return self._recorded(network, weights, block)
        n_batch = torch.tensor(float(block.n_batch))
        plain = dict(weights)  # what was compiled knows no other kind
        slopes, numbers = self._loaded(len(equations))(plain, self._frozen, equations.tokens, equations.answers, n_batch)
        return dict(zip(weights, slopes, strict=True)), numbers if block.measuring else None

    def _loaded(self, n_rows: int) -> Any:  # noqa: ANN401 - whatever torch makes of a package
        """Return what this thread has loaded for blocks of so many rows."""
        loaded = self._own.__dict__.setdefault("loaded", {})
        if n_rows not in loaded:
            loaded[n_rows] = self._compiled[n_rows].load()
        return loaded[n_rows]
