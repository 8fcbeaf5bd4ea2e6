"""A sweep in words: how far it is, and what its points came to."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import inf, isinf
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from grokterm.experiment.expectation import is_step
from grokterm.experiment.metrics import METRICS
from grokterm.experiment.sweep import Sweep, label_of, short_name, written
from grokterm.plots.sanitize import plain_text
from grokterm.reports.duration import duration
from grokterm.reports.kept import size
from grokterm.sweeps.measuring.measures import measure_name
from grokterm.sweeps.measuring.outcomes import PointOutcome, along_axis, outcomes
from grokterm.sweeps.members import Member
from grokterm.sweeps.scheduler import Progress
from grokterm.sweeps.search.crossing import Crossing
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.result import Result
from grokterm.sweeps.storage.tables import Written

if TYPE_CHECKING:
    from grokterm.sweeps.definition import Definition
    from grokterm.sweeps.estimate import SweepEstimate

MOST_ROWS = 200  # points in the report; the table has all

MOST_PROBLEMS = 5

MOST_HOURS = 72  # from which on a time is written in days


def progress_line(progress: Progress, seconds_left: float | None) -> str:
    """Say how far a sweep is: `12 / 48 members  1 failed  2 elsewhere  3 min 20 s left`."""
    parts = [f"{progress.n_done:,} / {len(progress.members):,} members"]
    parts += [f"{progress.n_failed:,} failed"] if progress.n_failed else []
    parts += [f"{progress.n_elsewhere:,} elsewhere"] if progress.n_elsewhere else []
    parts += [] if seconds_left is None else [f"{duration(seconds_left)} left"]
    return "  ".join(parts)


def is_failed(member: Member, results: Mapping[str, Result]) -> bool:
    """Tell whether a member has ended and come to nothing."""
    result = results.get(member.key)
    return result is not None and result.outcome == "failed"


def describe(sweep: Sweep, members: Sequence[Member], results: Mapping[str, Result]) -> list[RenderableType]:
    """Describe a sweep: a row for each point, with the center over its seeds, the interval and their number."""
    found = outcomes(along_axis(members, sweep), results, measure_name(sweep))
    names = list(dict.fromkeys(name for outcome in found for name in outcome.point.columns))
    table = Table(*map(short_name, names), measure_name(sweep), "95 %", "n", box=None, header_style="bold")
    for column in table.columns[len(names) :]:
        column.justify = "right"
    for outcome in found[:MOST_ROWS]:
        values = [outcome.point.columns.get(name) for name in names]
        cells = ["" if value is None else written(value) for value in values]
        table.add_row(*(Text(plain_text(cell)) for cell in (*cells, *cells_of(outcome, sweep.measure))))
    more = [f"and {len(found) - MOST_ROWS:,} points more"] if len(found) > MOST_ROWS else []
    return [table, *more, *_counted(members, results)]


def cells_of(outcome: PointOutcome, measure: str) -> tuple[str, str, str]:
    """Write center, interval and number of seeds; of seeds that are missing or have failed, how many there are to be."""
    n = len(outcome.members)
    if (estimate := outcome.estimate) is None:
        return "-", "", f"0 of {n}"
    interval = "" if estimate.n == 1 else f"{number(estimate.low, measure)} to {number(estimate.high, measure)}"
    return number(estimate.center, measure), interval, str(n) if estimate.n == n else f"{estimate.n} of {n}"


def counts(members: Sequence[Member], results: Mapping[str, Result]) -> Counter[str]:
    """Count the members that have ended by what came of them: finished, diverged, failed."""
    return Counter(results[member.key].outcome for member in members if member.key in results)


def _counted(members: Sequence[Member], results: Mapping[str, Result]) -> list[str]:
    """Say how many members there are and what came of them; of failed ones the reasons."""
    kinds = counts(members, results)
    missing = len(members) - kinds.total()
    shown = [f"{n:,} {name}" for name, n in kinds.items()] + ([f"{missing:,} not ended"] if missing else [])
    failed = {member.key: results[member.key] for member in members if is_failed(member, results)}
    problems = Counter(result.problem for result in failed.values())
    often = [(f"{n:,} times" if n > 1 else "once", problem) for problem, n in problems.most_common(MOST_PROBLEMS)]
    reasons = [plain_text(f"failed {times}: {problem}") for times, problem in often]
    more = [f"and for {len(problems) - MOST_PROBLEMS:,} reasons more"] if len(problems) > MOST_PROBLEMS else []
    return [f"{len(members):,} members: {', '.join(shown)}", *reasons, *more]


def as_object(
    sweep: SweepFolder,
    members: Sequence[Member],
    results: Mapping[str, Result],
    table: Written,
    crossings: Sequence[Crossing],
) -> dict[str, Any]:
    """Return what `sweep --json` prints; one that has diverged has finished, too."""
    kinds = counts(members, results)
    return {
        "sweep": sweep.name,
        "folder": str(sweep.path.absolute()),
        "members": len(members),
        "finished": kinds["finished"] + kinds["diverged"],
        "failed": kinds["failed"],
        "table_csv": str(table.csv.absolute()),
        "table_parquet": None if table.parquet is None else str(table.parquet.absolute()),
        "points": [_point(outcome) for outcome in outcomes(members, results, measure_name(sweep.sweep))],
        "fits": [_fit(sweep.sweep, crossing) for crossing in crossings],
    }


def _point(outcome: PointOutcome) -> dict[str, Any]:
    """Return what a point came to as an object: null for a step that was not reached, and where nothing was measured."""
    n, *numbers = outcome.estimate or (0, inf, inf, inf)
    center, low, high = (None if isinf(number) else number for number in numbers)
    return {**outcome.point.columns, "center": center, "low": low, "high": high, "n_seeds": n}


def _fit(sweep: Sweep, crossing: Crossing) -> dict[str, Any]:
    """Return what a search has found as an object; null where no crossing is known."""
    assert sweep.search is not None
    found = crossing.estimate
    return {
        **crossing.point.columns,
        "along": sweep.search.along,
        "measure": measure_name(sweep),
        "at": found and found.center,
        "low": found and found.low,
        "high": found and found.high,
        "n_seeds": found and found.n,
        "n_steps": crossing.n_steps,
        "is_over": crossing.is_over,
        "problem": crossing.problem or None,
    }


def fits(sweep: Sweep, crossings: Sequence[Crossing]) -> list[str]:
    """Say what the searches have found: `val_accuracy crosses at train fraction 0.07 (0.06 to 0.08, 8 seeds)`."""
    if sweep.search is None:
        return []
    name, lines = short_name(sweep.search.along), []
    for crossing in crossings:
        where = f"{label_of(crossing.point.columns)}: " if crossing.point.columns else ""
        if (found := crossing.estimate) is None:
            lines.append(f"{where}no crossing is known" + (f": {crossing.problem}" if crossing.problem else ""))
        else:
            interval = f"{written(found.low)} to {written(found.high)}, {found.n} seeds"
            few = "; more seeds narrow it" if crossing.is_of_few_seeds else ""
            so_far = few if crossing.is_over else ", so far"
            lines.append(f"{where}{measure_name(sweep)} crosses at {name} {found.center:.4g} ({interval}{so_far})")
    return [plain_text(line) for line in lines]


def plan_in_words(
    asked: "Definition", first: Sequence[Member], n_members: int, n_ended: int, needed: "SweepEstimate"
) -> list[RenderableType]:
    """List the first members of a sweep, and say what those that have not ended need."""
    names = list(dict.fromkeys(name for member in first for name in member.point.columns))
    table = Table(*map(short_name, names), "seed", "key", box=None, header_style="bold")
    for member in first:
        values = [written(member.point.columns[name]) for name in names]
        table.add_row(*(Text(plain_text(cell)) for cell in (*values, str(member.seed), member.key)))
    counted = f"{n_members:,} members"
    if asked.sweep.search is None:
        counted += f": {_crossed(asked.sweep)}"
    elif n_ended < n_members:
        counted = f"at most {counted}"
    ended = f", {n_ended:,} of which have ended; the others" if n_ended else ""
    rest = [f"and {n_members - len(first):,} more"] if n_members > len(first) else []
    return [table, *rest, f"{counted}{ended} {needs(needed)}" if n_ended < n_members else f"{counted}, all of which have ended"]


def _crossed(sweep: Sweep) -> str:
    points, seeds = (f"{n:,} {what}{'s' * (n > 1)}" for n, what in ((sweep.n_points, "point"), (sweep.seeds, "seed")))
    return f"{points} × {seeds}"


def plan_as_json(
    asked: "Definition", first: Sequence[Member], n_members: int, n_ended: int, needed: "SweepEstimate"
) -> list[RenderableType]:
    """Write the same as a JSON object."""
    whole = {
        "sweep": asked.name,
        "members": n_members,
        "ended": n_ended,
        "first": [{**member.point.columns, "seed": member.seed, "key": member.key} for member in first],
        **asdict(needed),
    }
    return [json.dumps(whole, indent=2)]


def needs(needed: "SweepEstimate") -> str:
    """Say what members need: `take about 2 h on 2 workers (5 s to 40 s a member), 600 MB of memory and 3 GB on the disk`."""
    memory = "" if needed.memory is None else f", {size(needed.memory)} of memory"
    workers = f"{needed.n_workers} worker{'s' if needed.n_workers > 1 else ''}"
    days = needed.seconds / 86400
    time = f"{days:,.0f} days" if days >= MOST_HOURS / 24 else duration(needed.seconds)
    between = (duration(needed.shortest_seconds), duration(needed.longest_seconds))
    each = f" ({' to '.join(between)} a member)" if between[0] != between[1] else ""
    return f"take about {time} on {workers}{each}{memory} and {size(needed.disk)} on the disk"


def number(value: float, measure: str) -> str:
    """Write a number that was measured; a step that was not reached is never."""
    if isinf(value) and is_step(measure):
        return "never"
    metric = "val_accuracy" if measure.endswith("accuracy") else measure  # the best one, too
    if metric in METRICS:
        return METRICS[metric].written(value)
    return f"{value:,.10g}" if is_step(measure) else f"{value:.4g}"
