"""A training of another process of this user, on this host: watched and controlled over its socket."""

import os
import socket
import struct
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, BinaryIO

from pydantic import ValidationError

from grokterm.errors import GroktermError, UnreachableError
from grokterm.experiment.recording.records import Refused
from grokterm.runs.store import Run
from grokterm.session.commands import Analyze, Command
from grokterm.session.remote.address import find_address, is_own
from grokterm.session.remote.heard import Heard
from grokterm.session.remote.messages import HELLO, LONGEST_LINE, Alive, Hello, Server, line
from grokterm.session.state import fold

if TYPE_CHECKING:
    from grokterm.inspection.analysis import NetworkAnalysis

ANSWER_SECONDS = 5.0  # within which a process says who it is
SEND_SECONDS = 1  # within which a command is taken


def ask(address: Path) -> Server:
    """Ask the process behind a socket who it is, and which run it trains.

    Raises:
        UnreachableError: if it does not answer, or speaks another protocol.
    """
    connection, stream, server = _connect(address)
    stream.close()
    connection.close()
    return server


class AttachedTraining(Thread):
    """Shows and controls a run that another process trains, which goes on when this one leaves.

    It is connected as soon as it exists. When the training process ends, the last state and picture stay.

    Raises:
        UnreachableError: if no process of this user trains the run on this host, or one with another protocol.
    """

    def __init__(self, run: Run, address: Path | None = None) -> None:
        super().__init__(name="attached", daemon=True)
        found = find_address(run.path) if address is None else address
        if found is None:
            raise UnreachableError(f"run {run.name} is not being trained on this host by this user")
        self._connection, self._stream, self.server = _connect(found)
        self._heard = Heard(run, self._stream)
        self.state = self._heard.state
        self.analysis: NetworkAnalysis | None = None
        self.saved_run = run
        self.failure = ""
        self.bug: BaseException | None = None
        self.is_elsewhere = True
        self._has_left = False
        self.epitaph = ""  # why nothing more comes
        self.has_died = False  # the training process, without a word
        self._sending = Lock()

    @property
    def run_name(self) -> str:
        """The name of the run directory."""
        return self.saved_run.name

    @property
    def is_over(self) -> bool:
        """It takes no more commands."""
        return self.ident is not None and not self.is_alive()

    def send(self, command: Command) -> None:
        """Send a command to the process that trains; refused once that has gone."""
        if self.epitaph:
            if not isinstance(command, Analyze):  # the last picture came without being asked for
                self.state = fold(self.state, [Refused(step=self.state.step, message=self.epitaph)])
            return
        with self._sending, suppress(OSError):  # it has gone, as the thread will find
            self._connection.sendall(line(command))

    def say_alive(self) -> None:
        """Say that the screen still answers, without which a hold of it ends after some seconds."""
        with self._sending, suppress(OSError):
            self._connection.sendall(line(Alive()))

    def leave(self, seconds: float) -> bool:
        """Disconnect."""
        self._has_left = True
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        if self.ident is None:  # nothing was read, and nothing closes it
            self._stream.close()
            self._connection.close()
        elif self.is_alive():
            self.join(seconds)
        return not self.is_alive()

    def run(self) -> None:
        """Follow the training until it ends, or `leave`."""
        problem = ""
        try:
            while self._heard.take():
                self.state, self.analysis = self._heard.state, self._heard.analysis
        except OSError:
            pass
        except GroktermError as error:
            problem = str(error)
        except ValueError:
            problem = f"process {self.server.pid} says what this version cannot read: attach with {_version(self.server)}"
        except BaseException as error:  # noqa: BLE001 - handed to the screen, which raises it
            self.bug = error
        finally:
            self._stream.close()
            self._connection.close()
            if not self._has_left:
                self._end(problem)

    def _end(self, problem: str) -> None:
        """Keep the last state, and say why it is the last; without one, fail."""
        pid, step = self.server.pid, self.state.step
        self.has_died = self._heard.has_state and self.state.phase != "ended"
        died = f"could not save step {step:,}, and has ended" if self.state.unsaved else f"has died at step {step:,}"
        ended = died if self.has_died else "has ended"
        self.epitaph = problem or f"process {pid}, which trained it, {ended}: what it saved is open"
        if not self._heard.has_state:
            self.failure, self.state = self.epitaph, replace(self.state, phase="failed")
        elif self.has_died:
            self.state = replace(self.state, phase="ended", ended="interrupted", is_held=False)


def _connect(address: Path) -> tuple[socket.socket, BinaryIO, Server]:
    """Connect to a socket and exchange first lines."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        return connection, *_greet(connection, address)
    except OSError as error:
        connection.close()
        raise UnreachableError(f"no training answers at {address}: {error.strerror or 'it is busy, or stopped'}") from None
    except UnreachableError:
        connection.close()
        raise


def _greet(connection: socket.socket, address: Path) -> tuple[BinaryIO, Server]:
    connection.settimeout(ANSWER_SECONDS)
    connection.connect(os.fspath(address))
    if not is_own(connection):
        raise UnreachableError(f"{address} is served by another user")
    connection.sendall(line(HELLO))
    stream = connection.makefile("rb")
    try:
        server = _server_of(stream.readline(LONGEST_LINE), address)
    except BaseException:
        stream.close()
        raise
    connection.settimeout(None)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_SECONDS, 0))
    return stream, server


def _server_of(text: bytes, address: Path) -> Server:
    """Read who a process says that it is."""
    try:
        hello = Hello.model_validate_json(text)
        if hello.protocol == HELLO.protocol:
            return Server.model_validate_json(text)
    except ValidationError:
        raise UnreachableError(f"what answers at {address} is no training: {text[:60]!r}") from None
    raise UnreachableError(
        f"it is trained by {_version(hello)}, and this is {_version(HELLO)}: attach with that version, or end the training"
        " and resume it with this one"
    )


def _version(hello: Hello) -> str:
    return f"grokterm {hello.grokterm} (protocol {hello.protocol})"
