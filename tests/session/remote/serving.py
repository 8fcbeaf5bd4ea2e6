"""A session that is served, driven in the test's own thread; and what connects to it."""

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

from grokterm.experiment.recording.records import Record
from grokterm.session.commands import Command
from grokterm.session.remote.address import find_address
from grokterm.session.remote.messages import HELLO, line
from grokterm.session.remote.server import TrainingServer
from grokterm.session.remote.viewer import AttachedTraining
from grokterm.session.state import LabState, fold
from tests.session.driving import Driver

SECONDS = 60.0
"""How long to wait for what comes at once."""


def until(condition: Callable[[], object], what: str) -> None:
    """Wait for a condition, but not for ever."""
    pause = Event()
    for _ in range(int(SECONDS / 0.005)):
        if condition():
            return
        pause.wait(0.005)
    raise AssertionError(f"it never came: {what}")


class Served:
    """A session whose every report is published."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.session = driver.session
        self.state = fold(LabState(driver.trainer.experiment), driver.heard)
        self.server = TrainingServer(driver.session, self.state)
        assert self.server.open() == ""
        address = find_address(driver.session.run.path)
        assert address is not None
        self.address: Path = address

    def publish(self, records: list[Record]) -> None:
        """Publish what has happened."""
        self.state = fold(self.state, records)
        self.server.publish(records, self.state)

    def tell(self, command: Command) -> None:
        """Give a command of this process."""
        self.publish(self.driver.tell(command))

    def obey(self, n_commands: int = 1) -> None:
        """Wait for commands of viewers, and carry them out."""
        for _ in range(n_commands):
            until(lambda: self.session.n_commands, "a command")
            self.publish(self.driver.listen())

    def attach(self) -> AttachedTraining:
        """Attach as a screen does, and wait for the state."""
        viewer = AttachedTraining(self.session.run)
        viewer.start()
        until(lambda: viewer.state.phase != "loading", "the state")
        return viewer

    def close(self) -> None:
        """Stop serving."""
        self.server.__exit__()


class Wire:
    """A connection without a viewer behind it, that says what it likes."""

    def __init__(self, address: Path, *first: bytes) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(SECONDS)
        self.socket.connect(os.fspath(address))
        self._stream = self.socket.makefile("rb")
        self.say(*(first or (line(HELLO),)))

    def say(self, *content: bytes) -> None:
        """Send bytes."""
        for one in content:
            self.socket.sendall(one)

    def hear(self) -> dict[str, Any]:
        """Read a message, and skip the bytes after it; empty at the end."""
        said: dict[str, Any] = json.loads(self._stream.readline() or b"{}")
        self._stream.read(said.get("n_bytes", 0))
        return said

    def hear_all(self) -> list[dict[str, Any]]:
        """Read until the other side hangs up."""
        return list(iter(self.hear, {}))

    def close(self) -> None:
        """Hang up."""
        self._stream.close()
        self.socket.close()
