"""Kill a training again and again, resume it each time, and compare what it came to with one that nobody disturbed.

Run it with `python tests/benchmarks/kill_and_resume.py --kills 20`. Each kill is a SIGKILL at a uniformly random time of the
whole life of a process, imports included; a run that was killed before it had a directory is simply started again, and when
one comes to its end before it is killed, it is compared and another begins. Exit code 1 if anything differs.
"""

import argparse
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import torch

from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Acted, Finished
from grokterm.runs.checkpoint import load_checkpoint
from grokterm.runs.journal import read_journal
from grokterm.runs.store import Run, list_runs

ACTS = (
    "save = true",
    "swap = { train_fraction = 0.6 }",
    "save = true",
    'set = { "optimizer.learning_rate" = 5e-3, "optimizer.batch_size" = 150, "task.label_noise" = 0.1 }',
    "save = true",
    "swap = { seed = 5 }",
    "save = true",
)
"""What is done to the run, at equal distances; each is a checkpoint."""

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
evaluate_every = 5
"""


@dataclass(frozen=True)
class Trial:
    """A runs folder with at most one run in it, and the preset that the run is made from."""

    preset: Path
    folder: Path

    @property
    def run(self) -> Run | None:
        """The run, once it has a directory."""
        return next(iter(list_runs(self.folder)), None)

    def start(self) -> subprocess.Popen[bytes]:
        """Start the run, or go on with it."""
        source = ["--resume", self.run.name] if self.run else ["--preset", str(self.preset)]
        command = [sys.executable, "-m", "grokterm", "run", *source, "--runs-dir", str(self.folder)]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def finish(self) -> Run:
        """Go on to the end."""
        with self.start() as child:
            if child.wait():
                raise SystemExit(f"the run failed with exit code {child.returncode}")
        if self.run is None:
            raise SystemExit("the run ended without a directory")
        return self.run


def write_preset(folder: Path, steps: int) -> Path:
    """Describe a run with many checkpoints."""
    acts = "".join(
        f"[[interventions]]\nat_step = {steps * number // (len(ACTS) + 1)}\n{act}\n" for number, act in enumerate(ACTS, start=1)
    )
    path = folder / "killed.toml"
    path.write_text(EXPERIMENT.format(steps=steps) + acts, encoding="utf-8")
    return path


def differences(run: Run, expected: Run) -> list[str]:
    """Say in what two runs differ: the bits of their last checkpoints, and what their journals say happened."""
    found = []
    here, there = (load_checkpoint(max(one.checkpoints.glob("step-*.safetensors"))) for one in (run, expected))
    if here.keys() != there.keys():
        found.append("the names of the tensors")
    found += [name for name in here.keys() & there.keys() if not torch.equal(here[name], there[name])]
    ours, theirs = read_journal(run.journal), read_journal(expected.journal)
    for kind in (Evaluated, Acted):
        if [record for record in ours if isinstance(record, kind)] != [record for record in theirs if isinstance(record, kind)]:
            found.append(f"what was {kind.__name__.lower()}")
    if [record.reason for record in ours if isinstance(record, Finished)] != ["complete"]:
        found.append("how it ended")
    return found


def main() -> int:
    """Kill, resume, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return _compare(Path(folder), options.kills, options.steps, random.Random(options.seed))


def _compare(folder: Path, n_kills: int, steps: int, draw: random.Random) -> int:
    preset = write_preset(folder, steps)
    begun = monotonic()
    expected = Trial(preset, folder / "undisturbed").finish()
    life = monotonic() - begun
    _say(f"undisturbed: {steps:,} steps, {life:.1f} s from start to end")
    trial, n_runs, n_different, n_killed = Trial(preset, folder / "1"), 1, 0, 0
    while n_killed < n_kills:
        if _killed(trial, seconds := draw.uniform(0, life)):
            n_killed += 1
            _say(f"kill {n_killed:2} after {seconds:5.2f} s: {_left_behind(trial)}")
            continue
        n_different += _verdict(trial, expected, n_runs)
        n_runs += 1
        trial = Trial(preset, folder / str(n_runs))
    n_different += _verdict(trial, expected, n_runs)
    _say(f"{n_killed} kills, {n_runs} runs, {n_different} different from the undisturbed one")
    return 1 if n_different else 0


def _killed(trial: Trial, seconds: float) -> bool:
    with trial.start() as child:
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            return True
    return False


def _left_behind(trial: Trial) -> str:
    if trial.run is None:
        return "no run yet"
    records = read_journal(trial.run.journal)
    files = len(list(trial.run.checkpoints.glob("step-*.safetensors")))
    return f"step {records[-1].step if records else 0:,} in the journal, {files} checkpoints"


def _verdict(trial: Trial, expected: Run, number: int) -> bool:
    found = differences(trial.finish(), expected)
    _say(f"run {number}: " + (f"differs in {', '.join(found)}" if found else "the same, bit for bit"))
    return bool(found)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
