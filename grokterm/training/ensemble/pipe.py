"""A group of members in another process, as its parent sees it.

What passes is pickled plainly: the pipe's own way of sending tensors shares memory, which takes processes that are related.
"""

import pickle
import subprocess
import sys
import weakref
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from grokterm.errors import ProcessDiedError


class WorkerProcess:
    """Starts at once, and answers calls in order; the process ends with the last reference to this object."""

    def __init__(self) -> None:
        self._pipe, theirs = Pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "grokterm.training.ensemble.worker", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # the screen must stay clean; failures come through the pipe
            start_new_session=True,  # Ctrl+C goes to the parent, which saves
        )
        theirs.close()
        self.end = weakref.finalize(self, _end, self._pipe, self._process)

    def ask(self, name: str, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - whatever the method takes
        """Call a method of the group; the first call makes the group."""
        with suppress(OSError):  # it has ended, as the next answer says
            self._pipe.send_bytes(pickle.dumps((name, arguments, options)))

    def answer(self) -> Any:  # noqa: ANN401 - whatever the method returns
        """Wait for the result of the oldest call; an exception is returned, not raised."""
        try:
            return pickle.loads(self._pipe.recv_bytes())
        except (EOFError, OSError):
            code = self._process.wait()
            return ProcessDiedError(f"a process that trained members of the ensemble has died with exit code {code}")


def _end(pipe: Connection, process: subprocess.Popen[bytes]) -> None:
    pipe.close()
    process.kill()  # it holds nothing worth waiting for
    process.wait()
