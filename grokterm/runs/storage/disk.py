"""What a folder of runs lies on: room, speed, and whether files can be locked there."""

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from grokterm.errors import StorageError
from grokterm.runs.lock import RunLock

MOUNTS = Path("/proc/self/mounts")
NETWORK = ("nfs", "cifs", "smb", "lustre", "gpfs", "beegfs", "ceph", "glusterfs", "fuse.sshfs", "9p", "afs")
TRIED_BYTES = 4_000_000  # about a checkpoint


def describe_folder(folder: Path) -> dict[str, Any]:
    """Describe the folder, or the nearest one above it that exists; what cannot be found out is None."""
    existing = next(one for one in (folder, *folder.resolve().parents) if os.path.exists(one))  # noqa: PTH110 - never raises
    found: dict[str, Any] = {"exists": folder.is_dir(), "free_bytes": None, "write_bytes_per_second": None, "locks": None}
    found |= {"problem": "", "filesystem": filesystem(existing)}
    found["is_network"] = (found["filesystem"] or "").startswith(NETWORK)
    if not existing.is_dir():
        return found | {"problem": f"{existing} is a file, not a folder"}
    try:
        found["free_bytes"] = shutil.disk_usage(existing).free
        with TemporaryDirectory(dir=existing, prefix=".doctor-") as tried:
            started = perf_counter()
            with (Path(tried) / "tried").open("wb") as file:
                file.write(bytes(TRIED_BYTES))
                file.flush()
                os.fsync(file.fileno())
            found["write_bytes_per_second"] = round(TRIED_BYTES / (perf_counter() - started))
            lock = RunLock(Path(tried))
            lock.take()
            lock.give_back()
            found["locks"] = True
    except StorageError as error:
        found["locks"], found["problem"] = False, str(error).partition(": ")[2]
    except OSError as error:
        found["problem"] = str(error.strerror)
    return found


def filesystem(folder: Path, mounts: Path = MOUNTS) -> str | None:
    """Return the kind of file system, where the system says it."""
    try:
        lines = [line.split() for line in mounts.read_text("utf-8").splitlines()]
    except OSError:
        return None
    path = folder.resolve()
    around = [(len(point), kind) for _, point, kind, *_ in lines if path.is_relative_to(point.replace("\\040", " "))]
    return max(around, default=(0, None))[1]
