"""What it costs to watch a training from other processes, and how soon a watching lab shows anything.

    python -m tests.benchmarks.attached latency --preset liu-essay --keys 60
    python -m tests.benchmarks.attached speed --preset liu-essay --viewers 1 4 --rounds 5

A training runs in the background; labs are attached to it in pseudo-terminals of 160x45 that are read as fast as they write,
with curves and heat maps drawn.

latency: from starting `grokterm attach` to the first bytes of both heat map and spectrum; and from writing a key to the first
bytes that show its effect, for space (pause, resume) and x (the axis).

speed: steps per second, from the journal, in windows in which so many labs go on or all are halted (SIGSTOP); in turns within
one run, each window compared with those before and after it that nobody watched. Where other programs want the same cores that
is noise. Steps per second of processor time (Linux only) are not: they tell what serving adds to the work of the training.
"""

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from threading import Thread
from time import monotonic, sleep, time
from typing import NamedTuple

from grokterm.runs.store import Run
from tests.benchmarks.responsiveness import EFFECTS, Terminal

WINDOW_SECONDS, SETTLING_SECONDS = 5.0, 1.5
FULL = ("spectrum ", "sorted by frequency")
"""What the screen says with curves and both pictures on it."""


def main() -> None:
    """Measure one of both, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("latency", "speed"))
    parser.add_argument("--preset", default="liu-essay")
    parser.add_argument("--keys", type=int, default=60)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--viewers", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with _training(arguments.preset) as (run, process):
        if arguments.what == "latency":
            _report_latency(run, arguments.starts, arguments.keys)
        else:
            _report_speed(run, process, arguments.viewers, arguments.rounds)


@contextmanager
def _training(preset: str) -> Iterator[tuple[Run, int]]:
    """Train in the background, for longer than it takes to measure."""
    with tempfile.TemporaryDirectory() as folder:
        changes = ("--set", "training.steps=1000000000", "--set", "training.stop_when=never")
        command = (sys.executable, "-m", "grokterm", "run", "--preset", preset, *changes, "--runs-dir", folder)
        begun = subprocess.run((*command, "--detach", "--json"), check=True, capture_output=True, text=True)
        said = json.loads(begun.stdout)
        try:
            yield Run(Path(folder) / said["name"]), said["pid"]
        finally:
            os.kill(said["pid"], signal.SIGKILL)


def _lab(run: Run) -> Terminal:
    return Terminal("attach", run.name, "--runs-dir", str(run.path.parent))


def _report_latency(run: Run, n_starts: int, n_keys: int) -> None:
    seconds, delays = [], list[float]()
    for _ in range(n_starts):
        began, lab = monotonic(), _lab(run)
        for text in FULL:
            lab.wait_for(text)
        seconds.append(monotonic() - began)
        delays += _key_delays(lab, n_keys // n_starts)
        lab.kill()
    sys.stdout.write(f"attach to both pictures: median {statistics.median(seconds):.2f} s, slowest {max(seconds):.2f} s\n")
    delays.sort()
    median, p95 = 1e3 * statistics.median(delays), 1e3 * delays[int(0.95 * len(delays))]
    sys.stdout.write(f"key to effect: median {median:.0f} ms, p95 {p95:.0f} ms of {len(delays)}\n")


def _key_delays(lab: Terminal, n_keys: int) -> Iterator[float]:
    lab.drain(2.0)  # while torch is loaded for the other views
    for number in range(n_keys):
        key = " x"[number % 2]
        lab.drain(0.3 + 0.1 * random.random())
        lab.press(key)
        yield lab.wait_for(*EFFECTS[key])
        if key == " ":
            lab.drain(0.2)
            lab.press(" ")


class Window(NamedTuple):
    """A while in which so many labs went on."""

    began: float
    ended: float
    work: float
    """Seconds of processor time of the training process."""


def _report_speed(run: Run, process: int, numbers: Sequence[int], n_rounds: int) -> None:
    with ExitStack() as stack:
        labs = [_lab(run) for _ in range(max(numbers))]
        for lab in labs:
            stack.callback(lab.kill)
            for text in FULL:
                lab.wait_for(text)
            Thread(target=lab.drain, args=(1e6,), daemon=True).start()
        sleep(5.0)  # until all have loaded torch
        plan = [0, *(n for _ in range(n_rounds) for number in numbers for n in (number, 0))]
        windows = [_window(labs, number, process) for number in plan]
    counted = [_steps(run, window.began, window.ended) for window in windows]
    by_clock = [steps / seconds for steps, seconds in counted]
    by_work = [
        steps / seconds / (one.work / (one.ended - one.began)) for one, (steps, seconds) in zip(windows, counted, strict=True)
    ]
    for number in numbers:
        for unit, speeds in (("steps/s", by_clock), ("steps per second of processor time", by_work)):
            alone = [(before + after) / 2 for before, after in pairwise(speeds[::2])]
            watched = zip(plan[1::2], speeds[1::2], alone, strict=True)
            ratios = sorted(speed / other for n, speed, other in watched if n == number)
            sys.stdout.write(
                f"{number} attached: median ratio {statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}) of"
                f" {statistics.median(speeds[::2]):,.0f} {unit}\n"
            )


def _window(labs: Sequence[Terminal], n_going: int, process: int) -> Window:
    """Let so many labs go on for a while."""
    for number, lab in enumerate(labs):
        os.kill(lab.pid, signal.SIGCONT if number < n_going else signal.SIGSTOP)
    sleep(SETTLING_SECONDS)
    began, worked = time(), _work(process)
    sleep(WINDOW_SECONDS)
    return Window(began, time(), _work(process) - worked)


def _work(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _steps(run: Run, began: float, ended: float) -> tuple[int, float]:
    """Return how many steps were made between two times, by the evaluations in the journal, and in how many seconds."""
    lines = [json.loads(line) for line in run.journal.read_text().splitlines() if '"record":"evaluat' in line]
    times = [datetime.fromisoformat(line["time"]).timestamp() for line in lines]
    first, last = bisect_left(times, began), bisect_left(times, ended) - 1
    steps = [step[-1] if isinstance(step := lines[number]["step"], list) else step for number in (first, last)]
    return steps[1] - steps[0], times[last] - times[first]


if __name__ == "__main__":
    main()
