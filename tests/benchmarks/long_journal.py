"""How long a journal of many evaluations takes to be read, restored and drawn, and how much memory.

Run it with `python tests/benchmarks/long_journal.py --evaluations 200000`; `--curves 5000000` draws so many without a journal.
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
from time import perf_counter, process_time
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from grokterm.experiment.experiment import Experiment
from grokterm.plots.palettes import PALETTES
from grokterm.runs.journal import JournalWriter, read_journal, rewind_journal
from grokterm.runs.listing.skim import Skim
from grokterm.runs.replay import restore_trainer
from grokterm.runs.store import Run
from grokterm.session.curves import Curves
from grokterm.session.start import start_session
from grokterm.session.state import LabState, fold
from grokterm.views.curves import draw_curves
from grokterm.views.view import Sheet
from grokterm.views.window import CurvesChoice

if TYPE_CHECKING:
    from grokterm.experiment.records import Record

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
steps = 1
evaluate_every = 1
"""

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
    parser.add_argument("--evaluations", type=int, default=200_000)
    parser.add_argument("--curves", type=int, default=5_000_000)
    options = parser.parse_args()
    state = LabState(Experiment.from_toml(EXPERIMENT))
    curves = timed(f"{options.curves:,} evaluations by column", lambda: Curves().joined(measured(options.curves)))
    draw("drawn", replace(state, curves=curves))
    n_bytes = sum(column.nbytes for column in curves.measured.values())
    say(f"{n_bytes / 1e6:.0f} MB of columns")
    with tempfile.TemporaryDirectory() as folder:
        read(Path(folder), options.evaluations)


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
    _, status, usage = os.wait4(process.pid, 0)
    memory = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    what = "opened in a process of its own" if words[0] == "-c" else " ".join(words[1:4])
    say(f"{what:36} {1e3 * (perf_counter() - began):10.1f} ms {1e3 * usage.ru_utime:10.1f} CPU {memory:8.0f} MB, exit {status}")


def written(folder: Path, n: int) -> Run:
    """Make a run whose journal tells of many evaluations before its last checkpoint."""
    session = start_session(Experiment.from_toml(EXPERIMENT), folder, "long")
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
    journal.write([checkpoint])
    return session.run


def measured(n: int) -> dict[str, np.ndarray]:
    """Make numbers as a training measures them: losses in single precision."""
    random, steps = np.random.default_rng(0), np.arange(2.0, n + 2)
    loss = np.exp(-5 * steps / n + 0.3 * random.normal(size=n)).astype(np.float32).astype(np.float64)
    norm = (30 + random.random(n)).astype(np.float32).astype(np.float64)
    accuracy = (np.minimum(steps / n, 1) * random.integers(0, 73, n) / 73).astype(np.float32).astype(np.float64)
    return {
        "step": steps,
        "train_loss": loss / 2,
        "val_loss": loss,
        "train_accuracy": accuracy,
        "val_accuracy": accuracy / 2,
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
