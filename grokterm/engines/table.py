"""Which engine runs a step: what it takes its gradient from, and how it is run.

To add one: a row in ENGINES, and its name in `grokterm.experiment.training`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from grokterm.engines import cuda_graph as graph
from grokterm.engines.cuda_graph import Graphs
from grokterm.engines.eager import AutogradGradient
from grokterm.engines.fused import gradient as written_out
from grokterm.engines.fused.gradient import FusedGradient
from grokterm.engines.gradient import GradientBackend
from grokterm.engines.runner import Plain, Runner, Work
from grokterm.engines.thread_pool import ThreadPool
from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.optim.losses import loss_of
from grokterm.optim.rules import Weights


@dataclass(frozen=True)
class Engine:
    """A way to run steps."""

    unsupported_reason: Callable[[Experiment, torch.device], str]
    """Why it cannot run an experiment here; empty where it can."""

    calculus: Callable[[Experiment, ThreadPool, Weights], GradientBackend]
    """Makes what differentiates, from the network's pool and the weights that are frozen."""

    runner: Callable[[Work, torch.device], Runner]
    """Makes what runs the steps."""


def _autograd(experiment: Experiment, pool: ThreadPool, frozen: Weights) -> GradientBackend:
    return AutogradGradient(pool, frozen, loss_of(experiment.loss))


def _plain(work: Work, _: torch.device) -> Plain:
    return Plain(work)


ENGINES: dict[str, Engine] = {
    "fused": Engine(written_out.unsupported_reason, FusedGradient, _plain),
    "graph": Engine(graph.unsupported_reason, _autograd, Graphs),
    "eager": Engine(lambda experiment, device: "", _autograd, _plain),
}
"""`training.engine = "auto"` takes the first that can."""


def with_engine_here(experiment: Experiment, device: torch.device, before: str = "") -> Experiment:
    """Return an experiment that goes on where it may not have begun: by the engine it had before, if that can run here."""
    asked = experiment.training.engine
    wanted = before if asked == "auto" and before in ENGINES else asked
    usable = wanted if wanted == "auto" or not ENGINES[wanted].unsupported_reason(experiment, device) else "auto"
    return experiment.model_copy(update={"training": experiment.training.model_copy(update={"engine": usable})})


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
