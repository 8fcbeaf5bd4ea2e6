"""What a reader must not do: take long, take much memory, run code, or write elsewhere than it may."""

import os
import signal
import sys
import sysconfig
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import process_time
from typing import Any

SECONDS = 1.0  # of the processor, for one input
MOST_TIMES = 10  # the size of the input, in memory
LEAST_BYTES = 8 * 2**20  # which any input may take: caches, buffers, messages

RUNNING = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "pickle.find_class"}
WRITING = {
    "os.remove",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.truncate",
    "os.chmod",
    "os.link",
    "os.symlink",
    "shutil.rmtree",
}

OWN_CODE = (*sysconfig.get_paths().values(), sys.base_prefix, str(Path(__file__).parents[2]))


class MisbehaviorError(BaseException):
    """A reader has done what it must not; no reader catches it."""


class Watch:
    """Watches this process, from its first use on: an audit hook cannot be taken back."""

    def __init__(self) -> None:
        self._folder = ""
        self._seen = ""
        self.seconds = 0.0
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._folder or self._seen:
            return
        if event == "open":
            path, mode, flags = arguments
            writes = bool(set(mode) & set("wax+")) if isinstance(mode, str) else bool(flags & (os.O_WRONLY | os.O_RDWR))
            if writes and not isinstance(path, int):
                self._refuse_outside(event, path)
        elif event in WRITING or event == "sqlite3.connect":
            self._refuse_outside(event, arguments[0])
        elif event in RUNNING or (event == "exec" and not arguments[0].co_filename.startswith((*OWN_CODE, "<frozen"))):
            self._seen = f"{event} {arguments[0]!r:.80}"

    def _refuse_outside(self, event: str, path: object) -> None:
        text = os.path.realpath(os.fsdecode(path))  # type: ignore[arg-type] # a path, of whichever kind
        if not text.startswith((self._folder, "/dev/null")) and not text.endswith(".pyc"):
            self._seen = f"{event} {text}"

    @contextmanager
    def watched(self, folder: Path, n_bytes: int, *, measures_memory: bool) -> Iterator[None]:
        """Watch a reader of a file of so many bytes, which may write below a folder.

        Raises:
            MisbehaviorError: which says what it did.
        """
        before = signal.signal(signal.SIGPROF, _hung)
        if measures_memory:
            tracemalloc.start()
        self._folder, self._seen, begun = str(folder.resolve()), "", process_time()
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            self.seconds, self._folder = process_time() - begun, ""
            peak = tracemalloc.get_traced_memory()[1] if measures_memory else 0
            if measures_memory:
                tracemalloc.stop()
            signal.signal(signal.SIGPROF, before)
        if self._seen:
            raise MisbehaviorError(self._seen)
        if peak > LEAST_BYTES + MOST_TIMES * n_bytes:
            raise MisbehaviorError(f"{peak / 2**20:.0f} MB of memory for {n_bytes:,} bytes")


def _hung(*_: object) -> None:
    raise MisbehaviorError(f"longer than {SECONDS:g} s")
