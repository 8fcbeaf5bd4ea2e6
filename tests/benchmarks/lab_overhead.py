"""Does watching slow training down? Trains headless and in the lab, in turns, and compares steps per second.

    python tests/benchmarks/lab_overhead.py --preset gromov-gd --steps 600 --rounds 5
    python tests/benchmarks/lab_overhead.py --preset gromov-gd --seconds 60 --link slow

With --seconds the lab is only watched for so long, of a training that does not end, on a link, to see what it sends.
The lab runs in a pseudo-terminal of 160x45 that is read as fast as it writes, with curves and heat maps drawn. Speeds come from
the journals: steps over seconds of training. Where other programs want the same cores speeds are noise; how much the screen's
thread works meanwhile, in percent of a core (Linux only), is not.
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
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from select import select
from time import monotonic
from typing import NamedTuple

from grokterm.runs.journal import read_journal
from grokterm.runs.results.summarizing import summarize
from grokterm.runs.store import list_runs

SIZE = (45, 160)
LIMIT_SECONDS = 600
START_SECONDS, END_SECONDS = 120, 60  # until the first evaluation; from the last key or signal on
ENDLESS = 100_000_000  # steps
ASK_SECONDS = 0.5


def main() -> None:
    """Run both in turns; print each round and the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="gromov-gd")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--link", choices=["full", "calm", "slow"], default="full")
    parser.add_argument("--seconds", type=float)
    arguments = parser.parse_args()
    n_steps = ENDLESS if arguments.seconds else arguments.steps

    with tempfile.TemporaryDirectory() as folder:
        preset = Path(folder) / "watched.toml"
        shown = _grokterm("presets", "show", arguments.preset, "--set", f"training.steps={n_steps}")
        preset.write_text(subprocess.run(shown, check=True, capture_output=True, text=True).stdout)
        if arguments.seconds:
            watched = _watch(preset, Path(folder) / "lab", arguments.link, arguments.seconds)
            sys.stdout.write(f"{arguments.preset}, link {arguments.link}: {_said(watched)}\n")
            return
        ratios = [_round(preset, number, arguments.link) for number in range(arguments.rounds)]
    sys.stdout.write(f"median ratio lab / headless: {statistics.median(ratios):.3f}\n")


def _round(preset: Path, number: int, link: str) -> float:
    headless = preset.parent / f"headless-{number}"
    lab = preset.parent / f"lab-{number}"
    command = _grokterm("run", "--preset", str(preset), "--runs-dir", str(headless))
    subprocess.run(command, check=True, capture_output=True)
    watched = _watch(preset, lab, link)
    speeds = [_speed(folder) for folder in (headless, lab)]
    ratio = speeds[1] / speeds[0]
    sys.stdout.write(
        f"headless {speeds[0]:8.1f} steps/s   lab {speeds[1]:8.1f} steps/s   ratio {ratio:.3f}   {_said(watched)}\n"
    )
    sys.stdout.flush()
    return ratio


class Watched(NamedTuple):
    """From the first evaluation to the end of the run."""

    seconds: float
    work: float
    """Seconds of processor time of the screen's thread."""

    n_bytes: int


def _said(watched: Watched) -> str:
    return (
        f"screen {100 * watched.work / watched.seconds:.2f} % of a core   "
        f"terminal {watched.n_bytes / watched.seconds / 1000:.2f} kB/s in {watched.seconds:.0f} s"
    )


def _watch(preset: Path, folder: Path, link: str, seconds: float | None = None) -> Watched:
    """Open the lab in a pseudo-terminal until the run has ended, or for so many seconds."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
    command = _grokterm("--preset", str(preset), "--start", "--link", link, "--runs-dir", str(folder))
    environment = {**os.environ, "TERM": "xterm-256color", "GROKTERM_CONFIG_DIR": str(folder.parent)}
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True)
    os.close(slave)
    try:
        _read_until("first evaluation", lambda: _has_written(folder, "evaluated"), master, START_SECONDS)
        started, worked = monotonic(), _work(process.pid)
        if seconds:
            n_bytes = _read_until("time", lambda: monotonic() - started >= seconds, master, seconds + START_SECONDS)
        else:
            n_bytes = _read_until("end of the run", lambda: _has_written(folder, "finished"), master, LIMIT_SECONDS)
        watched = Watched(monotonic() - started, _work(process.pid) - worked, n_bytes)
        if seconds:
            process.terminate()
        else:
            os.write(master, b"q")
        with suppress(LabHasEndedError):
            _read_until("exit", lambda: process.poll() is not None, master, END_SECONDS)
        process.wait(END_SECONDS)
    finally:
        process.kill()  # or it would go on in the background, once its terminal is gone
        os.close(master)
    return watched


class LabHasEndedError(RuntimeError):
    """It has closed its terminal."""


def _read_until(what: str, is_over: Callable[[], bool], master: int, seconds: float) -> int:
    """Read what the lab writes; return how much. Asking whether it is over takes time from the training, and is rare."""
    n_bytes, last, asked_at = 0, b"", monotonic()
    end = asked_at + seconds
    while asked_at < end:
        if select([master], [], [], ASK_SECONDS)[0]:
            try:
                last = os.read(master, 65536)
            except OSError:
                raise LabHasEndedError(f"the lab has ended, and wrote last: {last.decode(errors='replace')}") from None
            n_bytes += len(last)
        if monotonic() >= asked_at + ASK_SECONDS:
            if is_over():
                return n_bytes
            asked_at = monotonic()
    raise TimeoutError(f"no {what} after {seconds:.0f} s; the lab wrote last: {last.decode(errors='replace')}")


def _has_written(folder: Path, record: str) -> bool:
    return any(f'"record":"{record}"' in run.journal.read_text() for run in list_runs(folder))


def _work(process: int) -> float:
    """Return the processor time of a process's first thread, the one of the screen."""
    fields = Path(f"/proc/{process}/task/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _speed(folder: Path) -> float:
    (run,) = list_runs(folder)
    return summarize(run, read_journal(run.journal)).steps_per_second or 0.0


def _grokterm(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "grokterm", *arguments]


if __name__ == "__main__":
    main()
