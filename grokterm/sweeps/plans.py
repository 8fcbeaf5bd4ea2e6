"""The plan of a sweep, and the members that it has wanted so far."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from grokterm.experiment.sweep import Sweep
from grokterm.sweeps.measuring.measures import network_measures
from grokterm.sweeps.members import Member, members_of
from grokterm.sweeps.scheduler import Grid, Plan
from grokterm.sweeps.search.crossing import Crossing
from grokterm.sweeps.search.plan import SearchPlan
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.keeping import keep_sweep
from grokterm.sweeps.storage.result import Result

if TYPE_CHECKING:
    from grokterm.sweeps.definition import Definition


class Remembering:
    """A plan that remembers what it has wanted: also two members with one key, which are one run at two points."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.members: list[Member] = []
        """Grows in place."""

    def next_members(self, results: Mapping[str, Result]) -> Sequence[Member]:
        """Return the members that are wanted from now on."""
        new = self.plan.next_members(results)
        self.members += new
        return new


class Following(Remembering):
    """The plan of a sweep as its folder defines it now: another process may ask for more seeds or points meanwhile."""

    def __init__(self, plan: Plan, sweep: SweepFolder) -> None:
        super().__init__(plan)
        self.sweep = sweep
        self._defined_at = sweep.defined_at

    def next_members(self, results: Mapping[str, Result]) -> Sequence[Member]:
        """Return the members that are wanted from now on; all of them if the definition has changed.

        Raises:
            GroktermError: if it has, and cannot be read, or refuses a value.
        """
        if (defined_at := self.sweep.defined_at) != self._defined_at:
            self._defined_at, self.sweep = defined_at, SweepFolder(self.sweep.path)
            self.plan = plan_of(self.sweep.settings, self.sweep.sweep)
            self.members.clear()
        return super().next_members(results)


def plan_of(settings: Mapping[str, Any], sweep: Sweep) -> Plan:
    """Make the plan of a sweep.

    Raises:
        ConfigError: if the experiment refuses a value.
    """
    return Grid(members_of(settings, sweep)) if sweep.search is None else SearchPlan(settings, sweep)


def kept(asked: "Definition", *, retries: bool) -> tuple[Following, SweepFolder]:
    """Make the folder of a sweep, and its plan: values are refused before anything is written.

    Raises:
        ConfigError: if the experiment refuses a value, or the folder belongs to something else.
        StorageError: if it cannot be written.
    """
    plan = plan_of(asked.settings, asked.sweep)
    sweep = keep_sweep(asked.folder, asked.name, asked.preset, asked.settings, asked.sweep)
    sweep.forget_unmeasured(network_measures(asked.sweep))
    if retries:
        sweep.forget_failed()
    return Following(plan, sweep), sweep


def crossings_of(plan: Plan, results: Mapping[str, Result]) -> list[Crossing]:
    """Tell what the searches of a plan have found; none if it is a grid."""
    return plan.crossings(results) if isinstance(plan, SearchPlan) else []


def plan_so_far(sweep: SweepFolder, results: Mapping[str, Result]) -> Remembering:
    """Make the plan of a sweep as it was once it had these results, with the members that it had wanted until then.

    Raises:
        ConfigError: if the experiment refuses a value.
    """
    plan = Remembering(plan_of(sweep.settings, sweep.sweep))
    while plan.next_members(results):
        pass
    return plan
