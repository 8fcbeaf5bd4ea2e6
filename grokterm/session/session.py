"""One running training, saved to disk: commands in, records out. The screen and the command line use the same class."""

from collections.abc import Iterator, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias

from grokterm.errors import ConfigError, OutOfMemoryError, StorageError
from grokterm.experiment.interventions import Save
from grokterm.experiment.recording.records import (
    TRANSIENT,
    Continued,
    Finished,
    Held,
    Paced,
    Paused,
    Record,
    Refused,
    Unsaved,
)
from grokterm.runs.journal import JournalWriter
from grokterm.runs.lock import RunLock
from grokterm.runs.owner import this_process
from grokterm.runs.resume import check_plugins, check_recorded
from grokterm.runs.store import Run
from grokterm.runs.thinning import drop_checkpoints
from grokterm.session.checkpoints import Checkpoints
from grokterm.session.commands import Analyze, Command, GoOn, Hold, Leave, Pause, Release, Resume, SetPace, StepOnce
from grokterm.session.detached import Outset
from grokterm.session.trouble import LOST, Care
from grokterm.training.trainer import CHUNK_SECONDS, Trainer

if TYPE_CHECKING:
    from grokterm.inspection.analysis import NetworkAnalysis

LookingOn: TypeAlias = Analyze | Hold | Release | SetPace | Leave
"""Commands for which a run need not be written."""

INSPECTION_WAIT_SECONDS = 5.0  # how long `Leave` waits for inspections, after everything else is saved


class Session:
    """A trainer, its run directory, and a queue of commands.

    `send` is thread-safe; everything else belongs to the thread that iterates `records`.
    """

    def __init__(  # noqa: PLR0913 - changes and note are what is new since a checkpoint
        self,
        trainer: Trainer,
        run: Run,
        journal: JournalWriter,
        *,
        paused: bool = False,
        changes: Sequence[str] = (),
        before: Sequence[str] = (),
        note: str = "",
        lock: RunLock | None = None,
        earlier: Sequence[Record] = (),
    ) -> None:
        self.run = run
        self.trainer = trainer
        self.lock = lock or RunLock(run.path)  # taken before the first write, and given back at the end
        self.analysis: NetworkAnalysis | None = None  # the network at the last `Analyze`
        self.analyzed: Analyze | None = None  # which that was
        self._journal = journal
        self._commands: SimpleQueue[Command] = SimpleQueue()
        self._paused = paused
        self._n_holds = 0
        self._changes, self._before, self._note = changes, before, note  # since the last checkpoint, and of the machine
        self._pace: float | None = None
        self._next_chunk = 0.0
        self._unwritten: list[Record] = []
        self._is_unsaved = False
        self.has_left = False  # a user has ended it
        self._care = Care(trainer, run)
        self._checkpoints = Checkpoints(trainer, run, earlier)

    @property
    def has_weights(self) -> bool:
        """Whether there are weights to look at."""
        return self._care.has_weights

    @property
    def outset(self) -> Outset:
        """How another process is to go on with it."""
        return Outset(is_paused=self._paused, pace=self._pace)

    def send(self, command: Command) -> None:
        """Queue a command; the session takes it between two chunks."""
        self._commands.put(command)

    def untaken(self) -> list[Command]:
        """Take back the commands that came too late for it."""
        return [self._commands.get_nowait() for _ in range(self.n_commands)]

    @property
    def n_commands(self) -> int:
        """How many commands wait to be taken."""
        return self._commands.qsize()

    def records(self, *, stay: bool = False, is_attended: bool = False) -> Iterator[list[Record]]:
        """Train, save records, and yield them.

        Ends with the training; with `stay` it takes commands until `Leave`. If a write fails, the training pauses and reports
        it; unwritten records are written with the next ones. In trouble it pauses too if it is attended, and else ends.

        Raises:
            DeviceLostError, ProcessDiedError: if it is not attended; that it has ended is saved.
        """
        self._care.is_attended = is_attended
        try:
            yield from self._records(stay=stay)
        finally:
            self.lock.give_back()

    def _records(self, *, stay: bool) -> Iterator[list[Record]]:
        begun = self._care.of(partial(self.trainer.begin, self._changes, self._note, this_process(), self._before))
        if not self._paused:
            self.lock.take()
            yield self._save(begun)
        else:
            is_waiting = self._care.trouble is not None or self.trainer.ended is not None
            self._unwritten = begun if is_waiting else [*begun, Paused(step=self.trainer.step)]
            yield self._unwritten
        while not self.has_left and (stay or self.trainer.ended is None):
            if (command := self._next_command()) is not None:
                yield self._save(self._care.of(partial(self._execute, command)))
            elif not self._is_waiting:
                yield self._save(self._care.of(self._advance))
        if self.has_left:
            self.trainer.trainable.close()
        elif self._care.loss is not None:
            raise self._care.loss

    @property
    def _is_waiting(self) -> bool:
        return self._paused or self._n_holds > 0 or self.trainer.ended is not None

    def _next_command(self) -> Command | None:
        """Take the next command; wait for it while paused, held or ended, or to keep the pace."""
        try:
            return self._commands.get(timeout=None if self._is_waiting else max(0.0, self._next_chunk - monotonic()))
        except Empty:
            return None

    def _advance(self) -> list[Record]:
        if self._pace is None:
            return self.trainer.advance()
        started, first = monotonic(), self.trainer.step
        records = self.trainer.advance(max(1, round(self._pace * CHUNK_SECONDS)))
        self._next_chunk = started + (self.trainer.step - first) / self._pace
        return records

    def _execute(self, command: Command) -> list[Record]:
        if isinstance(command, LookingOn):
            return self._look_on(command)
        if isinstance(command, Resume) and self._care.opens_again:
            return self._leave()  # the screen opens the run again then, at its last checkpoint
        step, ended = self.trainer.step, self.trainer.ended is not None
        if problem := self._care.refusal or self._problem():
            return [Refused(step=step, message=problem)]
        match command:
            case Pause() if not self._paused and not ended:
                self._paused = True
                return [Paused(step=step)]
            case Resume() if (self._paused or self._n_holds) and not ended:
                return self._resume()
            case StepOnce() if self._paused and not ended:
                return self._step()
            case Pause() | Resume() | StepOnce():
                pass  # nothing to do
            case action if ended and not isinstance(action, Save | GoOn):
                return [Refused(step=step, message="training has ended: extend or restart it to change it")]
            case act:
                try:
                    check_recorded(self.run, act)
                    return self._go_on(act) if isinstance(act, GoOn) else self.trainer.act(act)
                except ConfigError as error:
                    return [Refused(step=step, message=str(error))]
        return []

    def _look_on(self, command: LookingOn) -> list[Record]:
        """Carry out what changes nothing of the training but when it goes on."""
        step = self.trainer.step
        match command:
            case Analyze():
                if self.has_weights:  # or else the last picture stays
                    self.analysis, self.analyzed = self.trainer.analyze(), command
                return []
            case SetPace(steps_per_second=pace):
                self._pace, self._next_chunk = pace, 0.0
                return [Paced(step=step, steps_per_second=pace)]
            case Hold() | Release():
                self._n_holds = max(0, self._n_holds + (1 if isinstance(command, Hold) else -1))
                held = Held(step=step, is_held=self._n_holds > 0, is_waiting=self._is_waiting)
                reason = command.reason if isinstance(command, Release) else ""
                return [held, *([Refused(step=step, message=reason)] if reason else [])]
            case Leave():
                return self._leave()

    def _leave(self) -> list[Record]:
        self.has_left, self._care.is_attended = True, False
        is_untouched = self._unwritten and not self._is_unsaved  # since the run was opened: files stay as they are
        return [] if is_untouched else self._care.end()

    def _step(self) -> list[Record]:
        """Make one update; if that was tried again after trouble, it is a plain pause from then on."""
        was_in_trouble, self._care.trouble = self._care.trouble is not None, None
        records = self.trainer.advance(limit=1)
        return [*records, Paused(step=self.trainer.step)] if was_in_trouble and self.trainer.ended is None else records

    def _resume(self) -> list[Record]:
        """Go on, also if a screen holds it: that one may have been left with its dialog open."""
        step, was_paused, was_held = self.trainer.step, self._paused, self._n_holds > 0
        self._paused, self._n_holds, self._care.trouble = False, 0, None
        released: list[Record] = [Held(step=step, is_held=False, is_waiting=False)] if was_held else []
        return [*released, Continued(step=step)] if was_paused else released

    def _problem(self) -> str:
        """Take the lock of the run; say why that is not possible, or the run is not what it was when it was opened."""
        if self.lock.is_held:
            return ""
        try:
            check_plugins(self.run)
            self.lock.take()
            if self._journal.is_as_it_was:
                return ""
        except (StorageError, ConfigError) as error:
            self.lock.give_back()
            return str(error)
        self.lock.give_back()
        return f"run {self.run.name} was trained by another process since it was opened here: open it again"

    def _go_on(self, command: GoOn) -> list[Record]:
        """Extend the run, in its settings on disk first: a run whose journal does not know yet goes on as well."""
        trainer, extension, ended = self.trainer, command.extend, self.trainer.ended
        trainer.check_extension(extension)
        acted = [] if command.change is None else trainer.act(command.change)
        try:
            self.run.rewrite(self.run.experiment.extended(extension.steps, ended))
        except StorageError as error:
            return [*acted, Refused(step=trainer.step, message=str(error))]
        self._paused = self._paused and ended is None
        return [*acted, *trainer.act(extension)]

    def _save(self, records: list[Record]) -> list[Record]:
        """Write records to the journal, and a checkpoint if due, before the record that ends the run."""
        end: list[Record] = [record for record in records if isinstance(record, Finished)]
        saved: list[Record] = [record for record in records if not isinstance(record, Finished)]
        self._paused = self._paused or any(isinstance(record, Paused) for record in records)
        is_checkpoint_due = self._is_checkpoint_due(records)
        if all(isinstance(record, TRANSIENT) for record in records) and not is_checkpoint_due:
            return records
        if not self.lock.is_held:  # of a run that was only opened, and lost what it had in memory
            return records
        if is_checkpoint_due and not self.has_left:  # pending inspections are of steps before the checkpoint
            saved.extend(self.trainer.wait_for_inspections())
        unwritten, self._unwritten = self._unwritten, end
        try:
            is_first = is_checkpoint_due and self._checkpoints.is_first  # which must not outlive a journal without a line
            self._journal.write([*unwritten, *saved], is_durable=is_first or not self.has_weights)
            self._checkpoints.take_note(records)
            if is_checkpoint_due:
                checkpoint, thinned_out = self._checkpoints.write()
                saved.append(checkpoint)
                self._journal.write(saved[-1:], is_durable=True)
                drop_checkpoints(self.run.checkpoints, thinned_out)  # now that the journal names a newer one, for good
            if self.has_left and (late := self.trainer.wait_for_inspections(INSPECTION_WAIT_SECONDS)):
                saved.extend(late)
                self._journal.write(late)
            self._unwritten = []
            self._journal.write(end, is_durable=True)
        except LOST as error:
            self._unwritten = []
            return [*saved, *self._save(self._care.lose(error))]
        except (StorageError, OutOfMemoryError) as error:
            self._paused = self._is_unsaved = True
            message = str(error) if isinstance(error, StorageError) else "there is not enough memory for a checkpoint"
            return [*saved, *end, Unsaved(step=self.trainer.step, message=message)]
        self._is_unsaved = False
        return saved + end

    def _is_checkpoint_due(self, records: list[Record]) -> bool:
        if not self.has_weights:
            return False
        if self._is_unsaved:  # retry with the next action, not at every Analyze
            return self.has_left or not all(isinstance(record, TRANSIENT) for record in records)
        return self._checkpoints.is_due(records)
