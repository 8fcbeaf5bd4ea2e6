"""Kill the processes of a sweep again and again, and compare what it came to with one that was left alone.

    python -m tests.benchmarks.sweep_kills
    python -m tests.benchmarks.sweep_kills --engine ray
    python -m tests.benchmarks.sweep_kills --engine ray --without-folder

Each kill is a SIGKILL at a random moment, of the scheduler or of one of its workers, whichever the draw says; a scheduler that
was killed is started again at once, while its workers still save what they train. With Ray it may also be the process that
speaks to it, alone or with the scheduler, or a node: a new one joins then. Most kills wait until a member is trained, and all
are spread over the time that the sweep takes alone. Every member must be there once, with the same results, the same
evaluations, and the same bits in its last checkpoint. Exit code 1 if anything differs. Linux only.
"""

import argparse
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

from grokterm.experiment.reading.toml import parse_toml
from grokterm.experiment.sweep import Sweep
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.keeping import keep_sweep
from grokterm.sweeps.storage.parcel import MARK
from tests.benchmarks.kill_and_resume import differences
from tests.benchmarks.sweep_victims import Place, RayCluster, ThisHost

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
from grokterm.errors import EngineError
from grokterm.sweeps.engines.table import Workplace, make_engine
from grokterm.sweeps.scheduler import Grid, Scheduler
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.tables import write_table
folder, name, n_workers, address, *hidden = sys.argv[1:]
sweep = SweepFolder(Path(folder))
try:
    engine = make_engine(name, sweep, Workplace(int(n_workers) or None, address))
    for mark in sweep.path.glob(".seen-*") if hidden else ():
        mark.unlink()
    for progress in Scheduler(sweep, Grid(sweep.members()), engine).run():
        write_table(sweep, progress.members, progress.results)
except EngineError as error:
    sys.exit(str(error))
"""

TIMELY = ("seconds", "attempts")  # of a result: what may differ

SHARE = 0.5  # of the time that the sweep takes alone, over which kills are spread

AT_WORK = 0.75  # of the kills that wait until a member is trained; the others may fall on a start

LONGEST = 300.0  # seconds in which the sweep must end once it is left alone


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
    leases, marks = (sweep.path / "leases").iterdir(), sweep.path.glob(f"{MARK}*")
    found += [f"{path.name} is left" for path in (*leases, *marks)]
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
    parser.add_argument("--engine", choices=["local", "ray"], default="local")
    parser.add_argument("--without-folder", action="store_true", help="Ray's nodes do not see the folder of the sweep")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seeds", type=int, default=4, help="of each of the six points")
    parser.add_argument("--workers", type=int, default=2, help="or nodes with a core each")
    parser.add_argument("--seed", type=int, default=0, help="of the kills")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        expected, sweep = (make_sweep(Path(folder, name), options.steps, options.seeds) for name in ("alone", "killed"))
        alone = _alone(expected, options.workers)
        _say(f"left alone, by the local engine: {len(expected.members())} members in {alone:.1f} s")
        place = ThisHost(options.workers) if options.engine == "local" else RayCluster(options.workers, Path(folder, "nodes"))
        hunt = Hunt(sweep, place, ["hidden"] if options.without_folder else [])
        begun = monotonic()
        try:
            hunt.run(options.kills, alone, random.Random(options.seed))
        finally:
            place.close()
        killed = ", ".join(f"{number} of a {name}" for name, number in sorted(hunt.killed.items()))
        _say(f"{hunt.n_killed} kills ({killed}): {monotonic() - begun:.1f} s")
        found = hunt.problems + deviations(sweep, expected)
    _say("\n".join(found) or f"{len(expected.members())} members, each once, the same results bit for bit")
    return 1 if found or hunt.n_killed < options.kills else 0


class Hunt:
    """Kills, while a sweep is worked on to its end."""

    def __init__(self, sweep: SweepFolder, place: Place, further: Sequence[str]) -> None:
        self.killed = Counter[str]()
        self.problems: list[str] = []
        self._sweep, self._place, self._n_members = sweep, place, len(sweep.members())
        self._command = [sys.executable, "-c", SCHEDULE, str(sweep.path), *place.arguments, *further]
        self._scheduler = subprocess.Popen(self._command)

    @property
    def n_killed(self) -> int:
        """How many times."""
        return self.killed.total()

    def run(self, n_kills: int, alone: float, draw: random.Random) -> None:
        """Kill so many times; then let it come to its end."""
        while self.n_killed < n_kills and self._is_on():
            if draw.random() < AT_WORK:
                self._wait_for_work()
            left = 1 - len(self._sweep.results()) / self._n_members
            with suppress(subprocess.TimeoutExpired):
                self._scheduler.wait(2 * draw.random() * SHARE * alone * left / (n_kills - self.n_killed))
            if self._is_on():
                self._kill(draw)
        try:
            self._scheduler.wait(LONGEST)
        except subprocess.TimeoutExpired:
            self.problems.append(f"it does not end: {len(self._sweep.results())} results")
            self._scheduler.kill()
        if self._scheduler.returncode:
            self.problems.append(f"the scheduler ended with exit code {self._scheduler.returncode}")
        self._wait_for_leases()

    def _is_on(self) -> bool:
        return self._scheduler.poll() is None

    def _kill(self, draw: random.Random) -> None:
        victims = self._place.victims(self._sweep, self._scheduler.pid)
        kind = draw.choice(sorted({victim.kind for victim in victims}))
        victim = draw.choice([victim for victim in victims if victim.kind == kind])
        victim.kill()
        self.killed[victim.name] += 1
        _say(f"kill {self.n_killed:2}: a {victim.name}, after {len(self._sweep.results())} results")
        if kind == "scheduler":
            self._scheduler.wait()
            self._scheduler = subprocess.Popen(self._command)

    def _wait_for_work(self) -> None:
        while self._is_on() and not self._place.at_work(self._sweep):
            sleep(0.05)

    def _wait_for_leases(self, seconds: float = 30.0) -> None:
        """Wait for workers whose scheduler was killed: they still save what they train."""
        deadline = monotonic() + seconds
        while any((self._sweep.path / "leases").iterdir()) and monotonic() < deadline:
            sleep(0.1)


def _alone(sweep: SweepFolder, n_workers: int) -> float:
    begun = monotonic()
    if subprocess.run([sys.executable, "-c", SCHEDULE, str(sweep.path), "local", str(n_workers), ""], check=False).returncode:
        raise SystemExit("the sweep failed")
    return monotonic() - begun


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
