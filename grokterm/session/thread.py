"""A training thread, so that the screen never waits for the training."""

import gc
from dataclasses import replace
from threading import Lock, Thread
from typing import TYPE_CHECKING, TypeAlias

from grokterm.errors import GroktermError
from grokterm.session.commands import Command, Leave
from grokterm.session.state import LabState
from grokterm.session.torch_import import leave_modules_to_themselves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from grokterm.experiment.recording.records import Record
    from grokterm.inspection.analysis import NetworkAnalysis
    from grokterm.runs.naming import Named
    from grokterm.runs.store import Run
    from grokterm.session.control import Training
    from grokterm.session.detached import Outset
    from grokterm.session.session import Session

OpenedSession: TypeAlias = "tuple[Session, Sequence[Record]]"
"""A session and the earlier records of its run."""


class TrainingThread(Thread):
    """Opens a session, trains, and folds the records into `state`, which any thread may read.

    `opener` is called in the thread, because it loads torch. `parts` gives sessions for the parts of a mixture, which is the
    `whole`, run in order before it, each with which of them it is: `part 1 of 2`. What was known of the run `before` stays
    until the session is open.
    """

    def __init__(
        self,
        opener: "Callable[[], OpenedSession]",
        state: LabState,
        parts: "Callable[[], Iterable[tuple[str, Session]]]" = list,
        before: "Training | None" = None,
        whole: "Named | None" = None,
    ) -> None:
        super().__init__(name="training", daemon=True)
        self.state = state if before is None else replace(before.state, phase="loading")
        self.failure = ""  # why the session could not be opened, for the user
        self.bug: BaseException | None = None  # an unexpected exception, for a traceback
        self.is_elsewhere = False
        self._open = opener
        self._parts = parts
        self._before = before
        self._whole = whole
        self._session: Session | None = None
        self._early: list[Command] = []
        self._lock = Lock()

    @property
    def analysis(self) -> "NetworkAnalysis | None":
        """The network at the last `Analyze`."""
        found = self._session.analysis if self._session else None
        return self._before.analysis if found is None and self._before is not None else found

    @property
    def saved_run(self) -> "Run | None":
        """The run on disk, once the session is open."""
        return self._session.run if self._session else None

    @property
    def run_name(self) -> str:
        """The name of the run directory; empty before the session is open."""
        run = self._session.run if self._session else self._before.saved_run if self._before else None
        return run.name if run is not None else ""

    @property
    def is_over(self) -> bool:
        """It takes no more commands."""
        return self.ident is not None and not self.is_alive()

    @property
    def outset(self) -> "Outset | None":
        """How another process is to go on with the run, once the session is open."""
        if self._session is None:
            return None
        return replace(self._session.outset, whole=self._whole if self.state.part else None)

    def send(self, command: Command) -> None:
        """Send a command; before the session is open it is queued."""
        with self._lock:
            if self._session is None:
                self._early.append(command)
            else:
                self._session.send(command)

    def leave(self, seconds: float) -> bool:
        """Save and end; wait up to `seconds`; return whether the thread has ended."""
        self.send(Leave())
        self.join(seconds)
        return not self.is_alive()

    def run(self) -> None:
        """Train until `Leave`."""
        try:
            self._train()
        except GroktermError as error:
            self.failure = str(error)
            self.state = replace(self.state, phase="failed")
        except BaseException as error:  # noqa: BLE001 - handed to the screen, which raises it
            self.bug = error

    def _train(self) -> None:
        for which, part in self._parts():
            self._drive(part, (), stay=False, part=which)
            if part.has_left:
                return
            with self._lock:
                self._session, self._early = None, part.untaken()  # these and further ones are for the next session
        self._drive(*self._open(), stay=True)

    def _drive(self, session: "Session", earlier: "Sequence[Record]", *, stay: bool, part: str = "") -> None:
        leave_modules_to_themselves()  # while they are looked through, every thread waits
        gc.collect()  # an earlier training may still hold processes
        with self._lock:
            self._session = session
            while self._early:
                session.send(self._early.pop(0))
        from grokterm.session.serving import train

        for _, self.state in train(session, earlier, stay=stay, is_attended=True, part=part):
            pass
