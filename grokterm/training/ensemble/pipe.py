"""A group of members in another process, as its parent sees it.

Calls and answers are pickled plainly into its stdin and out of its stdout, which every system has.
"""

import pickle
import subprocess
import sys
import weakref
from contextlib import suppress
from typing import Any

from grokterm.errors import ProcessDiedError
from grokterm.training.signals import start_child


class WorkerProcess:
    """Starts at once, and answers calls in order; the process ends with the last reference to this object."""

    def __init__(self) -> None:
        self._process = start_child(
            [sys.executable, "-m", "grokterm.training.ensemble.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # the screen must stay clean; failures come through the pipe
        )
        self.end = weakref.finalize(self, _end, self._process)

    def ask(self, name: str, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - whatever the method takes
        """Call a method of the group; the first call makes the group."""
        assert self._process.stdin
        with suppress(OSError):  # it has ended, as the next answer says
            pickle.dump((name, arguments, options), self._process.stdin)
            self._process.stdin.flush()

    def answer(self) -> Any:  # noqa: ANN401 - whatever the method returns
        """Wait for the result of the oldest call; an exception is returned, not raised."""
        assert self._process.stdout
        try:
            return pickle.load(self._process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            code = self._process.wait()
            return ProcessDiedError(f"a process that trained members of the ensemble has died with exit code {code}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()  # it holds nothing worth waiting for
    with suppress(OSError):  # a call that it did not read
        process.communicate()
