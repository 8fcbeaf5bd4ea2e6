"""The scheduler of a sweep: submits members that have no result to an engine, and tells how far the sweep is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from threading import Event
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from grokterm.sweeps.members import Member
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.leftovers import sweep_away
from grokterm.sweeps.storage.result import Result

if TYPE_CHECKING:  # a screen reads a sweep without loading torch
    from grokterm.sweeps.engines.engine import Engine
    from grokterm.sweeps.work import Report

POLL_SECONDS = 0.25  # between two looks at the engine
LATER_SECONDS = 5.0  # until a member that another process works on is asked for again


class Plan(Protocol):
    """Which members a sweep consists of: those of a grid at once, those of a search one round after the other."""

    def next_members(self, results: Mapping[str, Result]) -> Sequence[Member]:
        """Return the members that are wanted from now on, given what came of those before."""


class Grid:
    """Members that are known from the start."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = members

    def next_members(self, results: Mapping[str, Result]) -> Sequence[Member]:
        """Return all of them, the first time."""
        del results
        members, self._members = self._members, ()
        return members


@dataclass(frozen=True)
class Progress:
    """How far a sweep is. What it shows of members grows while the sweep goes on: copy it before another thread reads it."""

    members: Sequence[Member]
    """All that are wanted so far; of two with one key, the first."""

    results: Mapping[str, Result]
    """What came of members, by key; also of some that are not wanted any more."""

    working: Sequence[str] = ()
    """Keys of members that are worked on here."""

    n_elsewhere: int = 0
    """Members that other processes work on."""

    n_done: int = 0
    """Members with a result."""

    n_failed: int = 0
    """Those of them that have failed."""


class Scheduler:
    """Works through a plan. `stop` and `retry` may be called from another thread; everything else belongs to one."""

    def __init__(self, sweep: SweepFolder, plan: Plan, engine: "Engine") -> None:
        self._sweep, self._plan, self._engine = sweep, plan, engine
        self._is_stopped, self._is_to_retry = Event(), Event()
        self._members: list[Member] = []
        self._by_key: dict[str, Member] = {}
        self._results: dict[str, Result] = sweep.results()
        self._pending: set[str] = set()
        self._later: dict[str, float] = {}  # members that are to be asked for again, and when
        self._n_done = self._n_failed = 0

    def stop(self) -> None:
        """Save and end what is trained, and begin nothing more."""
        self._is_stopped.set()

    def retry(self) -> None:
        """Work again on members that have failed."""
        self._is_to_retry.set()

    def run(self) -> Iterator[Progress]:
        """Work until there is a result of every member, and yield how far it is, several times a second.

        Raises:
            StorageError: if the folder of the sweep cannot be written.
            EngineError: if the engine is gone.
        """
        sweep_away(self._sweep)
        try:
            shown_at = -inf
            while not self._is_stopped.is_set():
                self._submit(self._wanted())
                is_over = not self._pending and not self._later
                if is_over or monotonic() >= shown_at + POLL_SECONDS:
                    shown_at = monotonic()
                    yield self.progress
                if is_over and not self._is_to_retry.is_set():
                    return
                for report in self._engine.wait(POLL_SECONDS):
                    self._take(report)
        finally:
            self._engine.stop()
            sweep_away(self._sweep)

    @property
    def progress(self) -> Progress:
        """How far it is now."""
        working, n_elsewhere = self._engine.working, len(self._later)
        results = MappingProxyType(self._results)
        return Progress(self._members, results, working, n_elsewhere, self._n_done, self._n_failed)

    def _wanted(self) -> list[Member]:
        """List members to ask for: new ones, those to be asked for again, and those that have failed, if that is asked for."""
        wanted = []
        for member in self._plan.next_members(self._results):
            if member.key not in self._by_key:
                self._by_key[member.key] = member
                self._members.append(member)
                self._count(member.key, 1)
                wanted.append(member)
        now = monotonic()
        due = [key for key, at in self._later.items() if at <= now]
        for key in due:
            del self._later[key]
        return [*wanted, *(self._by_key[key] for key in (*due, *self._forgotten()))]

    def _forgotten(self) -> list[str]:
        """Forget what came of members that have failed, once after each `retry`."""
        if not self._is_to_retry.is_set():
            return []
        self._is_to_retry.clear()
        keys = [key for key in self._sweep.forget_failed() if key in self._by_key and key in self._results]
        for key in keys:
            self._count(key, -1)
            del self._results[key]
        return keys

    def _submit(self, members: Sequence[Member]) -> None:
        missing = [member for member in members if member.key not in self._results]
        self._pending |= {member.key for member in missing}
        self._engine.submit(missing)

    def _take(self, report: "Report") -> None:
        self._pending.discard(report.key)
        if report.status == "done" and (result := self._sweep.result_of(report.key)) is not None:
            self._count(report.key, -1)
            self._results[report.key] = result
            self._count(report.key, 1)
        else:  # another process works on it or was stopped, or the disk does not show yet what another host wrote
            self._later[report.key] = monotonic() + LATER_SECONDS

    def _count(self, key: str, sign: int) -> None:
        if (result := self._results.get(key)) is not None:
            self._n_done += sign
            self._n_failed += sign * (result.outcome == "failed")
