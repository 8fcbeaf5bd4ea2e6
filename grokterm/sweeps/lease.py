"""The lease of a member: one process at a time works on it, on whichever host that shares the folder.

A file that only one process can create, touched every few seconds. A lease that was not touched for a minute, or whose process
is known to be dead, is taken over. Ages are told by the clock of the disk, so hosts need not agree on the time.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Self

from pydantic import ValidationError

from grokterm.experiment.records import Owner
from grokterm.runs.owner import life, this_process

BEAT = 10.0  # seconds between two touches
STALE = 60.0  # seconds without one, after which a process counts as dead


class Claim(Owner):
    """The process that works on a member."""

    nonce: str
    """Tells this claim from any other."""

    attempts: int = 1
    """How often the member was claimed without having been given back."""


class Lease:
    """The right to work on a member, until it is given back or this process ends."""

    def __init__(self, path: Path, claim: Claim) -> None:
        self._path = path
        self.claim = claim
        self._is_over = Event()
        self._beats = Thread(target=self._beat, name=f"lease of {path.name}", daemon=True)

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """Claim a member; None if another process works on it.

        Raises:
            OSError: if the folder cannot be written.
        """
        before = read_claim(path)
        if before is not None or path.exists():
            if not is_stale(path, before):
                return None
            if not _removed(path):
                return None
        attempts = before.attempts + 1 if before is not None else 1
        claim = Claim(**this_process().model_dump(), nonce=secrets.token_hex(8), attempts=attempts)
        draft = path.with_name(f".{path.name}-{claim.nonce}")
        draft.write_text(claim.model_dump_json(), encoding="utf-8")
        try:
            os.link(draft, path)  # whole at once, and only if there is none
        except FileExistsError:
            return None
        finally:
            draft.unlink(missing_ok=True)
        return cls(path, claim)

    def __enter__(self) -> Self:
        self._beats.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._beats.join()
        if self.is_held:
            with suppress(OSError):
                self._path.unlink()

    @property
    def is_held(self) -> bool:
        """Whether no other process has taken it over, as one does from a process that stood still for a minute."""
        found = read_claim(self._path)
        return found is not None and found.nonce == self.claim.nonce

    def _beat(self) -> None:
        while not self._is_over.wait(BEAT):
            with suppress(OSError):
                if self.is_held:
                    os.utime(self._path)


def read_claim(path: Path) -> Claim | None:
    """Read who works on a member; None if no process does, or the file cannot be read."""
    try:
        return Claim.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def is_stale(path: Path, claim: Claim | None) -> bool:
    """Tell whether a lease was left by a process that has gone."""
    if claim is not None and (known := life(claim)) != "unknown":
        return known == "dead"
    try:
        return _now(path.parent) - path.stat().st_mtime > STALE
    except OSError:
        return False  # given back meanwhile


def _now(folder: Path) -> float:
    """Return the time by the clock of the disk."""
    probe = folder / f".now-{os.getpid()}-{secrets.token_hex(4)}"
    probe.touch()
    try:
        return probe.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)


def _removed(path: Path) -> bool:
    """Remove a stale lease, and tell whether it was this process that did."""
    grave = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        path.rename(grave)
    except OSError:
        return False
    grave.unlink(missing_ok=True)
    return True
