"""How small may the training set of a network that has grokked become before it forgets, and what does a search for it cost?

    python tests/benchmarks/critical_size.py
    python tests/benchmarks/critical_size.py --grid --seeds 4

Runs the preset sweep-critical-size: the share of the table, after the swap at step 100, below which most seeds have forgotten
the rule by step 800. Members stop once they have. Compares the time with that of single runs of quick-ungrok, and the steps of
all members with those of a grid of the same resolution: with --grid, it is trained; without, the steps of a value that was not
tried are taken from those between which it lies.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from time import perf_counter

import numpy as np

from grokterm.experiment.reading.presets import find_preset
from grokterm.models.processor import available_cores, processor
from grokterm.session.start import start_session
from grokterm.sweeps.engines.local import LocalEngine
from grokterm.sweeps.measuring.statistics import share
from grokterm.sweeps.scheduler import Grid, Plan, Scheduler
from grokterm.sweeps.search.crossing import Crossing
from grokterm.sweeps.search.plan import SearchPlan
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.keeping import keep_sweep
from grokterm.sweeps.storage.result import Result

PRESET = "sweep-critical-size"


def main() -> None:
    """Search, and print what was found and what it cost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--tolerance", type=float, default=0.01)
    parser.add_argument("--grid", action="store_true", help="train the grid too")
    chosen = parser.parse_args()
    preset = find_preset(PRESET)
    assert preset.sweep is not None
    assert preset.sweep.search is not None
    search = preset.sweep.search.model_copy(update={"tolerance": chosen.tolerance})
    searching = preset.sweep.model_copy(update={"seeds": chosen.seeds, "search": search})
    n_values = 1 + round((search.between[1] - search.between[0]) / search.tolerance)
    values = tuple(round(float(value), 6) for value in np.linspace(*search.between, n_values))
    gridding = searching.model_copy(update={"search": None, "grid": {search.along: values}})
    _say(f"{processor()}, {available_cores()} cores")
    with tempfile.TemporaryDirectory() as scratch:
        single = _single_run(Path(scratch, "single"))
        found, seconds = _searched(keep_sweep(Path(scratch), "search", PRESET, preset.settings, searching))
        _say(f"as long as {seconds / single:.1f} single runs")
        if chosen.grid:
            grid = keep_sweep(Path(scratch), "grid", PRESET, preset.settings, gridding)
            results, seconds = _trained(grid, Grid(grid.members()))
            n_steps = sum(result.steps for result in results.values())
            _say(f"grid: {len(results)} members, {n_steps:,} steps, {seconds:.0f} s")
        else:
            n_steps = int(chosen.seeds * np.interp(values, [ballot.at for ballot in found.ballots], _mean_steps(found)).sum())
            _say(f"grid: {len(values) * chosen.seeds} members, about {n_steps:,} steps")
        _say(f"search / grid: {found.n_steps / n_steps:.2f} of the steps")


def _single_run(folder: Path) -> float:
    """Train one network, on as many threads as pay, and return the seconds."""
    experiment = find_preset("quick-ungrok").experiment
    session = start_session(experiment, folder, "quick-ungrok", "single", is_timed=False)
    started = perf_counter()
    for _ in session.records():
        pass
    seconds = perf_counter() - started
    _say(f"a single run of {experiment.training.steps} steps: {seconds:.2f} s")
    return seconds


def _searched(sweep: SweepFolder) -> tuple[Crossing, float]:
    plan = SearchPlan(sweep.settings, sweep.sweep)
    _say(f"needs {' to '.join(map(str, plan.n_members))} members")
    results, seconds = _trained(sweep, plan)
    (found,) = plan.crossings(results)
    _report(found)
    _say(f"search: {len(results)} members, {found.n_steps:,} steps, {seconds:.0f} s")
    return found, seconds


def _trained(sweep: SweepFolder, plan: Plan) -> tuple[Mapping[str, Result], float]:
    started = perf_counter()
    for _ in Scheduler(sweep, plan, LocalEngine(sweep)).run():
        pass
    return sweep.results(), perf_counter() - started


def _report(found: Crossing) -> None:
    for ballot, steps in zip(found.ballots, _mean_steps(found), strict=True):
        remember = share(sum(ballot.votes.values()), len(ballot.votes))
        _say(f"{100 * ballot.at:6.2f} %: {remember.center:5.2f} of {remember.n} seeds remember"
             f" ({remember.low:.2f} to {remember.high:.2f}), {steps:,.0f} steps each")  # fmt: skip
    assert found.estimate is not None, found.problem
    _, center, low, high = (100 * number for number in found.estimate)
    _say(f"half of the seeds forget below {center:.2f} % (95 %: {low:.2f} to {high:.2f} %), "
         f"found between {100 * found.low.at:.2f} and {100 * found.high.at:.2f} %")  # fmt: skip


def _mean_steps(found: Crossing) -> list[float]:
    return [fmean(result.steps for result in ballot.ended.values()) for ballot in found.ballots]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
