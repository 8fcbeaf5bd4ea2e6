"""The lease of a member: one process at a time works on it, on whichever host that shares the folder.

A file that only one process can create, touched every few seconds. A lease that was not touched for a minute, or whose process
is known to be dead, is taken over. Ages are told by the clock of the disk, so hosts need not agree on the time.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Self

from pydantic import ValidationError

from grokterm.experiment.reading.escaping import escaped_text
from grokterm.experiment.recording.owner import Owner
from grokterm.runs.owner import life, this_process
from grokterm.runs.storage.durable import create, disk_time, remove, touch, write_whole

BEAT = 10.0  # seconds between two touches
STALE = 60.0  # seconds without one, after which a process counts as dead

GUARD = "-guard"


class Claim(Owner):
    """The process that works on a member."""

    nonce: str
    """Tells this claim from any other."""

    step: int = 0
    """The checkpoint from which it goes on."""

    attempts: int = 1
    """How many processes have gone on from there, none of which has given the member back."""


class Lease:
    """The right to work on a member, until it is given back or this process ends."""

    def __init__(self, path: Path, claim: Claim) -> None:
        self._path = path
        self.claim = claim
        self.is_lost = False  # as far as is known: another process has taken it over
        self._is_over = Event()
        self._beats = Thread(target=self._beat, name=f"lease of {path.name}", daemon=True)

    @classmethod
    def take(cls, path: Path, step: int = 0) -> Self | None:
        """Claim a member, to go on from this checkpoint; None if another process works on it.

        Raises:
            OSError: if the folder cannot be written.
        """
        before = read_claim(path)
        is_there = before is not None or path.exists()
        if is_there and not is_stale(path, before):
            return None
        attempts = before.attempts + 1 if before is not None and before.step == step else 1
        claim = Claim(**this_process().model_dump(), nonce=secrets.token_hex(8), step=step, attempts=attempts)
        is_mine = _replaced(path, before, claim) if is_there else create(path, _content_of(claim))
        return cls(path, claim) if is_mine else None

    def __enter__(self) -> Self:
        self._beats.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._beats.join()
        with suppress(OSError):
            self._give_back()

    def _give_back(self) -> None:
        for _ in range(2):  # the first time may find what a process has left that was killed in such a moment
            with _alone(self._path) as is_alone:
                if is_alone and self.is_held:
                    remove(self._path)
                if is_alone:
                    return

    @property
    def is_held(self) -> bool:
        """Whether no other process has taken it over, as one does from a process that stood still for a minute."""
        found = read_claim(self._path)
        return found is not None and found.nonce == self.claim.nonce

    def _beat(self) -> None:
        while not self._is_over.wait(BEAT):
            with suppress(OSError):
                if self.is_held:
                    touch(self._path)
                else:
                    self.is_lost = read_claim(self._path) is not None or not self._path.exists()


def read_claim(path: Path) -> Claim | None:
    """Read who works on a member; None if no process does, or the file cannot be read."""
    try:
        return Claim.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def is_claimed(path: Path) -> bool:
    """Tell whether a process works on a member."""
    claim = read_claim(path)
    return (claim is not None or path.exists()) and not is_stale(path, claim)


def claims(leases: Path) -> dict[str, Claim]:
    """Read which processes work on the members of a sweep, by key."""
    try:
        with os.scandir(leases) as entries:
            paths = [Path(entry.path) for entry in entries if not entry.name.startswith(".")]
    except OSError:
        return {}
    found = {path.name: claim for path in paths if (claim := read_claim(path)) is not None}
    return {key: claim for key, claim in found.items() if not _has_gone(leases / key, claim)}


def _has_gone(path: Path, claim: Claim) -> bool:
    """Tell whether a process has gone, as far as a folder tells that may not be written to."""
    try:
        return is_stale(path, claim)
    except OSError:
        return False


def is_stale(path: Path, claim: Claim | None) -> bool:
    """Tell whether a lease was left by a process that has gone.

    One from before the host was started anew counts by its age: it may be of another host that has the same name.
    """
    if claim is not None and claim.boot == this_process().boot and (known := life(claim)) != "unknown":
        return known == "dead"
    return _is_old(path)


def give_back_stale(path: Path) -> None:
    """Give a lease back in the place of a process that has gone.

    Raises:
        OSError: if the folder cannot be written.
    """
    if (lease := Lease.take(path)) is not None:
        with lease:
            pass


def drop_old_guards(folder: Path) -> None:
    """Remove what processes leave that are killed in the moment in which they take over a lease, or give it back.

    Raises:
        OSError: if the folder cannot be written.
    """
    for guard in folder.glob(f".*{GUARD}"):
        if _is_old(guard):
            remove(guard)


def _is_old(path: Path) -> bool:
    """Tell whether a file was not touched for a minute; one of the future, as the clock was set back, counts from now on."""
    try:
        age = disk_time(path.parent) - path.stat().st_mtime
        if age < -STALE:
            with suppress(PermissionError):  # it is another user's
                touch(path)
    except FileNotFoundError:
        return False  # given back meanwhile
    return age > STALE


def _content_of(claim: Claim) -> bytes:
    return escaped_text(claim.model_dump_json()).encode()


def _replaced(path: Path, before: Claim | None, claim: Claim) -> bool:
    """Write a claim in the place of a stale one, unless another process has done so since that was read."""
    with _alone(path) as is_alone:
        if not is_alone or not path.exists() or read_claim(path) != before:
            return False
        write_whole(path, _content_of(claim))
        return True


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Keep other processes from replacing or removing a lease, for a moment; False if one of them is about to."""
    guard = path.with_name(f".{path.name}{GUARD}")
    if not create(guard):
        if _is_old(guard):  # of a process that was killed in that moment
            remove(guard)
        yield False
        return
    try:
        yield True
    finally:
        remove(guard)
