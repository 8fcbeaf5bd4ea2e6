"""The process that trains a run: whether it still lives."""

import os
import platform
import sys
from pathlib import Path
from typing import Literal

from grokterm.experiment.recording.owner import Owner

PROC = Path("/proc")

Life = Literal["alive", "dead", "unknown"]


def this_process() -> Owner:
    """Describe this process; what the system does not tell is None."""
    return Owner(
        pid=os.getpid(),
        host=platform.node(),
        namespace=_link(PROC / "self" / "ns" / "pid"),
        boot=_text(PROC / "sys" / "kernel" / "random" / "boot_id"),
        start=_start(os.getpid()),
    )


def life(owner: Owner) -> Life:
    """Tell whether a process lives; unknown on another host, or where the system does not say."""
    here = this_process()
    if (owner.host, owner.namespace) != (here.host, here.namespace):
        return "unknown"
    if owner.boot != here.boot:
        return "dead"
    if sys.platform == "win32":  # where os.kill(pid, 0) would not ask, but interrupt
        return "alive" if owner.pid == here.pid else "unknown"
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return "dead"
    except PermissionError:
        pass  # it is another user's
    start = _start(owner.pid)
    return "alive" if start is None or start == owner.start else "dead"


def _start(pid: int) -> int | None:
    """Return when a process was started, in clock ticks after boot; -1 if it has ended, and its parent has not noticed yet."""
    fields = (_text(PROC / str(pid) / "stat") or "").rpartition(")")[2].split()  # after the name, which may contain anything
    if not fields:
        return None
    return -1 if fields[0] in "ZX" else int(fields[19])


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:  # not Linux, or hidden
        return None


def _link(path: Path) -> str | None:
    try:
        return str(path.readlink())
    except OSError:
        return None
