"""Who can be timed, one row each: an engine of grokterm, the loop of a notebook, the matrix products alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from grokterm.bench.floor import Floor
from grokterm.bench.notebook import Notebook, OneHotMLP
from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.records import Started
from grokterm.training.trainer import make_trainer

Steps = Callable[[int], None]


@dataclass(frozen=True)
class Contestant:
    """Somebody who makes steps of an experiment."""

    name: str

    about: str
    """How it does it."""

    modes: Mapping[str, Steps]
    """`training`, with its evaluations, and `update`, without them; not everybody has both."""


def engine(experiment: Experiment) -> Contestant:
    """Train as `grokterm run` does, evaluated as the experiment says, by the engine that it says."""
    trainer = make_trainer(experiment)
    started = next(record for record in trainer.begin() if isinstance(record, Started))

    def train(n_steps: int) -> None:
        last = trainer.step + n_steps
        while trainer.step < last:
            trainer.advance(limit=last - trainer.step)
            if trainer.ended is not None:
                raise ConfigError(f"the training ended at step {trainer.step:,}, {trainer.ended}, before it could be timed")

    def update(n_steps: int) -> None:
        for _ in trainer.trainable.advance(trainer.step + n_steps, lambda _: False):
            pass

    threads = f"{started.threads} thread{'s' if started.threads > 1 else ''}"
    return Contestant(trainer.trainable.engine, threads, {"training": train, "update": update})


def notebook(experiment: Experiment) -> Contestant:
    """Train as a notebook does."""
    loop = Notebook(experiment)
    how_often = "each step" if isinstance(loop.model, OneHotMLP) else "as the preset says"
    return Contestant("notebook", f"evaluated {how_often}", {"training": loop.train, "update": loop.update})


def floor(experiment: Experiment, *, by_torch: bool = False) -> Contestant:
    """Multiply only."""
    products = Floor(experiment, by_torch=by_torch)
    return Contestant("floor by torch" if by_torch else "floor", str(products.plan), {"update": products.update})


OTHERS: dict[str, Callable[[Experiment], Contestant]] = {
    "notebook": notebook,
    "floor": floor,
    "floor by torch": partial(floor, by_torch=True),
}
"""By the name that a worker is asked for; any other is that of an engine, which the experiment says too."""


def make_contestant(name: str, experiment: Experiment) -> Contestant:
    """Make the contestant of this name.

    Raises:
        ConfigError: if it cannot train the experiment here.
    """
    return OTHERS.get(name, engine)(experiment)
