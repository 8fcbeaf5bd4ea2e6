"""Kill the processes of a sweep again and again, and compare what it came to with one that was left alone.

    python -m tests.benchmarks.sweep_kills --kills 20

Each kill is a SIGKILL at a random moment, of the scheduler or of one of its workers, whichever the draw says; a scheduler that
was killed is started again at once, while its workers still save what they train. Every member must be there once, with the
same results, the same evaluations, and the same bits in its last checkpoint. Exit code 1 if anything differs. Linux only.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

from grokterm.experiment.reading.toml import parse_toml
from grokterm.experiment.sweep import Sweep
from grokterm.sweeps.storage.folder import SweepFolder, keep_sweep
from tests.benchmarks.kill_and_resume import differences

EXPERIMENT = """
[task]
modulus = 23
train_fraction = 0.7
[model]
architecture = "mlp"
width = 128
scaling = "doshi"
[optimizer]
kind = "adamw"
learning_rate = 1e-2
weight_decay = 3.0
batch_size = 200
[training]
steps = {steps}
evaluate_every = 20
checkpoint_at = {checkpoints}
"""

GRID = {"task.train_fraction": [0.5, 0.6, 0.7], "optimizer.weight_decay": [1.0, 3.0]}

SCHEDULE = """
import sys
from pathlib import Path
from grokterm.sweeps.engines.local import LocalEngine
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.scheduler import Grid, Scheduler
sweep = SweepFolder(Path(sys.argv[1]))
for _ in Scheduler(sweep, Grid(sweep.members()), LocalEngine(sweep, int(sys.argv[2]))).run():
    pass
"""

TIMELY = ("seconds", "attempts")  # of a result: what may differ


def make_sweep(folder: Path, steps: int, seeds: int) -> SweepFolder:
    """Make a sweep of six points with checkpoints all along."""
    checkpoints = [steps * tenth // 10 for tenth in range(1, 10)]
    settings = parse_toml(EXPERIMENT.format(steps=steps, checkpoints=checkpoints))
    return keep_sweep(folder, "killed", "killed", settings, Sweep.from_settings({"grid": GRID, "seeds": seeds}))


def deviations(sweep: SweepFolder, expected: SweepFolder) -> list[str]:
    """Say in what two sweeps of the same members differ, and what one that was disturbed has left behind."""
    keys = {member.key for member in sweep.members()}
    names = Counter(path.name for path in (sweep.path / "members").iterdir())
    found = [f"{key} is missing" for key in keys - names.keys()] + [f"{name} is left" for name in names.keys() - keys]
    found += [f"lease {path.name} is left" for path in (sweep.path / "leases").iterdir()]
    ours, theirs = sweep.results(), expected.results()
    if ours.keys() != keys:
        found.append(f"{len(ours)} results of {len(keys)} members")
    for key in keys & ours.keys():
        here, there = (one[key].model_dump(exclude={*TIMELY}) for one in (ours, theirs))
        found += [f"{key}: {name} is {here[name]}, not {there[name]}" for name in here if here[name] != there[name]]
        run, other = sweep.run_of(key), expected.run_of(key)
        if run is not None and other is not None:
            found += [f"{key}: {difference}" for difference in differences(run, other)]
    return found


def main() -> int:
    """Kill, go on, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seeds", type=int, default=4, help="of each of the six points")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--pause", type=float, default=4.0, help="longest time between two kills, in seconds")
    parser.add_argument("--seed", type=int, default=0, help="of the kills")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        expected, sweep = (make_sweep(Path(folder, name), options.steps, options.seeds) for name in ("alone", "killed"))
        begun = monotonic()
        if _scheduler(expected, options.workers).wait():
            raise SystemExit("the sweep failed")
        alone = monotonic() - begun
        _say(f"left alone: {len(expected.members())} members in {alone:.1f} s")
        begun = monotonic()
        killed = _killed(sweep, options, draw)
        _say(f"with {sum(killed.values())} kills ({killed['scheduler']} of the scheduler): {monotonic() - begun:.1f} s")
        found = deviations(sweep, expected)
    _say("\n".join(found) or f"{len(expected.members())} members, each once, the same results bit for bit")
    return 1 if found or sum(killed.values()) < options.kills else 0


def _killed(sweep: SweepFolder, options: argparse.Namespace, draw: random.Random) -> Counter[str]:
    """Work on a sweep to its end, and kill processes meanwhile."""
    killed, scheduler = Counter[str](), _scheduler(sweep, options.workers)
    while scheduler.poll() is None:
        if sum(killed.values()) == options.kills:
            scheduler.wait()
            break
        with suppress(subprocess.TimeoutExpired):
            scheduler.wait(draw.uniform(0, options.pause))
            break
        workers = _children(scheduler.pid)
        pid = draw.choice([scheduler.pid, *workers])
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            who = "scheduler" if pid == scheduler.pid else "worker"
            killed[who] += 1
            _say(f"kill {sum(killed.values()):2}: a {who}, after {len(sweep.results())} results")
        if pid == scheduler.pid:
            scheduler.wait()
            scheduler = _scheduler(sweep, options.workers)
    _wait_for_leases(sweep)
    return killed


def _wait_for_leases(sweep: SweepFolder, seconds: float = 30.0) -> None:
    """Wait for workers whose scheduler was killed: they still save what they train."""
    deadline = monotonic() + seconds
    while any((sweep.path / "leases").iterdir()) and monotonic() < deadline:
        sleep(0.1)


def _scheduler(sweep: SweepFolder, n_workers: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", SCHEDULE, str(sweep.path), str(n_workers)])


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
