"""Sources of the runs that `verify` checks: training, or the runs folder."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grokterm.cli.console import print_status
from grokterm.cli.headless.signals import LeaveOnSignal
from grokterm.cli.headless.sweep import train_missing
from grokterm.cli.headless.training import train, train_parts
from grokterm.errors import GroktermError
from grokterm.models.processor import available_cores
from grokterm.reports.duration import duration
from grokterm.reports.run import standing
from grokterm.runs.journal import read_journal
from grokterm.runs.mixture_parts import find_parts, load_parts
from grokterm.runs.results.matching import finished_runs, is_readable, runs_of
from grokterm.runs.results.outcomes import read_outcome
from grokterm.runs.results.summarizing import summarize
from grokterm.runs.results.verification import Check
from grokterm.runs.store import Run, list_runs
from grokterm.session.start import start_session
from grokterm.sweeps.estimate import estimate as estimate_sweep
from grokterm.sweeps.verification import SweepCheck, judge_sweep, n_missing
from grokterm.training.estimate import estimate

SHORT_SECONDS = 60.0  # longest preset that `verify` trains without being named


@dataclass(frozen=True)
class Request:
    """Which runs to check."""

    runs_dir: Path
    n_seeds: int | None  # None: one when training, all when reading saved runs
    device: str | None
    only_short: bool


def from_training(checks: Sequence[Check], request: Request, signals: LeaveOnSignal) -> tuple[int, list[Check]]:
    """Train each preset; return the exit code of an early end, or 0, and the outcomes until then."""
    code, checked = 0, []
    for check in checks:
        seen = check
        try:
            reason = "ended before its turn" if code else _too_long(check, request)
            if not reason:
                trained = _train_sweep(check, signals) if isinstance(check, SweepCheck) else _train(check, request, signals)
                code, seen = trained
                reason = "ended before its end" if code else ""
        except GroktermError as error:
            reason = str(error)
        checked.append(replace(check, not_run=reason) if reason else seen)
    return code, checked


def from_saved_runs(checks: Sequence[Check], request: Request) -> tuple[int, list[Check]]:
    """Read the newest finished run of each preset and seed, and the folders of sweeps."""
    runs = [run for run in list_runs(request.runs_dir) if is_readable(run)]
    checked: list[Check] = []
    for check in checks:
        if isinstance(check, SweepCheck):
            checked.append(judge_sweep(check))
            continue
        finished = finished_runs(runs, check.experiment, request.device)
        first, n_seeds = check.experiment.seed, request.n_seeds
        selected = [run for run in finished if n_seeds is None or run.experiment.seed in range(first, first + n_seeds)]
        outcomes = tuple(read_outcome(run, check.expect) for run in selected)
        reason = "" if outcomes else f"no finished run in {request.runs_dir}{_unfinished(runs_of(runs, check.experiment))}"
        checked.append(replace(check, outcomes=outcomes, not_run=reason))
    return 0, checked


def _unfinished(runs: Sequence[Run]) -> str:
    """Say of the newest run, if it has not ended, whether it still trains."""
    summaries = [(run, summarize(run, read_journal(run.journal))) for run in runs[-1:]]
    return "".join(f": {run.name} {standing(summary, run.path)}" for run, summary in summaries if summary.status != "ended")


def _train_sweep(check: SweepCheck, signals: LeaveOnSignal) -> tuple[int, Check]:
    """Train what is missing of a sweep: what has ended is not repeated."""
    print_status(f"sweep {check.definition.name}")
    code = train_missing(check.definition, signals)
    return code, check if code else judge_sweep(check)


def _train(check: Check, request: Request, signals: LeaveOnSignal) -> tuple[int, Check]:
    outcomes = []
    for seed in range(check.experiment.seed, check.experiment.seed + (request.n_seeds or 1)):
        if signals.exit_code:
            return signals.exit_code, check
        print_status(f"{check.preset}, seed {seed}")
        if code := train_parts(check.experiment, request.runs_dir, signals):
            return code, check
        session = start_session(check.experiment.model_copy(update={"seed": seed}), request.runs_dir, check.preset)
        if code := train(session, signals):
            return code, check
        outcomes.append(read_outcome(session.run, check.expect))
    return 0, replace(check, outcomes=tuple(outcomes))


def _too_long(check: Check, request: Request) -> str:
    if not request.only_short:
        return ""
    if isinstance(check, SweepCheck):
        n = n_missing(check)
        return _in_words(estimate_sweep(check.definition, n, available_cores()).seconds) if n else ""
    parts = find_parts(check.experiment, request.runs_dir)
    if parts.untrained:
        return "needs " + " and ".join(preset.name for preset in parts.untrained) + " trained first"
    seconds = estimate(check.experiment, load_parts(parts.runs)).seconds * (request.n_seeds or 1)
    return _in_words(seconds)


def _in_words(seconds: float) -> str:
    return f"takes about {duration(seconds)} here" if seconds > SHORT_SECONDS else ""
