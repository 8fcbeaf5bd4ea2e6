"""A sweep as a screen sees it: a thread works on it, or reads its folder while it rests or other processes work on it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Literal

from grokterm.errors import GroktermError
from grokterm.session.torch_import import import_torch
from grokterm.sweeps.measuring.measures import measure_name
from grokterm.sweeps.measuring.outcomes import PointOutcome
from grokterm.sweeps.measuring.tally import Tally
from grokterm.sweeps.members import Member
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.keeping import keep_sweep
from grokterm.sweeps.storage.lease import claims
from grokterm.sweeps.storage.result import Result

if TYPE_CHECKING:
    from grokterm.sweeps.engines.engine import Engine
    from grokterm.sweeps.plans import Remembering
    from grokterm.sweeps.scheduler import Scheduler
    from grokterm.sweeps.search.crossing import Crossing

READ_SECONDS = 2.0  # between two looks into the folder

Phase = Literal["reading", "working", "stopping", "resting", "done"]


@dataclass(frozen=True)
class SweepState:
    """How far a sweep is."""

    phase: Phase = "reading"
    """Stopping: what is trained is saved. Resting: there are members without a result, and this process trains none."""

    members: Sequence[Member] = ()
    results: Mapping[str, Result] = field(default_factory=dict)
    working: frozenset[str] = frozenset()
    """Keys of the members that this process works on."""

    elsewhere: frozenset[str] = frozenset()
    """Those that other processes work on."""

    outcomes: Sequence[PointOutcome] = ()
    crossings: "Sequence[Crossing]" = ()
    n_done: int = 0
    n_failed: int = 0
    seconds_left: float | None = None
    problem: str = ""
    """Why the work has ended early, or the folder cannot be read."""


class LiveSweep(Thread):
    """Works on a sweep until it is done or told to rest; `state` may be read, and methods called, from another thread."""

    def __init__(self, sweep: SweepFolder, engine_of: "Callable[[SweepFolder], Engine]", *, works: bool) -> None:
        super().__init__(name="sweep", daemon=True)
        self.sweep = sweep
        """Its folder, read again after it was changed."""

        self.state = SweepState()
        self.bug: BaseException | None = None
        self._engine_of = engine_of
        self._works = works  # is to work
        self._has_left = self._is_to_retry = False
        self._has_changed = Event()
        self._scheduler: Scheduler | None = None
        self._is_planned = False  # as the folder is now
        self._defined_at = sweep.defined_at
        self._plan: Remembering | None = None
        self._tally = Tally("")
        self._claims, self._claims_due_at = frozenset[str](), 0.0
        self._shown: object = None  # what the state was made of
        self._problem = ""

    def go_on(self) -> None:
        """Work on it."""
        self._works = True
        self._has_changed.set()

    def rest(self) -> None:
        """Save and end what is trained, and begin nothing more."""
        self._works = False
        if (scheduler := self._scheduler) is not None:
            self.state = replace(self.state, phase="stopping")
            scheduler.stop()

    def retry(self) -> None:
        """Work again on members that have failed."""
        if (scheduler := self._scheduler) is not None:
            scheduler.retry()
        else:
            self._is_to_retry = True
        self.go_on()

    def add_seed(self) -> None:
        """Ask for one more seed at each point.

        Raises:
            GroktermError: if the folder cannot be written.
        """
        before = SweepFolder(self.sweep.path)  # as it is now: another process may have asked for more, too
        more = before.sweep.model_copy(update={"seeds": before.sweep.seeds + 1})
        self.sweep = keep_sweep(before.path.parent, before.name, before.preset, before.settings, more)
        self._is_planned = False
        self.go_on()

    def leave(self, seconds: float) -> bool:
        """Save and end what is trained, and the thread; return whether that was done in the time."""
        self._has_left = True
        self.rest()
        self._has_changed.set()
        if self.ident is not None:
            self.join(seconds)
        return not self.is_alive()

    def run(self) -> None:
        """Work, or look into the folder, until it is left."""
        try:
            self._read()
            while not self._has_left:
                if self._works:
                    self._work()
                else:
                    self._has_changed.wait(READ_SECONDS)
                    self._has_changed.clear()
                self._read()
        except BaseException as error:  # noqa: BLE001 - handed to the screen, which raises it
            self.bug = error

    def next_members(self, results: Mapping[str, Result]) -> Sequence[Member]:
        """Ask the plan of the sweep as it is now, as the plan of the scheduler: another process may ask for more, too."""
        if (defined_at := self.sweep.defined_at) != self._defined_at:
            self._defined_at, self.sweep, self._is_planned = defined_at, SweepFolder(self.sweep.path), False
        if self._plan is None or not self._is_planned:
            from grokterm.sweeps.plans import Remembering, plan_of

            self._is_planned, sweep = True, self.sweep
            self._plan = Remembering(plan_of(sweep.settings, sweep.sweep))
            self._tally = Tally(measure_name(sweep.sweep))
        return self._plan.next_members(results)

    @property
    def _members(self) -> Sequence[Member]:
        """All that are wanted so far."""
        return self._plan.members if self._plan is not None else ()

    def _work(self) -> None:
        self.state = replace(self.state, phase="working", problem="")
        import_torch()
        from grokterm.sweeps.estimate import TimeLeft
        from grokterm.sweeps.scheduler import Scheduler
        from grokterm.sweeps.storage.tables import GrowingTable, write_table

        try:
            if self._is_to_retry:
                self.sweep.forget_failed()
            self._is_to_retry = self._is_planned = False
            self._scheduler = scheduler = Scheduler(self.sweep, self, self._engine_of(self.sweep))
            if not self._works:  # since then
                scheduler.stop()
            table, left = GrowingTable(self.sweep), TimeLeft()
            for progress in scheduler.run():
                seconds = left.seconds(progress.n_done, len(progress.members))
                is_known = self.sweep.sweep.search is None  # how many members there will be
                self._show(progress.results, progress.working, seconds if is_known else None)
                table.update(self._members, progress.results)
            write_table(self.sweep, self._members, scheduler.progress.results)
            self._problem = ""
        except GroktermError as error:
            self._problem = str(error)
        finally:
            self._scheduler = None
        self._works = False

    def _read(self) -> None:
        """Read what other processes have added: results, and members that are wanted."""
        known = {key: result for key, result in self.state.results.items() if result.outcome != "failed"}
        try:
            results = self.sweep.results(known)
            while self.next_members(results):
                pass
        except GroktermError as error:
            self.state = replace(self.state, phase="resting", problem=str(error))
            return
        self._show(results, (), None)

    def _show(self, results: Mapping[str, Result], working: Iterable[str], seconds_left: float | None) -> None:
        """Publish how far it is; what many members make slow only if it has changed."""
        members, own, claimed = self._members, frozenset(working), self._claimed()
        seen = self._plan, len(members), len(results), own, claimed, self._scheduler is None, self._works, self._problem
        if seen == self._shown:
            self.state = replace(self.state, seconds_left=seconds_left)
            return
        self._shown = seen
        keys = {member.key for member in members}
        done = [results[key] for key in keys if key in results]
        self.state = SweepState(
            self._phase(is_done=len(done) == len(keys)),
            tuple(members),
            dict(results),
            own,
            claimed - own - results.keys(),
            self._tally.update(members, results),
            self._crossings(results),
            len(done),
            sum(result.outcome == "failed" for result in done),
            seconds_left,
            self._problem,
        )

    def _phase(self, *, is_done: bool) -> Phase:
        if self._scheduler is not None:
            return "working" if self._works else "stopping"
        return "done" if is_done else "resting"

    def _crossings(self, results: Mapping[str, Result]) -> "Sequence[Crossing]":
        from grokterm.sweeps.plans import crossings_of

        found = crossings_of(self._plan.plan, results) if self._plan is not None else []
        for crossing in found:
            _ = crossing.estimate  # here, not where it is drawn
        return found

    def _claimed(self) -> frozenset[str]:
        """List the members that processes work on, also of other hosts, as it was a moment ago."""
        if monotonic() >= self._claims_due_at:
            self._claims, self._claims_due_at = frozenset(claims(self.sweep.leases_folder)), monotonic() + READ_SECONDS
        return self._claims
