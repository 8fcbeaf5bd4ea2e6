"""How long a training will take here, measured on its first steps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from grokterm.experiment.experiment import Experiment
from grokterm.models.mixture import MixturePart
from grokterm.training.trainer import make_trainer

SAMPLE_SECONDS = 1.0  # A step so slow that this is over before its first evaluation makes a long training in any case


@dataclass(frozen=True)
class Estimate:
    """What a training will need."""

    seconds: float
    n_parameters: int
    checkpoint_bytes: int = 0
    """What one checkpoint takes."""


def estimate(
    experiment: Experiment,
    parts: Mapping[str, MixturePart] | None = None,
    is_wanted: Callable[[], bool] = lambda: True,
) -> Estimate:
    """Time a few steps, with evaluations, after a chunk to warm up, and multiply; of what is no longer wanted, fewer.

    Evaluations are evenly spaced here: those that are denser at the start would make the estimate too long.
    """
    training = experiment.training
    every = training.mean_interval
    evenly = training.model_copy(update={"evaluate_every": every})
    trainer = make_trainer(experiment.model_copy(update={"training": evenly}), parts=parts)
    trainer.begin()
    if trainer.ended is None:
        trainer.advance()
    first, warm_up = trainer.step, trainer.seconds
    while trainer.ended is None and is_wanted() and not _is_enough(trainer.step - first, every, trainer.seconds - warm_up):
        trainer.advance()
    steps, seconds = trainer.step - first, trainer.seconds - warm_up
    is_over = trainer.ended is not None or steps == 0
    n_bytes = sum(tensor.nbytes for tensor in trainer.tensors().values())
    return Estimate(trainer.seconds if is_over else seconds / steps * training.steps, trainer.trainable.n_parameters, n_bytes)


def _is_enough(steps: int, every: int, seconds: float) -> bool:
    return seconds >= SAMPLE_SECONDS or (steps >= every and seconds >= SAMPLE_SECONDS / 4)
