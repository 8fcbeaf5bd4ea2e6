"""Leave a training with `d`, and come back to it, again and again; compare what it came to with one that nobody disturbed.

    python -m tests.benchmarks.detach_and_attach --times 20

In turns, a lab that trains hands over to the background; a lab is attached and left with `d`; and the training is stopped,
opened, resumed in the lab, and left with `d` again. In between it is paused, stepped once, and slowed down. Exit code 1 if the
bits of the last checkpoint or an evaluation differ, or a step was made twice.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic

from grokterm.runs.lock import holder_of
from grokterm.runs.store import Run, list_runs
from tests.benchmarks.kill_and_resume import differences
from tests.benchmarks.terminals import PlainTerminal, command_line, wait_until

PATIENCE_SECONDS = 120.0

SLOWER = "<<<"
"""Otherwise it ends before it was left often enough."""


class Afternoon:
    """One training that is come back to."""

    def __init__(self, preset: str, folder: Path, draw: random.Random) -> None:
        self._folder, self._draw = folder, draw
        self._runs = folder / "runs"
        self._environment = {**os.environ, "TERM": "xterm-256color", "GROKTERM_CONFIG_DIR": str(folder)}
        self._lab = self._open("--preset", preset, "--start")
        self._await("steps/s")
        self._lab.press(SLOWER)
        self.run = list_runs(self._runs)[0]

    def _open(self, *arguments: str) -> PlainTerminal:
        return PlainTerminal(command_line(*arguments, "--runs-dir", self._runs), self._environment)

    def _await(self, text: str) -> None:
        if not wait_until(lambda: self._lab.is_shown(text), PATIENCE_SECONDS):
            raise SystemExit(f"the lab does not show {text!r}")

    def disturb(self) -> str:
        """Do something that does not change the numbers."""
        wait_until(lambda: False, self._draw.uniform(0.0, 1.0))
        deed = self._draw.choice(("nothing", "pause and step", "dialog"))
        for key in {"nothing": "", "pause and step": " . ", "dialog": "w\x1b"}[deed]:
            self._lab.press(key)
            wait_until(lambda: False, 0.4)
        return deed

    def detach(self) -> float:
        """Leave with `d`; return how long that took."""
        started = monotonic()
        self._lab.press("d")
        if self._lab.wait() != 0:
            raise SystemExit("the lab did not leave with d")
        return monotonic() - started

    def attach(self) -> float:
        """Attach a lab; return how long it took until it showed the training."""
        started = monotonic()
        self._lab = self._open("attach", self.run.name)
        self._await("attached")
        return monotonic() - started

    def take_back(self) -> None:
        """Stop the training in the background, and go on with it in a lab."""
        subprocess.run(command_line("runs", "stop", self.run.name, "--runs-dir", self._runs), check=True, capture_output=True)
        self._lab = self._open("open", self.run.name)
        self._await("paused")
        self._lab.press(" ")
        if not wait_until(lambda: holder_of(self.run.path) is not None, PATIENCE_SECONDS):
            raise SystemExit("the lab does not go on")
        self._lab.press(SLOWER)

    def finish(self) -> Run:
        """Let it train as fast as it can, without a terminal, and wait for the end."""
        self._lab.press(">>>>>>>")
        wait_until(lambda: False, 1.0)
        self._lab.drop()
        if not wait_until(lambda: holder_of(self.run.path) is None, 10 * PATIENCE_SECONDS):
            raise SystemExit("the training does not end")
        return self.run


def main() -> int:
    """Leave and come back, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--preset", default="liu-essay")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="grokterm-detach-") as folder:
        undisturbed = Path(folder) / "undisturbed"
        command = command_line("run", "--preset", options.preset, "--runs-dir", undisturbed)
        subprocess.run(command, check=True, capture_output=True)
        run = _disturbed(options.preset, Path(folder), options.times, random.Random(options.seed))
        found = differences(run, list_runs(undisturbed)[0])
    _say(f"differs in {', '.join(found)}" if found else "the same, bit for bit")
    return 1 if found else 0


def _disturbed(preset: str, folder: Path, times: int, draw: random.Random) -> Run:
    afternoon = Afternoon(preset, folder, draw)
    for number in range(1, times + 1):
        deed = afternoon.disturb()
        left = afternoon.detach()
        came_back = "attached"
        if number % 2:
            seconds = afternoon.attach()
            came_back = f"attached within {seconds:.2f} s"
        else:
            afternoon.take_back()
            came_back = "stopped, opened and resumed"
        _say(f"{number:2} {deed}: left within {left:.2f} s, {came_back}")
    return afternoon.finish()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
