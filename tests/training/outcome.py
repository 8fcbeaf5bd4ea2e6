"""Experiments brought to their end, and what came of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TypeVar

import torch
from torch import Tensor

from grokterm.experiment.conditions import Milestone
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.overrides import override
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import TRANSIENT, Finished, Reached, Record
from grokterm.training.single import SingleNetwork
from grokterm.training.trainer import Trainer

AnyRecord = TypeVar("AnyRecord", bound=Record)


@dataclass(frozen=True)
class Outcome:
    """A trainer, and what it has reported."""

    trainer: Trainer
    records: list[Record]

    def every(self, kind: type[AnyRecord]) -> list[AnyRecord]:
        """Select the records of one kind."""
        return [record for record in self.records if isinstance(record, kind)]

    @property
    def facts(self) -> list[Record]:
        """What happened, without what a clock has to do with."""
        lasting = [record for record in self.records if not isinstance(record, TRANSIENT)]
        untimed = {"seconds": 0.0, "n_undone": 0}
        return [one.model_copy(update=untimed) if isinstance(one, Finished) else one for one in lasting]

    @property
    def evaluated_at(self) -> list[int]:
        """The steps at which both sides were measured."""
        return [evaluated.step for evaluated in self.every(Evaluated)]

    def reached_at(self, milestone: Milestone) -> int | None:
        """The first step of a milestone."""
        return next((reached.step for reached in self.every(Reached) if reached.milestone == milestone), None)


def changed(experiment: Experiment, *assignments: str) -> Experiment:
    """Change settings as `--set` does."""
    return override(experiment.settings(), assignments).experiment


def started(experiment: Experiment) -> Trainer:
    """Make a trainer that adds its numbers in one order on every machine."""
    return Trainer(experiment, threads=1)


def single_of(trainer: Trainer) -> SingleNetwork:
    """Return the one network that a trainer trains, and all that goes with it."""
    assert isinstance(trainer.trainable, SingleNetwork)
    return trainer.trainable


def finish(trainer: Trainer, limits: Iterable[int | None] = ()) -> Outcome:
    """Train to the end in chunks of at most these lengths, then of any."""
    records = trainer.begin()
    for limit in chain(limits, repeat(None)):
        if trainer.ended is not None:
            break
        records += trainer.advance(limit)
    return Outcome(trainer, records)


def trained_to(experiment: Experiment, step: int) -> Outcome:
    """Train to a step and halt there."""
    return next(halts(experiment, [step]))


def halts(experiment: Experiment, steps: Iterable[int]) -> Iterator[Outcome]:
    """Train once, and halt at each of these steps."""
    trainer = started(experiment)
    records = trainer.begin()
    for step in steps:
        while trainer.step < step:
            assert trainer.ended is None
            records += trainer.advance(step - trainer.step)
        yield Outcome(trainer, list(records))


def copied(trainer: Trainer) -> dict[str, Tensor]:
    """Copy what a checkpoint holds."""
    return {name: value.clone() for name, value in trainer.tensors().items()}


def assert_same_numbers(first: Trainer, second: Trainer) -> None:
    """Compare weights and the optimizer's memory bit for bit."""
    torch.testing.assert_close(first.tensors(), second.tensors(), rtol=0, atol=0, equal_nan=True)
