"""The process that compiles a gradient, seen from the training that waits for it."""

import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any

import torch

from grokterm.training.compiling import Order

COMMAND = (sys.executable, "-m", "grokterm.training.compiling")

CALM = {"TORCHINDUCTOR_COMPILE_THREADS": "1"}
"""One that compiles alone leaves no processes behind, and the other cores to the training."""

ERROR = re.compile(r"^(?:[a-zA-Z_]\w*\.)*[A-Z]\w*: .+", re.MULTILINE)
"""The line of a traceback that says what was wrong; advice may follow it."""


class Compiler:
    """Compiles one order, and ends with the last reference to this object; what it writes goes with it too."""

    def __init__(self, order: Order) -> None:
        self.n_rows = len(order.equations)
        self._folder = tempfile.mkdtemp(prefix="grokterm-compiled-")
        self._package = str(Path(self._folder) / "gradient.pt2")
        errors = (Path(self._folder) / "errors").open("w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,  # a screen may be there
            env=os.environ | CALM,
            start_new_session=True,  # Ctrl+C is for the process that saves
        )
        self._outcome: SimpleQueue[str] = SimpleQueue()
        self.end = weakref.finalize(self, _end, self._process, self._folder)
        words = pickle.dumps(order._replace(package=self._package))
        waiting = (self._process, words, errors, self._package, self._outcome)
        threading.Thread(target=_attend, args=waiting, daemon=True).start()

    def outcome(self) -> str | None:
        """Return None as long as it compiles, then why it failed, or nothing if it did not."""
        try:
            return self._outcome.get_nowait()
        except Empty:
            return None

    def load(self) -> Any:  # noqa: ANN401 - whatever torch makes of it
        """Load what was compiled; it works for one thread at a time."""
        return torch._inductor.aoti_load_package(self._package)


def _attend(process: subprocess.Popen[bytes], words: bytes, errors: IO[str], package: str, outcome: "SimpleQueue[str]") -> None:
    """Hand the order over and wait; the input stays open, because the process would end with it."""
    assert process.stdin is not None
    with suppress(OSError):  # it has ended, as its code will say
        process.stdin.write(words)
        process.stdin.flush()
    code = process.wait()
    with errors:
        errors.seek(0)
        said = ERROR.findall(errors.read())
    if code == 0:
        try:
            torch._inductor.aoti_load_package(package)  # the first time takes seconds, and here nobody waits for it
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the training goes on without it
            outcome.put(f"what was compiled cannot be loaded ({type(error).__name__})")
        else:
            outcome.put("")
    elif code < 0:
        outcome.put(f"the compiler crashed ({signal.Signals(-code).name})")
    else:
        outcome.put(said[-1] if said else f"the compiler ended with exit code {code}")


def _end(process: subprocess.Popen[bytes], folder: str) -> None:
    assert process.stdin is not None
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    with suppress(OSError):
        process.stdin.close()
    shutil.rmtree(folder, ignore_errors=True)
