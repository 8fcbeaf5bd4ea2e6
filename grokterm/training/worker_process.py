"""A process that works for this one, and answers what it is asked: members of an ensemble, of a sweep, contestants of a bench.

Requests and answers are pickled plainly into its stdin and out of its stdout, which every system has.
"""

import os
import pickle
import subprocess
import sys
import traceback
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

from grokterm.errors import GroktermError, PluginError, ProcessDiedError
from grokterm.plugins.loading import load_inherited
from grokterm.training.signals import start_child


class WorkerProcess:
    """Starts at once, and answers in order; the process ends with the last reference to this object."""

    def __init__(
        self,
        purpose: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        stderr: int | IO[bytes] | None = subprocess.DEVNULL,  # the screen must stay clean; failures come as answers
    ) -> None:
        self._purpose = purpose  # what it did, once it has died
        self._process = start_child(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
        self.end = weakref.finalize(self, _end, self._process)

    @property
    def pid(self) -> int:
        """The number of the process."""
        return int(self._process.pid)

    def fileno(self) -> int:
        """Where answers come, for a selector."""
        assert self._process.stdout
        return int(self._process.stdout.fileno())

    def ask(self, request: Any) -> None:  # noqa: ANN401 - whatever it understands
        """Ask for something, without waiting."""
        assert self._process.stdin
        with suppress(OSError, ValueError):  # it has ended, as the next answer says, or was told that there is nothing more
            pickle.dump(request, self._process.stdin)
            self._process.stdin.flush()

    def answer(self) -> Any:  # noqa: ANN401 - whatever it answers
        """Wait for the oldest answer; an exception is returned, not raised."""
        assert self._process.stdout
        try:
            return pickle.load(self._process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            return ProcessDiedError(f"a process that {self._purpose} has died with exit code {self._process.wait()}")

    def ask_no_more(self) -> None:
        """Let it end once it has answered."""
        assert self._process.stdin
        with suppress(OSError):
            self._process.stdin.close()

    def kill(self) -> None:
        """End it now, also from another thread: who waits for an answer learns that it has died."""
        self._process.kill()

    def has_ended(self, seconds: float) -> bool:
        """Wait for its end, at most this long."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()  # it holds nothing worth waiting for
    for stream in (process.stdin, process.stdout):
        assert stream
        with suppress(OSError):  # a request that it did not read
            stream.close()
    process.wait()


def answers() -> IO[bytes]:
    """Return where this process answers; what a library prints goes to standard error, and is no answer."""
    stream = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return stream


def requests() -> Iterator[Any]:
    """Read what the parent asks for, until it asks no more or is gone."""
    while True:
        try:
            yield pickle.load(sys.stdin.buffer)
        except (EOFError, OSError, pickle.UnpicklingError):
            return


def answer_to(request: Any, reply: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - whatever it understands
    """Return the reply; an error that the user can fix is an answer, and so is a bug, as a traceback."""
    try:
        return reply(request)
    except GroktermError as error:
        return error
    except Exception:  # noqa: BLE001 - a bug is a traceback, in the process that people see
        return RuntimeError(traceback.format_exc())


def serve(asked: Iterator[Any], reply: Callable[[Any], Any]) -> None:
    """Answer each request."""
    stream = answers()
    try:
        load_inherited()
    except PluginError as error:
        pickle.dump(error, stream)
        stream.flush()
        return
    for request in asked:
        answer = answer_to(request, reply)
        try:
            pickle.dump(answer, stream)
            stream.flush()
        except OSError:
            return  # the parent is gone
