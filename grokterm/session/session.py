"""One running training on disk: commands in, records out. The screen and the command line drive the same session."""

from collections.abc import Iterator, Sequence
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING

from grokterm.errors import ConfigError, StorageError
from grokterm.experiment.interventions import Save, Set, Stop, Swap
from grokterm.experiment.records import (
    TRANSIENT,
    Acted,
    Checkpointed,
    Continued,
    Finished,
    Paced,
    Paused,
    Reached,
    Record,
    Refused,
    Unsaved,
)
from grokterm.runs.checkpoint import save_checkpoint
from grokterm.runs.journal import JournalWriter
from grokterm.runs.store import Run
from grokterm.session.commands import Command, Leave, Look, Pause, Resume, SetPace, StepOnce
from grokterm.training.trainer import CHUNK_SECONDS, Trainer

if TYPE_CHECKING:
    from grokterm.inspection.analysis import NetworkAnalysis

CHECKPOINT_SECONDS = 60.0
"""Seconds of training between two checkpoints, apart from those at milestones, actions, pauses and the end."""

SETTLE_SECONDS = 5.0
"""How long one who leaves waits for inspections, once everything else is saved."""


class Session:
    """A trainer, its run directory, and the commands that wait for it.

    `send` may be called from any thread. Everything else belongs to the thread that iterates `records`.
    """

    def __init__(
        self,
        trainer: Trainer,
        run: Run,
        journal: JournalWriter,
        *,
        paused: bool = False,
        changes: Sequence[str] = (),
    ) -> None:
        self.run = run
        self.trainer = trainer
        self.analysis: NetworkAnalysis | None = None
        """The network at the last look."""

        self._journal = journal
        self._commands: SimpleQueue[Command] = SimpleQueue()
        self._paused = paused
        self._changes = changes
        """The settings that were changed since the last checkpoint."""

        self._pace: float | None = None
        self._next_chunk = 0.0
        self._saved_seconds = trainer.seconds
        self._owed: list[Record] = []
        self._is_unsaved = False
        self._left = False

    def send(self, command: Command) -> None:
        """Tell the training something; it listens between two chunks."""
        self._commands.put(command)

    def records(self, *, stay: bool = False) -> Iterator[list[Record]]:
        """Train, keep what happens, and hand it on.

        Ends with the training; with `stay` it goes on answering commands until it is told to leave. Where the disk refuses,
        the training waits and says so; what could not be kept is written with what follows.
        """
        begun = self._begin()
        if self._paused:
            self._owed = begun
            yield begun
        else:
            yield self._keep(begun)
        while not self._left and (stay or self.trainer.ended is None):
            if (command := self._next_command()) is not None:
                yield self._keep(self._obey(command))
            elif not self._waits:
                yield self._keep(self._advance())
        if self._left:
            self.trainer.trainable.close()

    @property
    def _waits(self) -> bool:
        return self._paused or self.trainer.ended is not None

    @property
    def _is_only_looked_at(self) -> bool:
        """Nothing has been done since the run was opened, so its files stay as they were."""
        return bool(self._owed) and not self._is_unsaved

    def _begin(self) -> list[Record]:
        begun = self.trainer.begin(self._changes)
        return [*begun, Paused(step=self.trainer.step)] if self._paused and self.trainer.ended is None else begun

    def _next_command(self) -> Command | None:
        """Take the next command; wait for it when there is nothing else to do, or to keep a slow pace."""
        try:
            return self._commands.get(timeout=None if self._waits else max(0.0, self._next_chunk - monotonic()))
        except Empty:
            return None

    def _advance(self) -> list[Record]:
        if self._pace is None:
            return self.trainer.advance()
        begun, first = monotonic(), self.trainer.step
        records = self.trainer.advance(max(1, round(self._pace * CHUNK_SECONDS)))
        self._next_chunk = begun + (self.trainer.step - first) / self._pace
        return records

    def _obey(self, command: Command) -> list[Record]:
        step, ended = self.trainer.step, self.trainer.ended is not None
        match command:
            case Look():
                self.analysis = self.trainer.analyze()
            case Leave():
                self._left = True
                return [] if self._is_only_looked_at else self.trainer.end("interrupted")
            case SetPace(steps_per_second=pace):
                self._pace, self._next_chunk = pace, 0.0
                return [Paced(step=step, steps_per_second=pace)]
            case Pause() if not self._waits:
                self._paused = True
                return [Paused(step=step)]
            case Resume() if self._paused and not ended:
                self._paused = False
                return [Continued(step=step)]
            case StepOnce() if self._paused and not ended:
                return self.trainer.advance(limit=1)
            case Swap() | Set() | Stop() if ended:
                return [Refused(step=step, message="training has ended: restart it to change it")]
            case Swap() | Set() | Stop() | Save():
                try:
                    return self.trainer.act(command)
                except ConfigError as error:
                    return [Refused(step=step, message=str(error))]
        return []

    def _keep(self, records: list[Record]) -> list[Record]:
        """Write records to the journal, and a checkpoint where one is due: before the line that ends the run."""
        end: list[Record] = [record for record in records if isinstance(record, Finished)]
        kept: list[Record] = [record for record in records if not isinstance(record, Finished)]
        is_checkpoint_due = self._is_checkpoint_due(records)
        if all(isinstance(record, TRANSIENT) for record in records) and not is_checkpoint_due:
            return records
        if is_checkpoint_due and not self._left:  # what is still worked on belongs to the steps before it
            kept.extend(self.trainer.wait_for_inspections())
        owed, self._owed = self._owed, end
        try:
            self._journal.write([*owed, *kept])
            if is_checkpoint_due:
                kept.append(self._checkpoint())
                self._journal.write(kept[-1:])
            if self._left and (late := self.trainer.wait_for_inspections(SETTLE_SECONDS)):
                kept.extend(late)
                self._journal.write(late)
            self._owed = []
            self._journal.write(end)
        except StorageError as error:
            self._paused = self._is_unsaved = True
            return [*kept, *end, Unsaved(step=self.trainer.step, message=str(error))]
        self._is_unsaved = False
        return kept + end

    def _is_checkpoint_due(self, records: list[Record]) -> bool:
        if self._is_unsaved:  # tried again with whatever is done next, and not at every look
            return self._left or not all(isinstance(record, TRANSIENT) for record in records)
        return self.trainer.seconds - self._saved_seconds >= CHECKPOINT_SECONDS or any(
            isinstance(record, Reached | Acted | Paused | Finished) for record in records
        )

    def _checkpoint(self) -> Checkpointed:
        trainer = self.trainer
        file = save_checkpoint(self.run.checkpoints, trainer.step, trainer.tensors(), trainer.experiment)
        self._saved_seconds = trainer.seconds
        return Checkpointed(step=trainer.step, file=file, seconds=trainer.seconds)
