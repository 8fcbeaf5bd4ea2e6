"""Kill the viewer of a training, the training, or both, again and again; resume, and compare with one that nobody disturbed.

    python -m tests.benchmarks.kill_viewer --kills 30

Each kill is a SIGKILL at a random moment after a lab was attached. Without its viewer the training goes on, also if the viewer
held it with an open dialog. Without the training, the viewer says so and goes on with what is saved. Without both, the run is
resumed. Exit code 1 if in the end the bits of the last checkpoint or an evaluation differ, if what should go on does not, or if
a file is left half-written.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from grokterm.runs.checkpoint import load_checkpoint
from grokterm.runs.journal import reached_step, read_journal
from grokterm.runs.lock import holder_of
from grokterm.runs.store import Run, list_runs
from tests.benchmarks.kill_and_resume import differences, write_preset
from tests.benchmarks.terminals import PlainTerminal, command_line, processes_on, wait_until

PATIENCE_SECONDS = 120.0
WHO = ("viewer", "training", "both")


class Trial:
    """One run, trained in the background and watched."""

    def __init__(self, folder: Path, preset: Path) -> None:
        self.folder, self._preset = folder, preset
        self._environment = {**os.environ, "TERM": "xterm-256color", "GROKTERM_CONFIG_DIR": str(folder)}

    @property
    def run(self) -> Run | None:
        """The run, once it has a directory."""
        return next(iter(list_runs(self.folder)), None)

    def begin(self) -> int:
        """Begin, or go on, in the background; return the process."""
        source = ["--resume", self.run.name] if self.run else ["--preset", str(self._preset)]
        subprocess.run(command_line("run", *source, "--runs-dir", self.folder, "--detach"), check=True, capture_output=True)
        if self.run is None or (holder := holder_of(self.run.path)) is None:
            return 0  # it has come to its end meanwhile
        return holder.pid

    def attach(self, name: str) -> PlainTerminal:
        """Attach a lab."""
        terminal = PlainTerminal(command_line("attach", name, "--runs-dir", self.folder), self._environment)
        if not wait_until(lambda: terminal.is_shown("attached"), PATIENCE_SECONDS):
            raise SystemExit("the lab does not attach")
        return terminal


def main() -> int:
    """Kill, go on, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--steps", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="grokterm-kill-") as folder:
        return _kill(Path(folder), options.kills, options.steps, random.Random(options.seed))


def _kill(folder: Path, n_kills: int, steps: int, draw: random.Random) -> int:
    preset = write_preset(folder, steps)
    trial = Trial(folder / "killed", preset)
    n_wrong = 0
    for number in range(1, n_kills + 1):
        who = WHO[number % 3]
        outcome = _killed(trial, who, draw)
        n_wrong += outcome.startswith("WRONG")
        _say(f"{number:3} {who:8}: {outcome}")
        for process in processes_on(trial.folder):
            os.kill(process, signal.SIGKILL)
    command = command_line("run", "--preset", preset, "--runs-dir", folder / "undisturbed")
    subprocess.run(command, check=True, capture_output=True)
    if trial.run is None:
        raise SystemExit("there is no run")
    subprocess.run(command_line("run", "--resume", trial.run.name, "--runs-dir", trial.folder), check=True, capture_output=True)
    found = differences(trial.run, list_runs(folder / "undisturbed")[0])
    _say(f"{n_kills} kills, {n_wrong} wrong; " + (f"differs in {', '.join(found)}" if found else "the same, bit for bit"))
    return 1 if n_wrong or found else 0


def _killed(trial: Trial, who: str, draw: random.Random) -> str:
    process = trial.begin()
    run = trial.run
    if run is None or not process:
        raise SystemExit("the run has ended: choose more --steps")
    viewer = trial.attach(run.name)
    viewer.press(draw.choice(("", "w", "3")))
    wait_until(lambda: False, draw.uniform(0.0, 2.0))
    victims = {"viewer": [viewer.pid], "training": [process], "both": [process, viewer.pid]}[who]
    for victim in victims:
        os.kill(victim, signal.SIGKILL)
    if problem := _half_written(run):
        return f"WRONG: {problem}"
    if who == "viewer":
        viewer.drop()
        return _goes_on(run, process)
    if who == "both":
        viewer.drop()
        return f"killed at step {reached_step(read_journal(run.journal)):,}"
    if not wait_until(lambda: viewer.is_shown("which trained it", "resume"), PATIENCE_SECONDS):  # in either order
        return "WRONG: the viewer does not say that the training has ended, or does not open what is saved"
    viewer.press("\x1b")  # the dialog, if one is open
    wait_until(lambda: False, 1.0)  # until what space does has been read, and is not a key with alt
    viewer.press(" ")
    return _goes_on(run, viewer.pid)


def _goes_on(run: Run, pid: int) -> str:
    """Check that a process trains on."""
    before = reached_step(read_journal(run.journal))
    if not wait_until(lambda: reached_step(read_journal(run.journal)) > before, PATIENCE_SECONDS):
        return "WRONG: nothing goes on"
    holder = holder_of(run.path)
    return "goes on" if holder is not None and holder.pid == pid else f"WRONG: {holder} trains, and not {pid}"


def _half_written(run: Run) -> str:
    """Say which file of a run cannot be read; empty if all can."""
    read_journal(run.journal)
    for path in run.checkpoints.glob("step-*.safetensors"):
        load_checkpoint(path)
    return ""


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
