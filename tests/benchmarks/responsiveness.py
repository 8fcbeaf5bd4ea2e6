"""How soon the lab paints, and how soon a key shows its effect while training.

    python tests/benchmarks/responsiveness.py --preset liu-essay --keys 60

Runs the real program in a pseudo-terminal of 160x45. First paint: from starting the process to the first bytes that show the
names of the presets; beside it, each time, how long `python -c "import torch"` takes. A key: from writing it to the first bytes
that show its effect, for x (the axis), space (pause, resume) and o (order).
"""

import argparse
import fcntl
import os
import pty
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
from contextlib import suppress
from select import select
from time import monotonic

SIZE = (45, 160)
EFFECTS = {
    "x": ("linear steps", "log steps"),
    " ": ("paused", "training"),
    "o": ("as stored", "sorted by deviation", "sorted by frequency"),
}
"""Keys, and what the screen says once they have taken effect."""
ASKED, ANSWER = "\x1b[c", b"\x1b[?62;22c"
"""What every terminal is asked, and answers at once: its device attributes, here without graphics."""


class Terminal:
    """The lab in a pseudo-terminal."""

    def __init__(self, *arguments: str) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
        self._config = tempfile.TemporaryDirectory()  # not what the user has chosen
        environment = {**os.environ, "TERM": "xterm-256color", "GROKTERM_CONFIG_DIR": self._config.name}
        command = [sys.executable, "-m", "grokterm", *arguments]
        self._has_answered = False
        self._process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)

    @property
    def pid(self) -> int:
        """The process of the lab."""
        return self._process.pid

    def press(self, key: str) -> None:
        """Type a key."""
        os.write(self._master, key.encode())

    def wait_for(self, *texts: str, seconds: float = 60.0) -> float:
        """Read until one of the texts is written; return how long it took."""
        started, seen = monotonic(), ""
        while monotonic() < started + seconds:
            if select([self._master], [], [], 0.01)[0]:
                seen += os.read(self._master, 65536).decode(errors="replace")
                if ASKED in seen and not self._has_answered:
                    self._has_answered = True
                    os.write(self._master, ANSWER)
                if any(text in seen for text in texts):
                    return monotonic() - started
        raise TimeoutError(f"none of {texts} within {seconds} s")

    def settle(self, quiet: float, seconds: float = 20.0) -> float:
        """Read until nothing is written for so long; return how long something was, or `seconds` if that does not end."""
        started = last = monotonic()
        while last < started + seconds and select([self._master], [], [], quiet)[0]:
            os.read(self._master, 65536)
            last = monotonic()
        return last - started

    def drain(self, seconds: float) -> None:
        """Read what is written for so long, or until the program has ended."""
        end = monotonic() + seconds
        with suppress(OSError):
            while (left := end - monotonic()) > 0:
                if select([self._master], [], [], left)[0]:
                    os.read(self._master, 65536)

    def kill(self) -> None:
        """End the program at once."""
        self._process.kill()
        self._process.wait()
        os.close(self._master)
        self._config.cleanup()


def main() -> None:
    """Measure both; print medians and the 95th percentile."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="liu-essay")
    parser.add_argument("--keys", type=int, default=60)
    parser.add_argument("--starts", type=int, default=5)
    arguments = parser.parse_args()
    starts = [(_first_paint(), _import_of_torch()) for _ in range(arguments.starts)]
    paints, imports = zip(*starts, strict=True)
    ratio = statistics.median(paint / torch for paint, torch in starts)
    sys.stdout.write(f"first paint: median {statistics.median(paints):.2f} s, slowest {max(paints):.2f} s\n")
    sys.stdout.write(f"import torch: median {statistics.median(imports):.2f} s; first paint is {ratio:.2f} of it\n")
    delays = _key_delays(arguments.preset, arguments.keys)
    for key in (*EFFECTS, "all"):
        chosen = sorted(delay for pressed, delay in delays if key in (pressed, "all"))
        median, p95 = statistics.median(chosen), chosen[int(0.95 * len(chosen))]
        sys.stdout.write(f"key {key!r:>5}: median {1e3 * median:4.0f} ms, p95 {1e3 * p95:4.0f} ms of {len(chosen)}\n")


def _first_paint() -> float:
    with tempfile.TemporaryDirectory() as folder:
        terminal = Terminal("--runs-dir", folder)
        seconds = terminal.wait_for("liu-essay")
        terminal.kill()
    return seconds


def _import_of_torch() -> float:
    started = monotonic()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    return monotonic() - started


def _key_delays(preset: str, n_keys: int) -> list[tuple[str, float]]:
    delays: list[tuple[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        terminal = Terminal("--preset", preset, "--start", "--runs-dir", folder)
        terminal.wait_for("spectrum ")
        terminal.wait_for("sorted by frequency")
        for number in range(n_keys):
            key = list(EFFECTS)[number % len(EFFECTS)]
            terminal.drain(0.3 + 0.1 * random.random())
            terminal.press(key)
            delays.append((key, terminal.wait_for(*EFFECTS[key])))
            if key == " ":
                terminal.drain(0.2)
                terminal.press(" ")
        terminal.kill()
    return delays


if __name__ == "__main__":
    main()
