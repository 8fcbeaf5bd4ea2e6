"""What a worker of a Ray cluster does, on whichever node: works on a member, in the sweep's folder if it sees that one.

A node that does not see it works in a temporary folder of its own, and sends the member back in full.
"""

import asyncio
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any

import ray

from grokterm.engines.arithmetic import steady_arithmetic
from grokterm.plugins.loading import load_shipped
from grokterm.sweeps.members import Member
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.parcel import Files, Parcel, mark_of, set_up, take_out, unpack
from grokterm.sweeps.work import Report, Work


@dataclass(frozen=True)
class Origin:
    """A sweep, as workers are told of it."""

    path: Path
    """Its folder, as the process that submits sees it."""

    nonce: str
    """Names a file that this process has put there: a node with the same path may have another disk below it."""

    definition: Files
    """For a node that does not see it."""

    plugins: Sequence[tuple[str, bytes]] = ()
    """Files to load before any member."""


class Bell:
    """An actor that tells all workers when they are to save and end."""

    def __init__(self) -> None:
        self._is_rung = asyncio.Event()

    async def ring(self) -> None:
        """Let all workers know."""
        self._is_rung.set()

    async def rung(self) -> None:
        """Wait until it rings."""
        await self._is_rung.wait()


def work_on(origin: Origin, bell: Any, member: Member, before: Sequence[Any]) -> Report | Parcel:  # noqa: ANN401 - Ray's own
    """Work on a member. `before`: a reference to the parcel of one that was interrupted where the sweep's folder is.

    Raises:
        StorageError: if the folder cannot be written.
        PluginError: if a plugin fails here.
    """
    load_shipped(origin.plugins)
    sweep = _seen(origin.path, origin.nonce)
    if sweep is not None:
        return _worked(sweep, origin, bell, member)
    own = set_up(origin.definition, Path(tempfile.gettempdir()) / f"grokterm-{origin.nonce}" / origin.path.name)
    if before and own.run_of(member.key) is None:
        unpack(ray.get(before[0]), own)
    report = _worked(own, origin, bell, member)
    return report if report.status == "elsewhere" else take_out(own, member.key)


@cache
def _seen(path: Path, nonce: str) -> SweepFolder | None:
    """Return the sweep's folder if this node sees it."""
    return SweepFolder(path) if mark_of(path, nonce).is_file() else None


def _worked(sweep: SweepFolder, origin: Origin, bell: Any, member: Member) -> Report:  # noqa: ANN401 - of Ray
    with _ended_by(_listener(origin.nonce, bell), Work(sweep)) as work, steady_arithmetic():
        return work.on(member)


class _Listener:
    """Waits for the bell, in a thread: one for all members that this process works on."""

    def __init__(self, bell: Any) -> None:  # noqa: ANN401 - of Ray
        self.work: Work | None = None
        self.has_heard = False
        self._bell = bell
        Thread(target=self._listen, name="bell", daemon=True).start()

    def _listen(self) -> None:
        ray.get(self._bell.rung.remote())
        self.has_heard = True
        if (work := self.work) is not None:
            work.stop()


_listeners: dict[str, _Listener] = {}


def _listener(nonce: str, bell: Any) -> _Listener:  # noqa: ANN401 - of Ray
    if nonce not in _listeners:
        _listeners[nonce] = _Listener(bell)
    return _listeners[nonce]


@contextmanager
def _ended_by(listener: _Listener, work: Work) -> Iterator[Work]:
    """In this context, the bell saves and ends the work, and so does a node that is shut down."""
    listener.work = work
    if listener.has_heard:
        work.stop()
    before = signal.signal(signal.SIGTERM, lambda *_: work.stop())
    try:
        yield work
    finally:
        signal.signal(signal.SIGTERM, before)
        listener.work = None
