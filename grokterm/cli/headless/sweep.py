"""A sweep without a screen: works through it, with one line of progress on stderr, or says what it would need."""

import json
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING

from grokterm.cli.console import overwrites_lines, print_results, print_status
from grokterm.cli.headless.progress import BAR_SECONDS, LINE_SECONDS, replace_line
from grokterm.cli.headless.signals import LeaveOnSignal
from grokterm.errors import EngineError, StorageError
from grokterm.models.processor import available_cores
from grokterm.plots.sanitize import plain_text
from grokterm.runs.command_line import command_line, near
from grokterm.session.commands import Leave
from grokterm.session.torch_import import import_torch
from grokterm.sweeps.definition import Definition
from grokterm.sweeps.members import members_at, points
from grokterm.sweeps.plans import Remembering, crossings_of, kept, plan_of, plan_so_far
from grokterm.sweeps.search.plan import SearchPlan
from grokterm.sweeps.storage.folder import SweepFolder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from grokterm.session.commands import Command
    from grokterm.sweeps.engines.table import EngineOf
    from grokterm.sweeps.estimate import SweepEstimate
    from grokterm.sweeps.members import Member
    from grokterm.sweeps.scheduler import Progress, Scheduler
    from grokterm.sweeps.storage.result import Result

SHOWN = 10  # members that --dry-run lists

MOST_MADE = 100_000  # members; of more only the first are looked at before they are trained


def need(asked: Definition, workers: int | None) -> str:
    """Say what a sweep needs: `take about 2 h on 2 workers (5 s to 40 s a member), ... and 3 GB on the disk`."""
    from grokterm.sweeps.report import needs

    return needs(_estimate(asked, workers, asked.n_members))


def show_plan(asked: Definition, workers: int | None, *, as_json: bool) -> None:
    """Print the first members, their number, and what those that have not ended need; of a search as many as it may want."""
    from grokterm.sweeps.report import plan_as_json, plan_in_words

    if asked.n_members > MOST_MADE:
        members, n_members, n_ended = list(islice(_first_members(asked), SHOWN)), asked.n_members, 0
    else:
        done = SweepFolder(asked.folder / asked.name).results()
        made = Remembering(plan_of(asked.settings, asked.sweep))
        while made.next_members(done):
            pass
        plan, members = made.plan, made.members
        n_ended = sum(member.key in done for member in members)
        n_members = plan.n_members[1] if isinstance(plan, SearchPlan) and n_ended < len(members) else len(members)
    found = _estimate(asked, workers, n_members - n_ended)
    show = plan_as_json if as_json else plan_in_words
    print_results(*show(asked, members[:SHOWN], n_members, n_ended, found))


def _first_members(asked: Definition) -> "Iterator[Member]":
    return (one for point in points(asked.sweep) for one in members_at(point, asked.settings, asked.sweep, 1))


def _estimate(asked: Definition, workers: int | None, n_members: int) -> "SweepEstimate":
    import_torch()
    from grokterm.sweeps.estimate import estimate

    return estimate(asked, n_members, workers or available_cores())


def work_on(asked: Definition, engine_of: "EngineOf", *, retries: bool, as_json: bool) -> int:
    """Work through a sweep, and say what came of it; return the exit code."""
    plan, sweep = kept(asked, retries=retries)
    with LeaveOnSignal() as signals:
        import_torch()
        from grokterm.cli.headless.training import exit_code_kept

        scheduler = _train(sweep, plan, engine_of, signals)
        if scheduler is None:
            return 1
        with exit_code_kept(signals):
            all_failed = _sum_up(plan.sweep, plan, scheduler.progress.results, as_json=as_json)
    if signals.exit_code:
        print_status(f"interrupted, saved: go on with {_again(sweep)}")
    return signals.exit_code or int(all_failed)


def train_missing(asked: Definition, signals: LeaveOnSignal) -> int:
    """Train what is missing of a sweep, and leave what came of it to be read; return the exit code."""
    from grokterm.sweeps.engines.table import here

    plan, sweep = kept(asked, retries=False)
    return 1 if _train(sweep, plan, here, signals) is None else signals.exit_code


def _train(sweep: SweepFolder, plan: Remembering, engine_of: "EngineOf", signals: LeaveOnSignal) -> "Scheduler | None":
    """Work through a plan; None if it cannot go on, which is said."""
    from grokterm.sweeps.scheduler import Scheduler

    scheduler = Scheduler(sweep, plan, engine_of(sweep))
    signals.attach(_Stopping(scheduler))
    try:
        _run(scheduler, sweep, plan.members)
    except (StorageError, EngineError) as error:
        print_status(f"grokterm: {error}: {_again(sweep)} goes on")
        return None
    return scheduler


class _Stopping:
    """What a signal tells to leave."""

    def __init__(self, scheduler: "Scheduler") -> None:
        self._scheduler = scheduler

    def send(self, command: "Command") -> None:
        """Save and end what is trained; what members have to be saved besides is their own."""
        if isinstance(command, Leave):
            self._scheduler.stop()


def _run(scheduler: "Scheduler", sweep: SweepFolder, members: "Sequence[Member]") -> None:
    from grokterm.sweeps.storage.tables import GrowingTable

    table = GrowingTable(sweep)
    with ProgressLine() as line:
        for progress in scheduler.run():
            line.show(progress)
            table.update(members, progress.results)


class ProgressLine:
    """The progress of a sweep on stderr: one line that is replaced on a terminal, else one every few seconds."""

    def __init__(self) -> None:
        from grokterm.sweeps.estimate import TimeLeft

        self._overwrites = overwrites_lines()
        self._left = TimeLeft()
        self._due_at = 0.0 if self._overwrites else monotonic() + LINE_SECONDS
        self._said = ""

    def __enter__(self) -> "ProgressLine":
        return self

    def __exit__(self, *_: object) -> None:
        if self._overwrites:
            replace_line("")

    def show(self, progress: "Progress") -> None:
        """Show how far it is, unless that was done a moment ago."""
        from grokterm.sweeps.report import progress_line

        left = self._left.seconds(progress.n_done, len(progress.members))
        if (now := monotonic()) < self._due_at:
            return
        self._due_at = now + (BAR_SECONDS if self._overwrites else LINE_SECONDS)
        line = progress_line(progress, left)
        if self._overwrites:
            replace_line(line)
        elif line != self._said:
            print_status(line)
        self._said = line


def show(sweep: SweepFolder, *, as_json: bool) -> None:
    """Print what came of a sweep so far."""
    results = sweep.results()
    _sum_up(sweep, plan_so_far(sweep, results), results, as_json=as_json)


def _sum_up(sweep: SweepFolder, plan: Remembering, results: "Mapping[str, Result]", *, as_json: bool) -> bool:
    """Write the table, print what came of the sweep, and tell whether all members have failed."""
    from grokterm.sweeps.report import as_object, describe, fits
    from grokterm.sweeps.storage.tables import write_table

    written, crossings = write_table(sweep, plan.members, results), crossings_of(plan.plan, results)
    whole = as_object(sweep, plan.members, results, written, crossings)
    if as_json:
        print_results(json.dumps(whole, indent=2))
    else:
        found = fits(sweep.sweep, crossings)
        print_results(*describe(sweep.sweep, plan.members, results), *found, plain_text(f"table: {near(written.csv)}"))
    return bool(whole["failed"] == len(plan.members))


def _again(sweep: SweepFolder) -> str:
    return command_line("sweep", sweep.path)
