"""Lets other processes of this user watch and control the training of this one, over a socket."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING, Self

from grokterm.errors import UnreachableError
from grokterm.experiment.recording.records import Finished, Record
from grokterm.session.commands import Analyze, Command, Hold, Release
from grokterm.session.remote.address import HAS_SOCKETS, address_of, is_own, listen
from grokterm.session.remote.messages import (
    HELLO,
    PATIENCE_SECONDS,
    Alive,
    Ended,
    Failed,
    Happened,
    Server,
    line,
)
from grokterm.session.remote.packing import pack_picture
from grokterm.session.remote.reading import check_hello, read_command, read_lines
from grokterm.session.remote.viewing import Viewer
from grokterm.session.state import LabState

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from grokterm.inspection.snapshot import Snapshot
    from grokterm.session.session import Session

LOOK_SECONDS = 1.0  # between two looks whether the socket, which may go as its user logs out, and who holds are still there
MOST_SILENT = 8  # looks after which a viewer that says nothing has held the training long enough: it is stopped, or hangs
BUSY_SECONDS = 0.02  # between two looks whether the session has taken the commands before
LAPSED = "a dialog no longer holds the training: its screen is stopped, or does not answer"
MOST_COMMANDS = 100  # that wait; a viewer that sends more is not read meanwhile
MOST_BATCHES = 100  # of records that wait for the server's thread; if there are more, viewers get the state instead


class TrainingServer:
    """Serves one session in a thread of its own, from `open` to the end of the context.

    All methods belong to the thread of the training, and cost it microseconds; without a viewer nothing is written.
    """

    def __init__(self, session: "Session", state: LabState) -> None:
        self.is_open = False  # or it was tried
        self._session = session
        self._address: Path | None = None  # where it listens
        self._inode = 0  # of the socket
        self._thread = Thread(target=self._run, name="server", daemon=True)
        self._lock = Lock()  # of what follows, which both threads use
        self._state = state
        self._viewers: set[Viewer] = set()
        self._batches: list[Sequence[Record]] = []  # since viewers were told
        self._has_overflown = False
        self._looks: list[tuple[Analyze, set[Viewer]]] = []  # what was sent and not answered, and who waits for it
        self._is_look_last = False  # of the commands that were sent
        self._answers: list[tuple[set[Viewer], Snapshot]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join(3 * PATIENCE_SECONDS)

    def open(self) -> str:
        """Begin to serve; say why that is not possible, if it is not."""
        self.is_open = True
        if not HAS_SOCKETS:
            return ""
        try:
            self._listener = self._listen()
        except (OSError, UnreachableError) as error:
            return f"no other screen can be attached to this training: {error}"
        if self._address is not None:
            with suppress(OSError):  # a full disk; viewers look where it lies
                self._session.lock.serve_at(str(self._address))
        self._loop, self._closing = asyncio.new_event_loop(), asyncio.Event()
        self._thread.start()
        return ""

    def publish(self, records: Sequence[Record], state: LabState) -> None:
        """Tell viewers what has happened, the state after it, and what they have asked for."""
        with self._lock:
            self._state = state
            if not self._viewers:
                return
            if records:
                self._batches.append(records)
            if len(self._batches) > MOST_BATCHES:
                self._batches, self._has_overflown = [], True
            self._answer(records)
        self._loop.call_soon_threadsafe(self._deliver)

    def _answer(self, records: Sequence[Record]) -> None:
        """Answer who waits for a picture; at the end, send the last one to all who have looked."""
        session = self._session
        if self._looks and session.analyzed is self._looks[0][0] and session.analysis is not None:
            self._answers.append((self._looks.pop(0)[1], session.analysis.snapshot))
        if any(isinstance(record, Finished) for record in records):
            looking = {viewer for viewer in self._viewers if viewer.has_looked}
            if looking:
                self._answers.append((looking, session.trainer.snapshot()))

    def _listen(self) -> "socket.socket | None":
        """Listen; None if another process does, which may be about to end."""
        address = address_of(self._session.run.path)
        listener = listen(address)
        if listener is not None:
            self._address, self._inode = address, address.stat().st_ino
        return listener

    @property
    def _is_found(self) -> bool:
        """Whether the socket is still where viewers look for it."""
        try:
            return self._address is not None and self._address.stat().st_ino == self._inode
        except OSError:
            return False

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.run_until_complete(_cancel(asyncio.all_tasks(self._loop)))  # who has come in the last moment
            self._loop.close()

    async def _serve(self) -> None:
        """Serve until the end of the context; then let viewers read what is left."""
        self._connections: set[asyncio.Task[None]] = set()
        listening = None if self._listener is None else await asyncio.start_unix_server(self._welcome, sock=self._listener)
        while not self._closing.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), LOOK_SECONDS)
            self._end_lapsed_holds()
            if not self._closing.is_set() and not self._is_found:
                with suppress(OSError, UnreachableError):
                    if (listener := self._listen()) is not None:
                        if listening is not None:
                            listening.close()
                        listening = await asyncio.start_unix_server(self._welcome, sock=listener)
        if self._is_found and self._address is not None:
            self._address.unlink()
        if listening is not None:
            listening.close()
        self._deliver()
        for viewer in self._viewers:
            viewer.end(Ended())
        if self._connections:
            await asyncio.wait(self._connections, timeout=PATIENCE_SECONDS)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if is_own(writer.get_extra_info("socket")):
                await self._attend(reader, writer)
        except OSError:
            pass  # it has gone
        finally:
            await _hang_up(writer)
            self._connections.discard(task)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one viewer until it leaves, or sends what cannot be read, or the training ends."""
        writer.write(line(Server(**HELLO.model_dump(), run=str(self._session.run.path.resolve()), pid=os.getpid())))
        lines = read_lines(reader)
        try:
            if not (said := await anext(lines, b"")):
                return  # it has only asked whether this is served
            check_hello(said)
        except UnreachableError as error:
            writer.write(line(Failed(problem=str(error))))
            return
        viewer = Viewer(writer)
        self._deliver(viewer)
        writing, obeying = asyncio.create_task(viewer.write()), asyncio.create_task(self._obey(viewer, lines))
        try:
            await asyncio.wait({writing, obeying}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({writing}, timeout=PATIENCE_SECONDS / 2)
        finally:
            self._dismiss(viewer)
            for task in (writing, obeying):
                task.cancel()
            for outcome in await asyncio.gather(writing, obeying, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(outcome, OSError):
                    raise outcome

    async def _obey(self, viewer: Viewer, lines: AsyncIterator[bytes]) -> None:
        try:
            async for text in lines:
                command = read_command(text)
                viewer.n_silent = 0
                if isinstance(command, Alive):
                    continue
                while self._session.n_commands > MOST_COMMANDS:
                    await asyncio.sleep(BUSY_SECONDS)
                self._send(viewer, command)
        except UnreachableError as error:
            viewer.end(Failed(problem=str(error)))
        else:
            viewer.end(Ended())  # it has left

    def _send(self, viewer: Viewer, command: Command) -> None:
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

    def _dismiss(self, viewer: Viewer) -> None:
        """Forget a viewer that has gone, and what it has asked for."""
        with self._lock:
            self._viewers.discard(viewer)
        self._end_holds(viewer)

    def _end_holds(self, viewer: Viewer, reason: str = "") -> None:
        while viewer.n_holds:
            self._send(viewer, Release(reason=reason if viewer.n_holds == 1 else ""))

    def _end_lapsed_holds(self) -> None:
        """End what viewers hold that have not said a word for so many looks: the clock alone does not tell who was stopped."""
        for viewer in self._viewers:
            viewer.n_silent += 1
            if viewer.n_silent > MOST_SILENT:
                self._end_holds(viewer, LAPSED)

    def _deliver(self, joining: Viewer | None = None) -> None:
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


async def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    """Let a viewer read what was written, if it does."""
    writer.close()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS / 2):
            await writer.wait_closed()
    except TimeoutError:
        writer.transport.abort()
    except OSError:
        pass  # it has gone
