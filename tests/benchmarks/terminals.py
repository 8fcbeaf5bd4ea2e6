"""The lab in a terminal that can be dropped, and what is left of it: for the benchmarks beside this file."""

import fcntl
import os
import pty
import shlex
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from select import select
from threading import Thread
from time import monotonic, sleep
from typing import Protocol

ASKED, ANSWER = b"\x1b[c", b"\x1b[?62;22c"
"""What every terminal is asked, and answers at once: its device attributes, here without graphics."""

TICKS = os.sysconf("SC_CLK_TCK")


def command_line(*arguments: str | Path) -> list[str]:
    """`grokterm`, as this Python runs it."""
    return [sys.executable, "-m", "grokterm", *map(str, arguments)]


class Terminal(Protocol):
    """A terminal with a program in it."""

    pid: int
    """Of the program."""

    def press(self, keys: str) -> None:
        """Type keys."""

    def drop(self) -> None:
        """Let the terminal disappear."""

    def is_shown(self, *texts: str) -> bool:
        """Whether these texts were written since others were found."""


class PlainTerminal:
    """A pseudo-terminal, read by a thread as quickly as it is written."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        take = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
        self._process = subprocess.Popen(
            [sys.executable, "-c", take, *command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env=environment,
        )
        os.close(slave)
        self.pid, self._seen, self._has_answered, self._is_open = self._process.pid, b"", False, True
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while self._is_open:
            with suppress(OSError):  # EIO: the program has gone
                if select([self._master], [], [], 0.05)[0]:
                    self._seen = self._seen[-(2**20) :] + os.read(self._master, 65536)
            if not self._has_answered and ASKED in self._seen:
                self._has_answered = True
                os.write(self._master, ANSWER)
            if self._process.poll() is not None:
                sleep(0.05)

    def press(self, keys: str) -> None:
        """Type keys."""
        with suppress(OSError):
            os.write(self._master, keys.encode())

    def is_shown(self, *texts: str) -> bool:
        """Whether these texts were written since others were found."""
        found = all(text.encode() in self._seen for text in texts)
        self._seen = b"" if found else self._seen
        return found

    def drop(self) -> None:
        """Close the other end, as a connection that drops does."""
        self._is_open = False
        self._reader.join()
        os.close(self._master)

    def wait(self) -> int:
        """Return the exit code of the program."""
        return self._process.wait()


class Tmux:
    """A tmux server of its own, with the program in its only pane."""

    def __init__(self, command: list[str], environment: dict[str, str], name: str) -> None:
        self._tmux = ["tmux", "-L", name, "-f", "/dev/null"]
        size = ["-x", "80", "-y", "24"]
        line = f"exec {shlex.join(command)}"
        self._run("new-session", "-d", "-s", "lab", *size, line, environment=environment)
        self.pid = int(self._run("display-message", "-p", "-t", "lab", "#{pane_pid}"))
        self._server = int(self._run("display-message", "-p", "-t", "lab", "#{pid}"))

    def _run(self, *arguments: str, environment: dict[str, str] | None = None) -> str:
        done = subprocess.run([*self._tmux, *arguments], capture_output=True, text=True, check=False, env=environment)
        return done.stdout

    def press(self, keys: str) -> None:
        """Type keys."""
        self._run("send-keys", "-t", "lab", "-l", keys)

    def is_shown(self, *texts: str) -> bool:
        """Whether these texts are on the screen."""
        screen = self._run("capture-pane", "-p", "-t", "lab")
        return all(text in screen for text in texts)

    def drop(self) -> None:
        """Kill the server, and with it the pseudo-terminal."""
        with suppress(ProcessLookupError):
            os.kill(self._server, signal.SIGKILL)


def wait_until(condition: Callable[[], object], seconds: float) -> bool:
    """Wait until a condition holds; return whether it came to that."""
    deadline = monotonic() + seconds
    while not condition():
        if monotonic() > deadline:
            return False
        sleep(0.05)
    return True


def processes_on(folder: Path) -> list[int]:
    """List the processes that were started on a runs folder, without those that have ended."""
    found = []
    for path in Path("/proc").iterdir():
        with suppress(OSError):
            is_on_it = path.name.isdigit() and str(folder) in (path / "cmdline").read_text("utf-8", "replace")
            if is_on_it and (path / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                found.append(int(path.name))
    return found


def share_of_a_core(pid: int, seconds: float = 1.0) -> float:
    """Return the processor time that a process takes, as a share of a core."""
    before = _ticks(pid)
    sleep(seconds)
    return (_ticks(pid) - before) / TICKS / seconds


def _ticks(pid: int) -> int:
    fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
