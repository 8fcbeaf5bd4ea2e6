"""The scheduler of a sweep: submits members that have no result to an engine, and tells how far the sweep is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from time import monotonic
from typing import Protocol

from grokterm.sweeps.engines.engine import Engine
from grokterm.sweeps.folder import SweepFolder
from grokterm.sweeps.members import Member
from grokterm.sweeps.result import Result
from grokterm.sweeps.work import Report

POLL_SECONDS = 0.25  # between two looks at the engine
ELSEWHERE_SECONDS = 5.0  # until a member that another process works on is asked for again


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
    """How far a sweep is."""

    members: Sequence[Member]
    """All that are wanted so far; of two with one key, the first."""

    results: Mapping[str, Result]
    """What came of members, by key; also of some that are not wanted any more."""

    working: Sequence[str] = ()
    """Keys of members that are worked on here."""

    n_elsewhere: int = 0
    """Members that other processes work on."""

    @property
    def n_done(self) -> int:
        """Members with a result."""
        return sum(member.key in self.results for member in self.members)


class Scheduler:
    """Works through a plan. `stop` may be called from another thread; everything else belongs to one."""

    def __init__(self, sweep: SweepFolder, plan: Plan, engine: Engine) -> None:
        self._sweep, self._plan, self._engine = sweep, plan, engine
        self._is_stopped = Event()
        self._members: dict[str, Member] = {}
        self._results: dict[str, Result] = sweep.results()
        self._pending: set[str] = set()
        self._elsewhere: dict[str, float] = {}  # and when to ask for it again

    def stop(self) -> None:
        """Save and end what is trained, and begin nothing more."""
        self._is_stopped.set()

    def run(self) -> Iterator[Progress]:
        """Work until there is a result of every member, and yield how far it is, several times a second.

        Raises:
            StorageError: if the folder of the sweep cannot be written.
            EngineError: if the engine is gone.
        """
        try:
            while not self._is_stopped.is_set():
                self._submit()
                yield self.progress
                if not self._pending and not self._elsewhere:
                    return
                for report in self._engine.wait(POLL_SECONDS):
                    self._take(report)
        finally:
            self._engine.stop()

    @property
    def progress(self) -> Progress:
        """How far it is now."""
        return Progress(list(self._members.values()), dict(self._results), self._engine.working, len(self._elsewhere))

    def _submit(self) -> None:
        """Ask for members that are wanted and have no result, also again for those that another process had."""
        new = [member for member in self._plan.next_members(self._results) if member.key not in self._members]
        self._members |= {member.key: member for member in new}
        due = [key for key, at in self._elsewhere.items() if at <= monotonic()]
        for key in due:
            del self._elsewhere[key]
        wanted = [*new, *(self._members[key] for key in due)]
        missing = {member.key: member for member in wanted if member.key not in self._results}
        self._pending |= missing.keys()
        self._engine.submit(list(missing.values()))

    def _take(self, report: Report) -> None:
        self._pending.discard(report.key)
        if report.status == "elsewhere":
            self._elsewhere[report.key] = monotonic() + ELSEWHERE_SECONDS
        elif report.status == "done" and (result := self._sweep.result_of(report.key)) is not None:
            self._results[report.key] = result
