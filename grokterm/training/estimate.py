"""How long a training will take here: measured on its first steps, never guessed."""

from grokterm.training.trainer import Trainer

SAMPLE_SECONDS = 1.0
"""A step so slow that this is over before its first evaluation makes a long training in any case."""


def estimate_seconds(trainer: Trainer) -> float:
    """Time a few steps, evaluations in, after a chunk to warm up, and multiply.

    They are evenly spaced here: first steps that are measured more often than the rest would foretell too much.
    """
    training = trainer.experiment.training
    every = training.mean_interval
    evenly = training.model_copy(update={"evaluate_every": every})
    trainer.experiment = trainer.experiment.model_copy(update={"training": evenly})
    trainer.begin()
    if trainer.ended is None:
        trainer.advance()
    first, warm_up = trainer.step, trainer.seconds
    while trainer.ended is None and not _is_enough(trainer.step - first, every, trainer.seconds - warm_up):
        trainer.advance()
    steps, seconds = trainer.step - first, trainer.seconds - warm_up
    if trainer.ended is not None or steps == 0:
        return trainer.seconds
    return seconds / steps * training.steps


def _is_enough(steps: int, every: int, seconds: float) -> bool:
    return seconds >= SAMPLE_SECONDS or (steps >= every and seconds >= SAMPLE_SECONDS / 4)
