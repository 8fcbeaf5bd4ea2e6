"""Does watching slow training down? Trains headless and in the lab, in turns, and compares steps per second.

    python tests/benchmarks/lab_overhead.py --preset gromov-gd --steps 600 --rounds 5

The lab runs in a pseudo-terminal of 160x45 that is read as fast as it writes, with curves, heat map and spectrum drawn. Both
numbers come from the journals: steps over seconds of training.
"""

import argparse
import fcntl
import os
import pty
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path
from select import select
from time import monotonic

from grokterm.runs.journal import read_journal
from grokterm.runs.store import list_runs
from grokterm.runs.summary import summarize

SIZE = (45, 160)
LIMIT_SECONDS = 600


def main() -> None:
    """Run both in turns; print each round and the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="gromov-gd")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        preset = Path(folder) / "watched.toml"
        shown = _grokterm("presets", "show", arguments.preset, "--set", f"training.steps={arguments.steps}")
        preset.write_text(subprocess.run(shown, check=True, capture_output=True, text=True).stdout)
        ratios = [_round(preset, number) for number in range(arguments.rounds)]
    sys.stdout.write(f"median ratio lab / headless: {statistics.median(ratios):.3f}\n")


def _round(preset: Path, number: int) -> float:
    headless = preset.parent / f"headless-{number}"
    lab = preset.parent / f"lab-{number}"
    command = _grokterm("run", "--preset", str(preset), "--runs-dir", str(headless))
    subprocess.run(command, check=True, capture_output=True)
    n_bytes, seconds = _watch(preset, lab)
    speeds = [_speed(folder) for folder in (headless, lab)]
    ratio = speeds[1] / speeds[0]
    sys.stdout.write(
        f"headless {speeds[0]:8.1f} steps/s   lab {speeds[1]:8.1f} steps/s   ratio {ratio:.3f}   "
        f"terminal {n_bytes / seconds / 1000:.1f} kB/s\n"
    )
    sys.stdout.flush()
    return ratio


def _watch(preset: Path, folder: Path) -> tuple[int, float]:
    """Open the lab in a pseudo-terminal until the run has ended; return what it wrote, and for how long."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
    command = _grokterm("--preset", str(preset), "--start", "--runs-dir", str(folder))
    environment = {**os.environ, "TERM": "xterm-256color"}
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True)
    os.close(slave)
    started, n_bytes = monotonic(), 0
    while monotonic() < started + LIMIT_SECONDS and not _has_ended(folder):
        if select([master], [], [], 0.2)[0]:
            n_bytes += len(os.read(master, 65536))
    seconds = monotonic() - started
    os.write(master, b"q")
    while process.poll() is None:
        if select([master], [], [], 0.2)[0]:
            try:
                os.read(master, 65536)
            except OSError:
                break
    process.wait(30)
    os.close(master)
    return n_bytes, seconds


def _has_ended(folder: Path) -> bool:
    return any('"record":"finished"' in run.journal.read_text() for run in list_runs(folder))


def _speed(folder: Path) -> float:
    (run,) = list_runs(folder)
    return summarize(run, read_journal(run.journal)).steps_per_second or 0.0


def _grokterm(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "grokterm", *arguments]


if __name__ == "__main__":
    main()
