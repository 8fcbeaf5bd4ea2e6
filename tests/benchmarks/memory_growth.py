"""What grows with evaluations, and what with a day? Memory, seconds, open files, threads and objects of Python, as a table.

    python -m tests.benchmarks.memory_growth training --steps 1000000 --set training.evaluate_every=1
    python -m tests.benchmarks.memory_growth sizes --evaluations 10000 100000 1000000
    python -m tests.benchmarks.memory_growth life --times 1000

training: trains headless, as `grokterm run` does, and prints the resident memory at every tenth of the way. A run keeps its
evaluations to draw them, up to 48 bytes each: with `evaluate_every = "log"`, the default here, there are some ten thousand in
a million steps. Everything else must stay as large as it was after the first tenth.

sizes: opens runs of so many evaluations, whose journals are made up, and lets commands read them, each in a process of its own.
`open` takes until the first picture of the whole run. The ratio of the longest to the shortest run is that of processor time.

life: does so many times what is done in a day, in this process: pauses and goes on, lets a viewer attach and leave, looks at
another view, at another preset, and (a tenth as often) starts a training and comes back. What is counted after a third, two
thirds and all of them must be the same.
"""

import argparse
import asyncio
import gc
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from time import perf_counter, sleep

from textual.pilot import Pilot

from grokterm.bench.memory import resident
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.overrides import override
from grokterm.experiment.reading.presets import find_preset
from grokterm.session.commands import Pause, Resume, StepOnce
from grokterm.session.start import start_session
from grokterm.session.state import LabState, fold
from grokterm.tui.screens.lab import LabScreen
from grokterm.tui.screens.setup import SetupScreen
from tests.benchmarks.long_journal import memory_of, seconds_of, written
from tests.benchmarks.responsiveness import Terminal
from tests.session.driving import Driver
from tests.session.remote.serving import Served
from tests.session.remote.serving import until as wait_until
from tests.tui.driving import BRIEF, ENDLESS, LARGE, app_on, press_at_once, state, training, until

TINY = ["task.modulus=11", "task.train_fraction=0.6", "model.width=32"]
"""A step of it takes so little that a million are over in a few minutes."""

CURVES = "import sys, grokterm; grokterm.open_run(sys.argv[1]).curves('numpy')"


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("training", "sizes", "life"))
    parser.add_argument("--preset", default="liu-essay")
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--set", dest="assignments", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--as-it-is", action="store_true", help="the preset's own network instead of a tiny one")
    parser.add_argument("--evaluations", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--times", type=int, default=1000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.what == "training":
            small = [] if arguments.as_it_is else TINY
            changes = ["training.inspect_every=0", "training.evaluate_every=log", *small, *arguments.assignments]
            settings = override(find_preset(arguments.preset).settings, [*changes, f"training.steps={arguments.steps}"])
            train(settings.experiment, Path(folder))
        elif arguments.what == "sizes":
            compare_sizes(arguments.evaluations, Path(folder))
        else:
            live(arguments.times, Path(folder))


def train(experiment: Experiment, folder: Path) -> None:
    """Train; print megabytes as they come, and what the last nine tenths added."""
    session = start_session(experiment, folder, "growing")
    now, seen, n_steps = LabState(experiment), list[tuple[int, int]](), experiment.training.steps
    for records in session.records():
        now = fold(now, records)
        if 10 * now.step >= (len(seen) + 1) * n_steps:
            seen.append((resident("VmRSS"), len(now.curves)))
            say(f"step {now.step:11,}   {seen[-1][0] / 1e6:8.1f} MB   {seen[-1][1]:11,} evaluations")
    (before, n_before), (after, n_after) = seen[0], seen[-1]
    added, n_added = after - before, n_after - n_before
    say(f"the last nine tenths added {added / 1e6:+.1f} MB, {added / max(n_added, 1):.0f} bytes an evaluation")


def compare_sizes(sizes: list[int], folder: Path) -> None:
    """Print what each command takes of each run, in a row."""
    runs = {n: written(folder / str(n), n) for n in sizes}
    bytes_each = (f"{run.journal.stat().st_size / n:.0f}" for n, run in runs.items())
    say(f"{'evaluations':16}" + "".join(f"{n:27,}" for n in sizes))
    say(f"{'journal, bytes':16}" + "".join(f"{each:>19} of each" for each in bytes_each))
    rows: dict[str, Callable[[str, str], tuple[float, float, float]]] = {
        "open": opened,
        "runs show": lambda name, where: command("-m", "grokterm", "runs", "show", name, "--runs-dir", where),
        "plot": lambda name, where: command("-m", "grokterm", "plot", name, "--runs-dir", where),
        "curves, Python": lambda name, where: command("-c", CURVES, f"{where}/{name}"),
        "figures": lambda name, where: command(
            "-m", "grokterm", "figures", name, "--only", "curves", "--out", where, "--runs-dir", where
        ),
        "runs": lambda _, where: command("-m", "grokterm", "runs", "--runs-dir", where),
        **{f"export, {kind}": exporting(kind) for kind in ("csv", "parquet")},
    }
    for name, measure in rows.items():
        found = [measure(run.name, str(run.path.parent)) for run in runs.values()]
        cells = "".join(f"{wall:8.2f} s {cpu:5.2f} CPU {megabytes:4.0f} MB" for wall, cpu, megabytes in found)
        say(f"{name:16}{cells}   {found[-1][1] / found[0][1]:.2f} times")


def opened(name: str, where: str) -> tuple[float, float, float]:
    """Open a run in a terminal."""
    terminal = Terminal("open", name, "--runs-dir", where)
    seconds = terminal.wait_for("paused", "ended")
    used = seconds_of(terminal.pid), float(memory_of(terminal.pid).split()[0])
    terminal.kill()
    return seconds, *used


def exporting(kind: str) -> Callable[[str, str], tuple[float, float, float]]:
    """Return what exports a run in a format."""

    def export(name: str, where: str) -> tuple[float, float, float]:
        options = ("--format", kind, "--out", f"{where}/exported.{kind}", "--runs-dir", where)
        return command("-m", "grokterm", "runs", "export", name, *options)

    return export


def command(*words: str) -> tuple[float, float, float]:
    """Run one in a process of its own; return seconds, processor time, and megabytes at most."""
    began = perf_counter()
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL)
    memory = ""
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        memory = memory_of(process.pid) or memory  # what the system says at its end is at least what this process has
        sleep(0.01)
    _, process.returncode, usage = os.wait4(process.pid, 0)
    if process.returncode:
        sys.exit(f"{' '.join(words)} has failed")
    return perf_counter() - began, usage.ru_utime + usage.ru_stime, float(memory.split()[0])


def live(times: int, folder: Path) -> None:
    """Print what is there after a third, two thirds and all."""
    for name, does in {"pauses": pauses, "viewers": viewers}.items():
        for number in does(times, folder / name):
            count(name, number, times)
    asyncio.run(live_in_the_lab(times, folder))


async def live_in_the_lab(times: int, folder: Path) -> None:
    """Do the same for what is done on a screen."""
    for name, does, n in (("views", views, times), ("presets", presets, times), ("starts", starts, max(times // 10, 3))):
        async for number in does(n, folder / name):
            count(name, number, n)


def count(name: str, number: int, times: int) -> None:
    """Print what there is, at every third."""
    if number % max(times // 3, 1) == 0:
        gc.collect()
        say(
            f"{name:10}{number:6}   {n_files():3} files {threading.active_count():3} threads"
            f" {sys.getallocatedblocks():11,} objects"
            f" {resident('VmRSS') / 1e6:8.1f} MB"
        )


def n_files() -> int:
    """Count what is open (Linux only)."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - only names


def pauses(times: int, folder: Path) -> Iterator[int]:
    """Pause, make a step, go on."""
    driver = Driver(start_session(Experiment.from_toml(ENDLESS), folder, "paused"))
    for number in range(1, times + 1):
        for act in (Pause(), StepOnce(), Resume()):
            driver.tell(act)
        driver.heard.clear()
        yield number
    driver.leave()


def viewers(times: int, folder: Path) -> Iterator[int]:
    """Attach, see the state, leave."""
    driver = Driver(start_session(Experiment.from_toml(ENDLESS), folder, "watched"))
    driver.tell(Pause())
    served = Served(driver)
    before = n_files()
    for number in range(1, times + 1):
        served.attach().leave(60)
        wait_until(lambda: n_files() == before, "the end of both connections")
        yield number
    served.close()


async def pressed(pilot: Pilot[int], keys: Iterable[str]) -> AsyncIterator[int]:
    """Press keys as fast as a user who holds one down, and wait until all are heard."""
    for number, key in enumerate(keys, start=1):
        press_at_once(pilot.app, key)
        await asyncio.sleep(0.1)
        yield number
    await pilot.pause(1.0)


async def views(times: int, folder: Path) -> AsyncIterator[int]:
    """Look at one view after another while it trains."""
    app = app_on(ENDLESS, runs_dir=folder)
    async with training(app, LARGE, pace=200.0) as pilot:
        async for number in pressed(pilot, ("12345678"[number % 8] for number in range(1, times + 1))):
            yield number


async def presets(times: int, folder: Path) -> AsyncIterator[int]:
    """Go down and up the list, by which the form is made anew."""
    app = app_on(BRIEF, runs_dir=folder, start=False)
    async with app.run_test(size=LARGE) as pilot:
        await pilot.pause(1.0)
        async for number in pressed(pilot, ("down" if number // 10 % 2 == 0 else "up" for number in range(1, times + 1))):
            yield number


async def starts(times: int, folder: Path) -> AsyncIterator[int]:
    """Train to the end, and come back to the presets."""
    app = app_on(BRIEF, runs_dir=folder, start=False)
    async with app.run_test(size=LARGE) as pilot:
        await pilot.pause(1.0)
        for number in range(1, times + 1):
            press_at_once(app, "enter")
            await until(pilot, lambda: any(isinstance(screen, LabScreen) for screen in app.screen_stack), "the lab")
            await until(pilot, lambda: state(app).phase == "ended", "the end")
            press_at_once(app, "n")
            await until(pilot, lambda: isinstance(app.screen, SetupScreen), "the presets")
            yield number


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
