"""Time a sweep by the Ray engine against the local engine, with as many workers, and compare what it came to.

Run it with `python tests/benchmarks/sweep_engines.py --members 32 --workers 2`. Each engine trains the same members of a
preset in a folder of its own, in turn. Ray is started on this host before its time is taken; that its workers import torch is
part of it, as with the local engine. Exit code 1 if a result or a last checkpoint differs.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import monotonic

import torch

from grokterm.experiment.reading.presets import find_preset
from grokterm.experiment.sweep import Sweep
from grokterm.runs.checkpoint import load_checkpoint
from grokterm.sweeps.engines.table import Workplace, make_engine
from grokterm.sweeps.scheduler import Grid, Scheduler
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.keeping import keep_sweep


def trained(name: str, place: Workplace, folder: Path, preset: str, n_members: int) -> tuple[SweepFolder, float, float]:
    """Train all members; return their folder, the seconds that the engine took to start, and those that they took."""
    sweep = keep_sweep(folder, f"{preset}-sweep", preset, find_preset(preset).settings, Sweep(seeds=n_members))
    begun = monotonic()
    engine = make_engine(name, sweep, place)
    started = monotonic()
    for progress in Scheduler(sweep, Grid(sweep.members()), engine).run():
        if progress.n_done == n_members:
            ended = monotonic()  # that the engine stops takes more
    return sweep, started - begun, ended - started


def differences(sweep: SweepFolder, other: SweepFolder) -> list[str]:
    """Name the members that have come to something else."""
    found = []
    for member in sweep.members():
        here, there = (folder.result_of(member.key) for folder in (sweep, other))
        runs = [folder.run_of(member.key) for folder in (sweep, other)]
        if here is None or there is None or here.model_copy(update={"seconds": there.seconds}) != there:
            found.append(f"{member.key}: result")
            continue
        ends = [load_checkpoint(max(run.checkpoints.glob("step-*.safetensors"))) for run in runs if run]
        if len(ends) != 2 or not all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0].keys() | ends[1].keys()):
            found.append(f"{member.key}: weights")
    return found


def main() -> int:
    """Time both, alternately."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--members", type=int, default=32)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--address", default="", help="of a Ray cluster; without it, Ray is started here")
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {"local": [], "ray": []}
    wrong = []
    for repeat in range(options.repeats):
        with tempfile.TemporaryDirectory() as folder:
            sweeps = []
            for name in seconds:
                place = Workplace(options.workers, options.address if name == "ray" else "")
                sweep, start, took = trained(name, place, Path(folder) / name, options.preset, options.members)
                sweeps.append(sweep)
                seconds[name].append(took)
                _say(f"{repeat + 1}. {name}: {took:.1f} s for {options.members} members, {start:.1f} s to start")
            wrong += differences(*sweeps)
    local, ray = (median(seconds[name]) for name in seconds)
    _say(f"ray / local: {ray / local:.2f}; {len(wrong)} of {options.members * options.repeats} members differ")
    for line in wrong:
        _say(line)
    return 1 if wrong else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
