"""The engines: where a step takes its gradient from, and how it is run.

To add one: a row in ENGINES, and its name in `grokterm.experiment.training`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from grokterm.engines import cuda_graph
from grokterm.engines.eager import AutogradGradient
from grokterm.engines.fused import gradient as fused
from grokterm.engines.fused.dense import DenseGradient
from grokterm.engines.gradient import GradientBackend
from grokterm.engines.thread_pool import ThreadPool
from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.optim.losses import loss_of
from grokterm.optim.rules import Weights


@dataclass(frozen=True)
class Engine:
    """How steps are run."""

    unsupported_reason: Callable[[Experiment, torch.device], str]
    """Why it cannot run an experiment on a device; empty where it can."""

    backend: Callable[[Experiment, ThreadPool, Weights], GradientBackend]
    """Makes what differentiates the pool's network, whose frozen weights these are."""

    replays_graphs: Callable[[torch.device], bool] = lambda device: False
    """Whether steps and measurements are captured as CUDA graphs on a device, and replayed."""


def _autograd(experiment: Experiment, pool: ThreadPool, frozen: Weights) -> GradientBackend:
    return AutogradGradient(pool, frozen, loss_of(experiment.loss))


def _fused(experiment: Experiment, pool: ThreadPool, frozen: Weights) -> GradientBackend:
    on_cpu = next(pool.network.parameters()).is_cpu
    return fused.FusedGradient(experiment, pool, frozen) if on_cpu else DenseGradient(experiment, pool)


ENGINES: dict[str, Engine] = {
    # First, because the fused gradient has not been measured on a CUDA device.
    "graph": Engine(cuda_graph.unsupported_reason, _autograd, lambda device: True),
    "fused": Engine(fused.unsupported_reason, _fused, lambda device: device.type == "cuda"),
    "eager": Engine(lambda experiment, device: "", _autograd),
}
"""`training.engine = "auto"` takes the first that can."""


def choose_engine(experiment: Experiment, device: torch.device) -> str:
    """Name the engine of an experiment: what was asked for, or else the best for it; never by timing.

    Raises:
        ConfigError: if the one that was asked for cannot run it here.
    """
    asked = experiment.training.engine
    if asked == "auto":
        return next(name for name, engine in ENGINES.items() if not engine.unsupported_reason(experiment, device))
    if reason := ENGINES[asked].unsupported_reason(experiment, device):
        raise ConfigError(f"training.engine {asked} {reason}: choose auto")
    return asked


def resumed_engine(experiment: Experiment, device: torch.device, before: str) -> str:
    """Name the engine of a resumed experiment: the one before or the one asked for, if it can run here, or else auto."""
    asked = experiment.training.engine
    wanted = before if asked == "auto" and before in ENGINES else asked
    return wanted if wanted == "auto" or not ENGINES[wanted].unsupported_reason(experiment, device) else "auto"
