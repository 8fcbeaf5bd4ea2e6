"""Lets other processes of this user watch and control the training of this one, over a socket."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Self

from grokterm.errors import UnreachableError
from grokterm.experiment.recording.records import Record
from grokterm.session.remote.address import HAS_SOCKETS, address_of, is_own, listen
from grokterm.session.remote.audience import Audience
from grokterm.session.remote.messages import HELLO, PATIENCE_SECONDS, Alive, Ended, Failed, Server, line
from grokterm.session.remote.reading import check_hello, read_command, read_lines
from grokterm.session.remote.viewing import Viewer
from grokterm.session.state import LabState

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from grokterm.session.session import Session

LOOK_SECONDS = 1.0  # between two looks whether the socket, which may go as its user logs out, and who holds are still there
BUSY_SECONDS = 0.02  # between two looks whether the session has taken the commands before
MOST_COMMANDS = 100  # that wait; a viewer that sends more is not read meanwhile


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
        self._audience = Audience(session, state)

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
        if self._audience.take(records, state):
            self._loop.call_soon_threadsafe(self._audience.deliver)

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
            self._audience.end_lapsed_holds()
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
        self._audience.end()
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
        self._audience.deliver(viewer)
        writing, obeying = asyncio.create_task(viewer.write()), asyncio.create_task(self._obey(viewer, lines))
        try:
            await asyncio.wait({writing, obeying}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({writing}, timeout=PATIENCE_SECONDS / 2)
        finally:
            self._audience.dismiss(viewer)
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
                self._audience.send(viewer, command)
        except UnreachableError as error:
            viewer.end(Failed(problem=str(error)))
        else:
            viewer.end(Ended())  # it has left


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
