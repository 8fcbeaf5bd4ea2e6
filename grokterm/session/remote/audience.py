"""What the viewers of a training are told, and what they have asked for."""

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

from grokterm.experiment.recording.records import Finished, Record
from grokterm.session.commands import Analyze, Command, Hold, Release
from grokterm.session.remote.messages import Ended, Happened, line
from grokterm.session.remote.packing import pack_picture
from grokterm.session.remote.viewing import Viewer
from grokterm.session.state import LabState

if TYPE_CHECKING:
    from grokterm.inspection.snapshot import Snapshot
    from grokterm.session.session import Session

MOST_SILENT = 8  # looks after which a viewer that says nothing has held the training long enough: it is stopped, or hangs
LAPSED = "a dialog no longer holds the training: its screen is stopped, or does not answer"
MOST_BATCHES = 100  # of records that wait for the server's thread; if there are more, viewers get the state instead


class Audience:
    """All viewers of one session.

    `take` belongs to the thread of the training, all else to that of the server.
    """

    def __init__(self, session: "Session", state: LabState) -> None:
        self._session = session
        self._lock = Lock()  # of what follows, which both threads use
        self._state = state
        self._viewers: set[Viewer] = set()
        self._batches: list[Sequence[Record]] = []  # since viewers were told
        self._has_overflown = False
        self._looks: list[tuple[Analyze, set[Viewer]]] = []  # what was sent and not answered, and who waits for it
        self._is_look_last = False  # of the commands that were sent
        self._answers: list[tuple[set[Viewer], Snapshot]] = []

    def take(self, records: Sequence[Record], state: LabState) -> bool:
        """Take what has happened, and the state after it; tell whether there is anything to deliver."""
        with self._lock:
            self._state = state
            if not self._viewers:
                return False
            if records:
                self._batches.append(records)
            if len(self._batches) > MOST_BATCHES:
                self._batches, self._has_overflown = [], True
            self._answer(records)
        return True

    def _answer(self, records: Sequence[Record]) -> None:
        """Answer who waits for a picture; at the end, send the last one to all who have looked."""
        session = self._session
        if self._looks and session.analyzed is self._looks[0][0] and session.analysis is not None:
            self._answers.append((self._looks.pop(0)[1], session.analysis.snapshot))
        if any(isinstance(record, Finished) for record in records):
            looking = {viewer for viewer in self._viewers if viewer.has_looked}
            if looking and session.has_weights:
                self._answers.append((looking, session.trainer.snapshot()))

    def end(self) -> None:
        """Tell every viewer what is left, and that it was all."""
        self.deliver()
        for viewer in self._viewers:
            viewer.end(Ended())

    def send(self, viewer: Viewer, command: Command) -> None:
        """Pass a command of a viewer on; what several ask for at once, one after another, is asked once."""
        with self._lock:
            if isinstance(command, Analyze):
                viewer.has_looked = True
                if self._looks and self._is_look_last:
                    self._looks[-1][1].add(viewer)
                    return
                self._looks.append((command, {viewer}))
            self._is_look_last = isinstance(command, Analyze)
        if isinstance(command, Hold):
            viewer.n_holds += 1
        elif isinstance(command, Release):
            if not viewer.n_holds:
                return  # it would end the hold of another
            viewer.n_holds -= 1
        self._session.send(command)

    def dismiss(self, viewer: Viewer) -> None:
        """Forget a viewer that has gone, and what it has asked for."""
        with self._lock:
            self._viewers.discard(viewer)
        self._end_holds(viewer)

    def _end_holds(self, viewer: Viewer, reason: str = "") -> None:
        while viewer.n_holds:
            self.send(viewer, Release(reason=reason if viewer.n_holds == 1 else ""))

    def end_lapsed_holds(self) -> None:
        """End what viewers hold that have not said a word for so many looks: the clock alone does not tell who was stopped."""
        for viewer in self._viewers:
            viewer.n_silent += 1
            if viewer.n_silent > MOST_SILENT:
                self._end_holds(viewer, LAPSED)

    def deliver(self, joining: Viewer | None = None) -> None:
        """Tell every viewer what it does not know yet; who joins begins with the state after it."""
        with self._lock:
            batches, self._batches = self._batches, []
            answers, self._answers = self._answers, []
            has_overflown, self._has_overflown = self._has_overflown, False
            state, viewers = self._state, list(self._viewers)
            if joining is not None:
                self._viewers.add(joining)
                joining.fall_behind(state)
        if has_overflown:
            for viewer in viewers:
                viewer.fall_behind(state)
        elif batches:
            is_read = any(not viewer.is_behind for viewer in viewers)
            text = line(Happened(records=[record for batch in batches for record in batch])) if is_read else b""
            for viewer in viewers:
                viewer.tell(text, state)
        for waiting, snapshot in answers:
            picture = pack_picture(snapshot)
            for viewer in waiting.intersection(viewers):
                viewer.show(snapshot, picture)
