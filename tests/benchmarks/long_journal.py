"""How long a journal of many evaluations takes to be read, restored and drawn, and how much memory.

    python -m tests.benchmarks.long_journal lab --evaluations 5000000
    python -m tests.benchmarks.long_journal parts --evaluations 200000 --curves 5000000

lab: opens such a run in a pseudo-terminal of 160x45, and presses keys. Until the picture is there: seconds from starting the
program. A key: how long something is written after it, and the processor time of the whole process. Memory is the most that it
has had so far, and what it has then.

parts: what opening is made of, one thing after another in this process; `--curves` are drawn without a journal.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from grokterm.experiment.experiment import Experiment
from grokterm.plots.palettes import PALETTES
from grokterm.runs.journal import JournalWriter, read_journal, rewind_journal
from grokterm.runs.listing.skim import Skim
from grokterm.runs.replay import restore_trainer
from grokterm.runs.store import Run
from grokterm.session.commands import Leave
from grokterm.session.curves import Curves
from grokterm.session.start import start_session
from grokterm.session.state import LabState, fold
from grokterm.views.curves import draw_curves
from grokterm.views.view import Sheet
from grokterm.views.window import CurvesChoice
from tests.benchmarks.responsiveness import Terminal

if TYPE_CHECKING:
    from grokterm.experiment.recording.records import Record

EXPERIMENT = """
[task]
modulus = 11
train_fraction = 0.6
[model]
architecture = "mlp"
width = 16
[optimizer]
kind = "adamw"
learning_rate = 1e-3
[training]
steps = {steps}
evaluate_every = 1
"""

SETTLED = 0.4  # seconds in which nothing is written; the cursor of a field blinks every half second

KEYS = {
    "the next view": "\t",
    **{f"view {number}": str(number) for number in (2, 3, 4, 5, 6, 7, 8, 1)},
    "another order": "o",
    "cursor left": "\x1b[D",
    "once more": "\x1b[D",
    "cursor right": "\x1b[C",
    "zoom in": "+",
    "cursor left there": "\x1b[D",
    "zoom out": "-",
    "third chart": "t",
    "another": "t",
    "means": "m",
    "no means": "m",
    "axis of steps": "x",
    "axis of the loss": "y",
    "freeze": "f",
    "release": "f",
    "the evaluation before": "{",
    "the checkpoint before": "[",
    "back": "\x1b",
    "branch": "b",
    "leave it": "\x1b",
    "compare": "c",
    "leave that": "\x1b",
    "save pictures": "p",
}

OPENED = """
import sys
from pathlib import Path
from grokterm.plots.palettes import PALETTES
from grokterm.runs.listing.skim import Skim
from grokterm.runs.store import Run
from grokterm.session.serving import train
from grokterm.session.start import resume_session
from grokterm.views.curves import draw_curves
from grokterm.views.view import Sheet
from grokterm.views.window import CurvesChoice

run = Run(Path(sys.argv[1]))
Skim.of(run.journal).records(run.journal)
_, state = next(train(*resume_session(run, paused=True), stay=True))
draw_curves(state, Sheet(88, 40, PALETTES["256"]), "log", CurvesChoice())
"""
"""What `grokterm open` does up to its first full picture, without the screen."""

Result = TypeVar("Result")


def main() -> None:
    """Write, read, restore, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("lab", "parts"))
    parser.add_argument("--evaluations", type=int, default=200_000)
    parser.add_argument("--curves", type=int, default=5_000_000)
    parser.add_argument("--run", type=Path, help="a run that was written before")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.what == "lab":
            open_lab(Run(options.run) if options.run else written(Path(folder), options.evaluations))
        else:
            draw_without_journal(options.curves)
            read(Path(folder), options.evaluations)


def draw_without_journal(n: int) -> None:
    """Draw columns."""
    state = LabState(Experiment.from_toml(EXPERIMENT.format(steps=n)))
    curves = timed(f"{n:,} evaluations by column", lambda: Curves().joined(measured(n)))
    draw("drawn", replace(state, curves=curves))
    n_bytes = sum(column.nbytes for column in curves.measured.values())
    say(f"{n_bytes / 1e6:.0f} MB of columns")


def open_lab(run: Run) -> None:
    """Open a run as a user does, and press keys."""
    say(f"{run.journal.stat().st_size / 1e6:.0f} MB of journal")
    began = perf_counter()
    terminal = Terminal("open", run.name, "--runs-dir", str(run.path.parent))
    terminal.wait_for("paused")
    terminal.settle(SETTLED)
    picture = perf_counter() - began - SETTLED
    say(f"{'the full picture':24} {picture:8.2f} s {seconds_of(terminal.pid):18.2f} s CPU {memory_of(terminal.pid)}")
    for name, key in KEYS.items():
        before = seconds_of(terminal.pid)
        terminal.press(key)
        written_for = terminal.settle(SETTLED)
        cpu = seconds_of(terminal.pid) - before
        say(f"{name:24} {1e3 * written_for:8.0f} ms {1e3 * cpu:17.0f} ms CPU {memory_of(terminal.pid)}")
    terminal.kill()


def seconds_of(pid: int) -> float:
    """Return the processor time of a process (Linux only)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int) -> str:
    """Say how much memory a process has had at most, and has now (Linux only): a child's usage begins with its parent's."""
    lines = (line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    kilobytes = {fields[0]: int(fields[1]) for fields in lines if fields[0] in ("VmHWM:", "VmRSS:")}
    return f"{kilobytes['VmHWM:'] / 1e3:6.0f} MB at most {kilobytes['VmRSS:'] / 1e3:6.0f} MB now" if kilobytes else ""


def read(folder: Path, n: int) -> None:
    """Read a journal as opening its run does, one reading after the other."""
    run = written(folder, n)
    say(f"{n:,} evaluations, {run.journal.stat().st_size / 1e6:.0f} MB of journal")
    for words in (["-c", OPENED, str(run.path)], ["-m", "grokterm", "runs", "show", str(run.path)]):
        in_a_process(words)
    timed("what a summary needs of it", lambda: Skim.of(run.journal).records(run.journal))
    timed("all of it", lambda: read_journal(run.journal))
    rewound = timed("up to its last checkpoint", lambda: rewind_journal(run.journal))
    timed("restored", lambda: restore_trainer(run, run.experiment, rewound.records))
    draw("drawn", timed("folded", lambda: fold(LabState(run.experiment), rewound.records)))


def in_a_process(words: list[str]) -> None:
    """Say how long a fresh process takes, and the most memory that it has had."""
    began = perf_counter()
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL)
    memory = ""
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        memory = memory_of(process.pid) or memory
        sleep(0.01)
    _, status, usage = os.wait4(process.pid, 0)
    what = "opened in a process of its own" if words[0] == "-c" else " ".join(words[1:4])
    say(f"{what:36} {1e3 * (perf_counter() - began):10.1f} ms {1e3 * usage.ru_utime:10.1f} CPU {memory}, exit {status}")


def written(folder: Path, n: int) -> Run:
    """Make a run whose journal tells of many evaluations before its last checkpoint."""
    session = start_session(Experiment.from_toml(EXPERIMENT.format(steps=n + 1)), folder, "long")
    session.send(Leave())
    records: list[Record] = [record for some in session.records() for record in some]
    first = next(record for record in records if record.record == "evaluated")
    template = first.model_dump() | {"members": None}
    journal = JournalWriter(session.run.journal, session.run.journal.stat().st_size)
    checkpoint = [record for record in records if record.record == "checkpointed"][-1]
    columns = measured(n)
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    kind = type(first)
    for start in range(0, n, 300):  # as many as a chunk of 40 ms has
        some = [next(rows) for _ in range(min(300, n - start))]
        journal.write(
            [kind.model_construct(**template | dict(zip(columns, row, strict=True), step=int(row[0]))) for row in some]
        )
    journal.write([checkpoint.model_copy(update={"step": n})])
    return session.run


def measured(n: int) -> dict[str, np.ndarray]:
    """Make numbers as a training measures them: norms in single precision, means in double precision."""
    random, steps = np.random.default_rng(0), np.arange(1.0, n + 1)
    loss = np.exp(-5 * steps / n + 0.3 * random.normal(size=n))
    norm = (30 + random.random(n)).astype(np.float32).astype(np.float64)
    accuracy = np.rint(np.minimum(steps / n, 1) * random.integers(0, 4705, n)) / 4705
    return {
        "step": steps,
        "train_loss": loss / 2,
        "val_loss": loss,
        "train_accuracy": accuracy,
        "val_accuracy": accuracy * 0.9,
        "parameter_norm": norm,
    }


def draw(what: str, state: LabState) -> None:
    """Draw whole and in part, on both axes, smoothed and not."""
    last = float(state.curves.column("step")[-1])
    for scale in ("log", "linear"):
        for choice in (CurvesChoice(), CurvesChoice(window=(0.4 * last, 0.5 * last)), CurvesChoice(is_smoothed=True)):
            words = " in part" if choice.window else " smoothed" if choice.is_smoothed else ""
            sheet = Sheet(88, 40, PALETTES["256"])
            timed(f"{what}, {scale}{words}", lambda: draw_curves(state, sheet, scale, choice))  # noqa: B023 - called at once


def timed(what: str, act: Callable[[], Result]) -> Result:
    """Say how long something takes, and the most memory that this process has had."""
    wall, cpu = perf_counter(), process_time()
    result = act()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    say(f"{what:36} {1e3 * (perf_counter() - wall):10.1f} ms {1e3 * (process_time() - cpu):10.1f} CPU {memory:8.0f} MB at most")
    return result


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
