"""The contestants of a benchmark: grokterm's engines, a notebook's loop, the matrix products alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from grokterm.bench.floor import Floor
from grokterm.bench.notebook import Notebook, OneHotMLP
from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.records import Started
from grokterm.training.trainer import make_trainer

Steps = Callable[[int], None]


@dataclass(frozen=True)
class Contestant:
    """One way to run the steps of an experiment."""

    name: str

    description: str
    """Threads, evaluations or block plan."""

    modes: Mapping[str, Steps]
    """`training`, with evaluations, or `update`, without them, or both."""


def engine(experiment: Experiment) -> Contestant:
    """Train as `grokterm run` does, with the experiment's engine."""
    trainer = make_trainer(experiment)
    started = next(record for record in trainer.begin() if isinstance(record, Started))

    def train(n_steps: int) -> None:
        last = trainer.step + n_steps
        while trainer.step < last:
            trainer.advance(limit=last - trainer.step)
            if trainer.ended is not None:
                raise ConfigError(f"the training ended at step {trainer.step:,}, {trainer.ended}, before it could be timed")

    def update(n_steps: int) -> None:
        with trainer.computing():
            for _ in trainer.trainable.advance(trainer.step + n_steps, lambda _: False):
                pass

    threads = f"{started.threads} thread{'s' if started.threads > 1 else ''}"
    return Contestant(trainer.trainable.engine, threads, {"training": train, "update": update})


def notebook(experiment: Experiment) -> Contestant:
    """Train as a notebook does, the members of an ensemble one after another."""
    loops = [Notebook(experiment.member(number)) for number in range(experiment.training.members)]

    def train(n_steps: int, *, evaluates: bool = True) -> None:
        for loop in loops:
            loop.train(n_steps, evaluates=evaluates)

    frequency = "each step" if isinstance(loops[0].model, OneHotMLP) else "as the preset says"
    in_turn = f", {len(loops):,} loops in turn" if len(loops) > 1 else ""
    modes: dict[str, Steps] = {"training": train, "update": partial(train, evaluates=False)}
    return Contestant("notebook", f"evaluated {frequency}{in_turn}", modes)


def compiled(experiment: Experiment) -> Contestant:
    """Make the updates of the notebook with a compiled network and a fused optimizer."""
    if experiment.training.members > 1:
        raise ConfigError("the compiled loop trains one network")
    loop = Notebook(experiment, compiled=True)
    return Contestant("compiled", "torch.compile, reduce-overhead", {"update": partial(loop.train, evaluates=False)})


def floor(experiment: Experiment, *, by_torch: bool = False) -> Contestant:
    """Run the matrix products only."""
    products = Floor(experiment, by_torch=by_torch)
    return Contestant("floor by torch" if by_torch else "floor", str(products.plan), {"update": products.update})


OTHERS: dict[str, Callable[[Experiment], Contestant]] = {
    "notebook": notebook,
    "compiled": compiled,
    "floor": floor,
    "floor by torch": partial(floor, by_torch=True),
}
"""The contestants that are not engines."""


def make_contestant(name: str, experiment: Experiment) -> Contestant:
    """Create a contestant; any name not in OTHERS is that of the experiment's engine.

    Raises:
        ConfigError: if it cannot train the experiment here.
    """
    return OTHERS.get(name, engine)(experiment)
