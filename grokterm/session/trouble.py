"""Trouble of a training: it diverged, memory ran out, or what it had in memory is lost."""

from collections.abc import Callable
from typing import get_args

from grokterm.engines.device import minding_the_device
from grokterm.errors import DeviceLostError, OutOfMemoryError, ProcessDiedError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.endings import TroubleReason
from grokterm.experiment.recording.records import Finished, Paused, Record
from grokterm.experiment.recording.trouble import Trouble
from grokterm.runs.command_line import command_line
from grokterm.runs.soundness import can_branch, last_good_step, remedy
from grokterm.runs.store import Run
from grokterm.training.trainer import Trainer

LOST = (DeviceLostError, ProcessDiedError)


class Care:
    """Lets a trainer work. Trouble ends the training or, if a user attends to it, pauses it."""

    def __init__(self, trainer: Trainer, run: Run) -> None:
        self.is_attended = False
        self.trouble: Trouble | None = None
        """Which the training waits in."""

        self.loss: DeviceLostError | ProcessDiedError | None = None
        self._trainer = trainer
        self._run = run

    @property
    def has_weights(self) -> bool:
        """Whether there are weights to look at and to save: a device that is lost is not asked for them."""
        return self.loss is None and self._trainer.trainable.is_intact

    @property
    def refusal(self) -> str:
        """Why it cannot go on as it is; empty if it can."""
        return "" if self.trouble is None or self.trouble.can_be_retried else self.trouble.message

    @property
    def opens_again(self) -> bool:
        """Whether it goes on once its run is opened again, which this process can do."""
        return self.trouble is not None and self.trouble.is_lost and not isinstance(self.loss, DeviceLostError)

    def of(self, work: Callable[[], list[Record]]) -> list[Record]:
        """Let the trainer do something; return its records, and what became of trouble."""
        try:
            with minding_the_device():
                return self._attended_to(work())
        except OutOfMemoryError:
            pass  # what its traceback refers to is free from here on
        except LOST as error:
            return self.lose(error)
        return self._attended_to(self._trainer.end("out_of_memory"))

    def lose(self, error: DeviceLostError | ProcessDiedError) -> list[Record]:
        """End, or pause, without what was in memory; an end that could not be saved was none."""
        self.loss, self._trainer.ended = error, None
        return self._attended_to(self._trainer.end(_reason_of(error), str(error)))

    def end(self) -> list[Record]:
        """End the training for the trouble that it waits in, or because a user leaves it."""
        reason, message = ("interrupted", "") if self.trouble is None else (self.trouble.reason, self.trouble.message)
        return self._trainer.end(reason, message)

    def _attended_to(self, records: list[Record]) -> list[Record]:
        """Let the training wait that would end, if there is someone to wait for."""
        end = next((record for record in records if isinstance(record, Finished)), None)
        if end is None or end.reason not in get_args(TroubleReason) or not self.is_attended:
            return records
        self._trainer.ended, self.trouble = None, self._trouble_of(end)
        return [*(record for record in records if record is not end), Paused(step=end.step, trouble=self.trouble)]

    def _trouble_of(self, end: Finished) -> Trouble:
        message, good = end.message, None
        if end.reason == "diverged":
            good = _good_step(self._run, end.step)
            message = _of_divergence(end.step, good, self._run.experiment)
        elif end.reason == "device_lost":
            go_on = command_line("run --resume", self._run.path)
            message += f"; once this is left, {go_on} goes on from the last checkpoint, with --set device=cpu on the processor"
        trouble = {"reason": end.reason, "message": message, "last_good": good, "is_lost": not self.has_weights}
        return Trouble.model_validate(trouble)


def _reason_of(error: DeviceLostError | ProcessDiedError) -> TroubleReason:
    return "device_lost" if isinstance(error, DeviceLostError) else "process_died"


def _good_step(run: Run, step: int) -> int | None:
    """Return where a branch of a run could go on that diverged at a step; None if one would come to the same."""
    if not can_branch(run.experiment):
        return None
    return last_good_step(run, step) or (0 if step else None)  # step 0 needs no checkpoint


def _of_divergence(step: int, good: int | None, experiment: Experiment) -> str:
    diverged = f"it diverged at step {step:,}, and its weights are of no use"
    clipping = " or clipping, as optimizer.clip_norm" if can_branch(experiment) else ""
    how = "begin again" if good is None else f"branch at step {good:,}, the last good checkpoint"
    return f"{diverged}: {how}, with {remedy(experiment)}{clipping}"
