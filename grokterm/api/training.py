"""A run that trains while it is iterated."""

import os
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from inspect import GEN_RUNNING, getgeneratorstate
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Self, TypeAlias
from weakref import ref

from grokterm.api.asked import Overrides, Place, assignments_of, folder_of, text_of
from grokterm.api.loops import closed_at_exit
from grokterm.api.saved_run import SavedRun
from grokterm.errors import ConfigError, OutOfMemoryError, StorageError
from grokterm.runs.branching import plan_branch
from grokterm.runs.resume import is_over, resumption
from grokterm.runs.store import Run
from grokterm.session.commands import Leave

if TYPE_CHECKING:
    from types import FrameType

    from grokterm.experiment.recording.records import Record
    from grokterm.session.session import Session
    from grokterm.session.state import LabState

    Opener: TypeAlias = Callable[[], "tuple[Session, Sequence[Record]] | None"]


def train(preset: str | os.PathLike[str], overrides: Overrides = (), *, runs_dir: Place = None) -> "Training":
    """Begin a new run of a preset, by name or path, which trains while it is iterated.

    `overrides` change its settings: `{"training.steps": 400}`, or `["training.steps=400"]` as `--set` takes them. `runs_dir`
    is the folder that it is kept in: by default that of GROKTERM_RUNS_DIR, of your settings, or ./runs.

    Raises:
        GroktermError: if there is no such preset, a change is refused, or the folder cannot be written.
    """
    from grokterm.experiment.reading.presets import find_preset
    from grokterm.runs.naming import named

    found = find_preset(text_of("preset", preset))
    overridden = found.overridden(assignments_of(overrides))
    chosen = named(overridden.experiment, found)
    from grokterm.session.start import start_session

    session = start_session(chosen.experiment, folder_of(runs_dir), chosen.preset, chosen.name)
    there = chosen.experiment.on_device(session.trainer.device.type)  # where device auto has led to
    notes = dict.fromkeys([*overridden.notes, *chosen.experiment.warnings(), *there.warnings()])
    return Training(session.run, lambda: (session, ()), tuple(notes))


def resume(run: Run, assignments: Sequence[str]) -> "Training":
    """Go on with a run once it is iterated; refuses at once what cannot be changed."""
    resumption(run, assignments)
    return Training(run, lambda: _resumed(run, assignments))


def branch(run: Run, step: int, assignments: Sequence[str]) -> "Training":
    """Begin a run with a step of another one, in the same folder."""
    plan = plan_branch(run, step, assignments)
    from grokterm.session.branch import branch_session

    opened = branch_session(plan, run.path.parent)
    return Training(opened[0].run, lambda: opened, plan.notes)


def _resumed(run: Run, assignments: Sequence[str]) -> "tuple[Session, Sequence[Record]] | None":
    asked = resumption(run, assignments)
    if is_over(run, asked):
        return None
    from grokterm.session.start import resume_session

    return resume_session(run, assignments)


class Training(SavedRun):
    """A run that trains while it is iterated, in chunks of about 40 ms, and yields its records as they are saved.

    `record.step` is the step of each, `record.record` its kind: "evaluated" with `train_loss`, `val_accuracy`, ...; "reached"
    with its `milestone`; "finished" with its `reason`; also "started", "inspected", "acted", "checkpointed", and "advanced",
    which only tells how far it is. Leaving the loop, and Ctrl+C, save the run and end it; iterated again it goes on from
    there. What a chunk made beyond the last record that was looked at is kept.

    Raises, in the loop:
        GroktermError: if a write fails, or memory runs out: what is saved stays, and can be resumed.
    """

    def __init__(self, run: Run, opener: "Opener", notes: Sequence[str] = ()) -> None:
        super().__init__(run)
        self.notes = tuple(notes)
        """What the command line would say before it: settings that were dropped, and warnings."""
        self._opener = opener
        self._loop: Callable[[], Generator[Record, None, None] | None] = lambda: None

    def __iter__(self) -> "Iterator[Record]":
        """Train on, to the last step unless the loop is left."""
        self.stop()
        loop = closed_at_exit(self._train())
        self._loop = ref(loop)  # weak: a loop that is left has to end
        return loop

    def stop(self) -> None:
        """Save and end what a loop was left without ending it: an error keeps that alive where it has a name."""
        if (loop := self._loop()) is None:
            return
        if getgeneratorstate(loop) == GEN_RUNNING:
            raise ConfigError(f"run {self.name} is trained by another thread: wait until that has left its loop")
        loop.close()

    def _train(self) -> "Generator[Record, None, None]":
        opened, self._opener = self._opener(), lambda: _resumed(Run(self.path), ())
        if opened is not None:
            yield from _records(*opened)

    def finish(self) -> Self:
        """Train to the end; return the run itself."""
        for _ in self:
            pass
        return self


def _records(session: "Session", earlier: "Sequence[Record]") -> "Generator[Record, None, None]":
    """Train and yield every record; save and end the run if the caller leaves."""
    from grokterm.session.serving import train as serve

    steps = serve(session, earlier)
    try:
        while (happened := _advance(steps, session)) is not None:
            records, state = happened
            yield from records
            if state.unsaved:
                raise StorageError(f"{state.unsaved}: {_standing(state)}")
    finally:
        session.send(Leave())
        while _advance(steps, session) is not None:
            pass
        session.trainer.trainable.close()
    if state.ended == "out of memory":
        raise OutOfMemoryError(f"{state.refusals[-1]}: {_standing(state)}")


def _standing(state: "LabState") -> str:
    return "no step of it is saved" if state.saved_at is None else f"it is saved up to step {state.saved_at:,}"


def _advance(
    steps: "Iterator[tuple[Sequence[Record], LabState]]", session: "Session"
) -> "tuple[Sequence[Record], LabState] | None":
    """Train for a moment; None if the session has ended. Ctrl+C saves and ends it before it is heard of."""
    with _saved_on_interrupt(session) as interrupted:
        happened = next(steps, None)
        if interrupted:
            for _ in steps:
                pass
            raise KeyboardInterrupt
    return happened


@contextmanager
def _saved_on_interrupt(session: "Session") -> Iterator[list[int]]:
    """Within this context, a first Ctrl+C lets the session leave, which may not be torn apart; a second one interrupts it.

    It is recorded in the list. Python handles signals in its main thread alone, and a handler of the caller's stays.
    """
    interrupted: list[int] = []
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupted
        return

    def leave(number: int, _frame: "FrameType | None") -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        interrupted.append(number)
        session.send(Leave())

    signal.signal(signal.SIGINT, leave)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
