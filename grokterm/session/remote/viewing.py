"""What is sent to one viewer: the state, then what happens; never more waits for it than it is worth."""

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from pydantic import BaseModel

from grokterm.inspection.snapshot import Snapshot
from grokterm.session.remote.messages import line
from grokterm.session.remote.packing import pack_sides, pack_state
from grokterm.session.state import LabState

if TYPE_CHECKING:
    from grokterm.tasks.dataset import Dataset

MOST_WAITING = 2**18  # bytes of records; a viewer that does not read them gets the state instead
PIECE = 2**20  # bytes that are handed to the system at once


class Viewer:
    """One connection. It belongs to the thread of the server."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.n_holds = 0
        self.n_silent = 0  # looks for a word of it, one after another and all in vain, while it holds the training
        self.has_looked = False
        self.is_behind = False  # it gets the newest state before anything else
        self._writer = writer
        self._newest: LabState | None = None
        self._known: LabState | None = None  # of what was written
        self._waiting: deque[tuple[bytes, LabState]] = deque()  # lines, and the state after each
        self._n_waiting = 0  # bytes
        self._picture: tuple[Snapshot, bytes] | None = None  # the newest that was asked for
        self._dataset: Dataset | None = None  # which it has
        self._last: BaseModel | None = None  # what it is told before the connection ends
        self._has_news = asyncio.Event()

    def tell(self, text: bytes, state: LabState) -> None:
        """Say what has happened, and to which state it has led; nothing is said to a viewer that is behind."""
        self._newest = state
        if not self.is_behind:
            self._waiting.append((text, state))
            self._n_waiting += len(text)
            if self._n_waiting > MOST_WAITING:
                self.fall_behind(state)
        self._has_news.set()

    def fall_behind(self, state: LabState) -> None:
        """Send the newest state once there is room, instead of all that waits."""
        self._newest, self.is_behind, self._n_waiting = state, True, 0
        self._waiting.clear()
        self._has_news.set()

    def show(self, snapshot: Snapshot, packed: bytes) -> None:
        """Send a picture, after what waits."""
        self._picture = snapshot, packed
        self._has_news.set()

    def end(self, last: BaseModel) -> None:
        """Say this after all that waits, and nothing after it."""
        self._last = last
        self._has_news.set()

    async def write(self) -> None:
        """Write until the end."""
        while not self._writer.is_closing():
            if self.is_behind:
                await self._write_state()
            elif self._waiting:
                text, self._known = self._waiting.popleft()
                self._n_waiting -= len(text)
                await self._write(text)
            elif self._picture is not None:
                await self._write_picture(*self._picture)
            elif self._last is not None:
                await self._write(line(self._last))
                return
            else:
                self._has_news.clear()
                await self._has_news.wait()

    async def _write_state(self) -> None:
        state, self.is_behind = self._newest, False
        assert state is not None
        known, self._known = self._known, state
        for text, rows in pack_state(known, state):
            await self._write(text)
            await self._write(rows)

    async def _write_picture(self, snapshot: Snapshot, packed: bytes) -> None:
        self._picture = None
        if snapshot.dataset is not self._dataset:
            self._dataset = snapshot.dataset
            await self._write(pack_sides(snapshot.dataset))
        await self._write(packed)

    async def _write(self, content: bytes | memoryview) -> None:
        for first in range(0, len(content), PIECE):
            self._writer.write(content[first : first + PIECE])
            await self._writer.drain()
