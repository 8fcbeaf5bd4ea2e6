"""The network of a run at an earlier step, trained again from the checkpoint before it, in a thread of its own."""

from functools import partial
from typing import TYPE_CHECKING

from grokterm.experiment.recording.packing import n_unpacked, until
from grokterm.experiment.recording.records import Checkpointed, Record
from grokterm.runs.following import JournalReader
from grokterm.runs.store import Run
from grokterm.session.background import BackgroundWorker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from grokterm.inspection.analysis import NetworkAnalysis
    from grokterm.training.trainer import Trainer

SHORT = 100  # steps forward that are trained rather than read from a checkpoint


class LookingBack:
    """Replays one run to the step that is looked at; a step not far ahead of the last one goes on from there."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.reached: int | None = None  # how far it has come on the way to the wanted step
        self._wanted: tuple[int, int] = 0, 0  # the step, and how many were wanted before: each is replayed anew
        self._worker = BackgroundWorker()
        self._worker.start()
        self._trainer: Trainer | None = None
        self._journal = JournalReader(run.journal, is_brief=True)  # weights depend on no evaluation
        self._records: list[Record] = []  # that it has
        self._n_past = 0  # records until its step, so many of which it has carried out

    def look_at(self, step: int) -> None:
        """Turn to a step; whatever was on the way to another one is dropped."""
        self.stop()
        self._wanted = wanted = step, self._wanted[1]
        self._worker.ask(wanted, partial(self._replay, wanted))

    def stop(self) -> None:
        """Stop on the way, if that goes on."""
        self._wanted, self.reached = (-1, self._wanted[1] + 1), None

    def leave(self) -> None:
        """End the thread."""
        self.stop()
        self._worker.stop()

    @property
    def analysis(self) -> "NetworkAnalysis | None":
        """The network at the wanted step; None until it is there.

        Raises:
            BaseException: a bug, which the thread has caught.
        """
        if self._worker.bug is not None:
            raise self._worker.bug
        answer = self._worker.answer
        return answer.value if answer is not None and answer.question == self._wanted else None  # type: ignore[return-value] # of `_replay`

    @property
    def problem(self) -> str:
        """Why the wanted step cannot be shown, for the user; empty if it can."""
        answer = self._worker.answer
        return answer.problem if answer is not None and answer.question == self._wanted else ""

    def _replay(self, wanted: tuple[int, int]) -> "NetworkAnalysis | None":
        for trainer, past in self._trained_to(wanted[0]):
            self._trainer, self.reached = trainer, trainer.step
            if self._wanted != wanted:
                self._n_past = n_unpacked(until(past, trainer.step))
                return None
        self._n_past = n_unpacked(past)
        return trainer.analyze()

    def _trained_to(self, step: int) -> "Iterator[tuple[Trainer, Sequence[Record]]]":
        from grokterm.runs.replay import replay, replay_on  # loads torch

        run = Run(self.run.path)  # whose settings may have changed
        past = list(until(self._read(), step))
        if self._trainer is not None and self._goes_on(self._trainer, past, step):
            trainers = replay_on(run, self._trainer, past, step)
        else:
            self._trainer, trainers = None, replay(run, step, records=self._records)
        for trainer in trainers:
            yield trainer, past

    def _read(self) -> "Sequence[Record]":
        """Read the journal, the first time all of it, then what is new."""
        records, is_anew = self._journal.read()
        self._records = records if is_anew else [*self._records, *records]
        return self._records

    def _goes_on(self, trainer: "Trainer", past: "Sequence[Record]", step: int) -> bool:
        """Whether the last trainer is the shortest way, and nothing was done since at steps that it has made."""
        if trainer.step > step or n_unpacked(until(past, trainer.step)) != self._n_past:
            return False
        saved = [one.step for one in past if isinstance(one, Checkpointed) and (self.run.checkpoints / one.file).exists()]
        return step - trainer.step <= SHORT or max(saved, default=0) <= trainer.step
