"""Comparison of a sweep with what is expected of its points, and of where its search finds a crossing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from grokterm.errors import ConfigError
from grokterm.experiment.expectation import Expect
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.sweep import Sweep, Value
from grokterm.runs.finding import is_sweep
from grokterm.runs.results.summary import Summary
from grokterm.runs.results.verification import Check, Outcome, Verdict
from grokterm.sweeps.definition import Definition
from grokterm.sweeps.measuring.measures import measure_name
from grokterm.sweeps.measuring.outcomes import by_point
from grokterm.sweeps.measuring.statistics import measured
from grokterm.sweeps.members import Member, points
from grokterm.sweeps.plans import Remembering, crossings_of, plan_of
from grokterm.sweeps.search.crossing import Crossing
from grokterm.sweeps.search.plan import SearchPlan
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.result import Result


@dataclass(frozen=True, kw_only=True)
class SweepCheck(Check):
    """A sweep, what is expected of it, and what was seen."""

    definition: Definition
    judged: Sequence[Verdict] = ()

    @property
    def wanted(self) -> list[Verdict]:
        """The expectations, without values."""
        sweep = self.definition.sweep
        of_points = [Verdict(_measure(sweep, one.measure), one.within, (), one.where) for one in sweep.expect]
        return of_points + [_of_search(sweep, point.columns) for point in points(sweep) if _expects_crossing(sweep)]

    @property
    def verdicts(self) -> list[Verdict]:
        """One verdict for each expectation, at each point that it names; none before the sweep was trained."""
        return list(self.judged)

    @property
    def folder(self) -> SweepFolder:
        """Where the sweep is trained."""
        return SweepFolder(self.definition.folder / self.definition.name)


def check_of(definition: Definition) -> SweepCheck | None:
    """Make the check of a sweep; None if nothing is expected of it.

    Raises:
        ConfigError: if an expectation names no point of the sweep.
    """
    sweep = definition.sweep
    if not sweep.expect and not _expects_crossing(sweep):
        return None
    if sweep.search is None:
        known = [point.columns for point in points(sweep)]
        for one in sweep.expect:
            if not any(_has(columns, one.where) for columns in known):
                named = ", ".join(f"{name} {value}" for name, value in one.where.items())
                raise ConfigError(f"sweep {definition.name} has no point with {named}, of which something is expected")
    experiment = Experiment.from_settings(definition.settings)
    return SweepCheck(definition.preset, experiment, Expect(evidence=sweep.evidence), definition=definition)


def judge_sweep(check: SweepCheck) -> SweepCheck:
    """Compare what the folder of the sweep holds with the expectations.

    Raises:
        ConfigError: if the experiment refuses a value.
    """
    sweep = check.definition.sweep
    if not is_sweep(check.folder.path):
        return replace(check, not_run=f"no sweep {check.definition.name} in {check.definition.folder}")
    results = check.folder.results()
    plan = _plan_until(check, results)
    members, crossings = plan.members, crossings_of(plan.plan, results)
    if reason := _unmeasured(members, results):
        return replace(check, not_run=reason)
    of_points = [verdict for group in by_point(members) for verdict in _of_point(sweep, group, results)]
    of_search = [_of_search(sweep, found.point.columns, found) for found in crossings if _expects_crossing(sweep)]
    outcomes = tuple(_outcome(check.folder, member, results[member.key]) for member in members)
    return replace(check, outcomes=outcomes, judged=[*of_points, *of_search])


def n_missing(check: SweepCheck) -> int:
    """Count the members that have not ended; of a search at least so many."""
    results = check.folder.results()
    plan = _plan_until(check, results)
    n_ahead = sum(member.key not in results for member in plan.members)
    if n_ahead and isinstance(plan.plan, SearchPlan):
        return max(n_ahead, plan.plan.n_members[0] - len(results))
    return n_ahead


def _plan_until(check: SweepCheck, results: Mapping[str, Result]) -> Remembering:
    """Make the plan of a sweep as it is once it has these results."""
    plan = Remembering(plan_of(check.definition.settings, check.definition.sweep))
    while plan.next_members(results):
        pass
    return plan


def _unmeasured(members: Sequence[Member], results: Mapping[str, Result]) -> str:
    """Say why the sweep tells nothing yet; empty if it does."""
    ended = [results[member.key] for member in members if member.key in results]
    failed = [result.problem for result in ended if result.outcome == "failed"]
    if failed:
        return f"{len(failed):,} of {len(members):,} members failed: {failed[0]}"
    return f"{len(ended):,} of {len(members):,} members have ended" if len(ended) < len(members) else ""


def _of_point(sweep: Sweep, group: Sequence[Member], results: Mapping[str, Result]) -> list[Verdict]:
    columns, verdicts = group[0].point.columns, []
    for one in sweep.expect:
        if _has(columns, one.where):
            measure = _measure(sweep, one.measure)
            values = [measured(results[member.key], one.measure or measure_name(sweep)) for member in group]
            finite = tuple(value if value is not None and isfinite(value) else None for value in values)
            verdicts.append(Verdict(measure, one.within, finite, columns))
    return verdicts


def _of_search(sweep: Sweep, columns: Mapping[str, Value], found: Crossing | None = None) -> Verdict:
    assert sweep.search is not None
    assert sweep.search.expect is not None
    estimate = None if found is None else found.estimate
    values = () if found is None else (None if estimate is None else estimate.center,)
    return Verdict(f"critical {sweep.search.along}", sweep.search.expect, values, columns)


def _expects_crossing(sweep: Sweep) -> bool:
    return sweep.search is not None and sweep.search.expect is not None


def _measure(sweep: Sweep, named: str) -> str:
    return named or measure_name(sweep).replace(" @ ", " at ")


def _has(columns: Mapping[str, object], where: Mapping[str, object]) -> bool:
    return all(name in columns and columns[name] == value for name, value in where.items())


def _outcome(folder: SweepFolder, member: Member, result: Result) -> Outcome:
    run = folder.run_of(member.key)
    summary = Summary(run=member.key, preset=folder.preset, device=result.device, seconds=result.seconds)
    return Outcome(summary, member.seed, meta={} if run is None else run.meta)
