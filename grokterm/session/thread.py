"""A training in a thread of its own, for a screen that must never wait for it."""

import gc
from dataclasses import replace
from threading import Lock, Thread
from typing import TYPE_CHECKING, TypeAlias

from grokterm.errors import GroktermError, OutOfMemoryError
from grokterm.session.commands import Command, Leave
from grokterm.session.state import LabState, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from grokterm.experiment.records import Record
    from grokterm.inspection.analysis import NetworkAnalysis
    from grokterm.runs.store import Run
    from grokterm.session.session import Session

Opened: TypeAlias = "tuple[Session, Sequence[Record]]"
"""A session, and what had happened to its run before."""

Parts: TypeAlias = "Callable[[], Iterable[Session]]"
"""Makes the sessions that come first, each of which wants the one before it finished: the parts of a mixture."""

Opener: TypeAlias = "Callable[[], Opened]"
"""Makes the session; called in the thread, because it loads torch."""


class TrainingThread(Thread):
    """Opens a session, trains, and folds what happens into a state that anyone may read at any time."""

    def __init__(self, opener: Opener, state: LabState, parts: Parts = list) -> None:
        super().__init__(name="training", daemon=True)
        self.state = state
        self.failure = ""
        """Why no session could be opened, for the user."""

        self.bug: BaseException | None = None
        """What should not have happened, for a traceback."""

        self._open = opener
        self._parts = parts
        self._session: Session | None = None
        self._early: list[Command] = []
        self._lock = Lock()

    @property
    def analysis(self) -> "NetworkAnalysis | None":
        """The network at the last look."""
        return self._session.analysis if self._session else None

    @property
    def saved_run(self) -> "Run | None":
        """Where it is kept, once there is a place."""
        return self._session.run if self._session else None

    @property
    def run_name(self) -> str:
        """The name of the run directory, once there is one."""
        return self._session.run.name if self._session else ""

    def send(self, command: Command) -> None:
        """Tell the training something; what is said before it has begun waits for it."""
        with self._lock:
            if self._session is None:
                self._early.append(command)
            else:
                self._session.send(command)

    def leave(self, seconds: float) -> bool:
        """Save, end, and wait so long for it; return whether the thread has ended."""
        self.send(Leave())
        self.join(seconds)
        return not self.is_alive()

    def run(self) -> None:
        """Train until told to leave."""
        try:
            self._train()
        except GroktermError as error:
            self.failure = str(error)
            self.state = replace(self.state, phase="failed")
        except BaseException as error:  # noqa: BLE001 - handed to the screen, which raises it
            self.bug = error

    def _train(self) -> None:
        for part in self._parts():
            self._drive(part, (), stay=False)
            with self._lock:
                self._session = None  # what is said from now on is for the next one
            if part.trainer.ended in (None, "interrupted"):
                return
            if part.trainer.ended == "out_of_memory":
                raise OutOfMemoryError(self.state.refusals[-1])
        self._drive(*self._open(), stay=True)

    def _drive(self, session: "Session", earlier: "Sequence[Record]", *, stay: bool) -> None:
        gc.collect()  # a training that was left may still hold processes, and what is frozen now is never freed
        gc.freeze()  # torch, and whatever else is loaded by now: looking it through takes 0.1 s, and every thread waits
        with self._lock:
            self._session = session
            while self._early:
                session.send(self._early.pop(0))
        self.state = fold(LabState(session.run.experiment), earlier)
        for records in session.records(stay=stay):
            if records:
                self.state = fold(self.state, records)
