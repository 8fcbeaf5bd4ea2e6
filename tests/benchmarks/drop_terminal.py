"""Drop the terminal under a lab again and again, at random moments of its life, and look at what is left.

    python -m tests.benchmarks.drop_terminal --drops 50

The terminal is in turns a pseudo-terminal whose other end is closed, and a tmux server that is killed; the setting `hangup` is
in turns continue and save. Before it is dropped, keys are pressed: nothing, a pause, an open dialog, a question, a detach.
Afterwards a run goes on in exactly one process, paused if it was, or is saved and has no process; no process is left besides,
and none that should be idle takes more than 5 % of a core. Exit code 1 if anything is otherwise.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, islice, product
from pathlib import Path

from grokterm.experiment.recording.records import Checkpointed, Paused, Record, Started
from grokterm.runs.journal import reached_step, read_journal
from grokterm.runs.lock import holder_of
from grokterm.runs.results.summarizing import summarize
from grokterm.runs.store import Run, list_runs
from grokterm.session.detached import OUTPUT
from tests.benchmarks.terminals import PlainTerminal, Terminal, Tmux, command_line, processes_on, share_of_a_core, wait_until

PRESET = """
title = "Dropped"
source = "ours"
[task]
modulus = 23
[model]
architecture = "mlp"
width = 64
scaling = "doshi"
[optimizer]
kind = "adamw"
learning_rate = 1e-2
[training]
steps = 10_000_000
evaluate_every = 1000
"""

KEYS = ("", "", "", " ", "w", "q", "d", "2")
"""Pressed before the drop: nothing, pause, a dialog, a question, detach, a view."""

LIFE_SECONDS = 8.0  # of a lab, from its start to the drop at the latest
SETTLE_SECONDS = 60.0  # within which everything has found its place
IDLE_SHARE = 0.05


@dataclass(frozen=True)
class Drop:
    """One way to lose a terminal."""

    carrier: str
    hangup: str
    after: float  # seconds
    keys: str

    def __str__(self) -> str:
        pressed = {"": "no key", " ": "space"}.get(self.keys, self.keys)
        return f"{self.carrier:5} {self.hangup:8} after {self.after:4.1f} s, {pressed:6}"


def main() -> int:
    """Drop terminals; count what has become of the runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drops", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    carriers = ["plain", "tmux"] if shutil.which("tmux") else ["plain"]
    found: Counter[str] = Counter()
    for number, (hangup, carrier) in enumerate(islice(cycle(product(("continue", "save"), carriers)), options.drops), start=1):
        drop = Drop(carrier, hangup, draw.uniform(0.0, LIFE_SECONDS), draw.choice(KEYS))
        with tempfile.TemporaryDirectory(prefix="grokterm-drop-") as folder:
            outcome = _dropped(drop, Path(folder), number)
        found[outcome] += 1
        _say(f"{number:3} {drop}: {outcome}")
    _say("; ".join(f"{count} {outcome}" for outcome, count in found.most_common()))
    return 1 if any(outcome.startswith("WRONG") for outcome in found) else 0


def _dropped(drop: Drop, folder: Path, number: int) -> str:
    """Open a lab that trains, drop its terminal, and say what has become of its run."""
    runs = folder / "runs"
    (folder / "dropped.toml").write_text(PRESET, encoding="utf-8")
    (folder / "preferences.toml").write_text(f'hangup = "{drop.hangup}"\n', encoding="utf-8")
    environment = {**os.environ, "TERM": "xterm-256color", "GROKTERM_CONFIG_DIR": str(folder), "TMUX": ""}
    command = command_line("--preset", folder / "dropped.toml", "--start", "--runs-dir", runs)
    terminal: Terminal
    if drop.carrier == "tmux":
        terminal = Tmux(command, environment, f"drop-{os.getpid()}-{number}")
    else:
        terminal = PlainTerminal(command, environment)
    try:
        wait_until(lambda: False, drop.after)
        if drop.keys:
            terminal.press(drop.keys)
            wait_until(lambda: False, 0.3)
        terminal.drop()
        return _left_behind(drop, terminal, runs)
    finally:
        for process in processes_on(folder):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


def _left_behind(drop: Drop, terminal: Terminal, runs: Path) -> str:
    if not wait_until(lambda: terminal.pid not in processes_on(runs), SETTLE_SECONDS):
        share = share_of_a_core(terminal.pid)
        return f"WRONG: the lab is still there, and takes {share:.0%} of a core"
    run = next(iter(list_runs(runs)), None)
    if run is None:
        return "no run was begun" if not processes_on(runs) else "WRONG: a process without a run"
    if drop.hangup == "save" and drop.keys != "d":  # which goes on by itself
        return _is_saved(run, runs)
    if not wait_until(lambda: _background(run, terminal.pid), SETTLE_SECONDS):
        if drop.hangup == "save" and not processes_on(runs):
            return _is_saved(run, runs)  # the key came before there was something to detach
        log = run.path / OUTPUT
        said = log.read_text("utf-8").strip().rpartition("\n")[2] if log.exists() else "nothing"
        return f"WRONG: nothing goes on: {_is_saved(run, runs)}; {OUTPUT} says {said}"
    (holder,) = _background(run, terminal.pid)
    if not wait_until(lambda: processes_on(runs) == [holder], SETTLE_SECONDS):  # a second one that was refused ends
        return f"WRONG: {len(processes_on(runs))} processes"
    return _goes_on(run, holder)


def _background(run: Run, lab: int) -> list[int]:
    """Return the process that goes on with a run, once it does."""
    holder, started = holder_of(run.path), [record for record in _journal(run) if isinstance(record, Started)]
    is_on = holder is not None and started and started[-1].owner is not None and started[-1].owner.pid == holder.pid != lab
    return [holder.pid] if holder is not None and is_on else []


def _journal(run: Run) -> list[Record]:
    return read_journal(run.journal)


def _goes_on(run: Run, pid: int) -> str:
    """Check that a process trains, or waits without taking time; then end it, and check that it has saved."""
    records = _journal(run)
    at = next(number for number in range(len(records) - 1, -1, -1) if isinstance(records[number], Started))
    if records[at].step != max((record.step for record in records[:at] if isinstance(record, Checkpointed)), default=0):
        return "WRONG: it does not go on where it was saved"
    if isinstance(records[-1], Paused | Checkpointed) and any(isinstance(record, Paused) for record in records[at:]):
        if (share := share_of_a_core(pid)) > IDLE_SHARE:
            return f"WRONG: paused, it takes {share:.0%} of a core"
        outcome = "goes on, paused"
    elif not wait_until(lambda: reached_step(_journal(run)) > records[at].step, SETTLE_SECONDS):
        return "WRONG: it makes no steps"
    else:
        outcome = "goes on"
    os.kill(pid, signal.SIGTERM)
    saved = _is_saved(run, run.path.parent)
    return saved if saved.startswith("WRONG") else outcome


def _is_saved(run: Run, runs: Path) -> str:
    if not wait_until(lambda: not processes_on(runs), SETTLE_SECONDS):
        return f"WRONG: {len(processes_on(runs))} processes are left"
    records = _journal(run)
    summary = summarize(run, records)
    saved = [record for record in records if isinstance(record, Checkpointed)]
    if (summary.status, summary.ended) != ("ended", "interrupted") or saved[-1].step != summary.steps:
        return f"WRONG: {summary.status}, {summary.ended}, at step {summary.steps}"
    return "is saved"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
