"""The processor of this machine, and how much of it this process may use."""

import os
import platform
import re
from functools import cache
from math import ceil
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
SETS = ("sse4_2", "avx", "fma", "avx2", "avx512", "avx_vnni", "amx", "neon", "asimd", "sve", "bf16", "i8mm")
"""Beginnings of the names of instructions that matrix libraries choose by."""

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


def processor() -> str:
    """Return the model of the processor."""
    model = re.search(r"^model name\s*:\s*(.+)$", _read(CPUINFO), re.MULTILINE)
    return model[1].strip() if model else platform.processor() or platform.machine()


def instruction_sets() -> list[str]:
    """List the instruction sets that numbers depend on, as Linux names them; elsewhere none."""
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", _read(CPUINFO), re.MULTILINE)
    return sorted(one for one in (flags[1].split() if flags else ()) if one.startswith(SETS))


@cache
def vendor() -> str:
    """Return amd, intel or arm; empty for any other."""
    if platform.machine().lower() in ("aarch64", "arm64"):
        return "arm"
    said = _read(CPUINFO) or platform.processor()  # the latter on Windows; on Linux it starts a process
    return "amd" if "AuthenticAMD" in said else "intel" if "GenuineIntel" in said else ""


def available_cores() -> int:
    """Count the cores that this process may use: by its affinity, the quota of its container, and OMP_NUM_THREADS as a wish."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wish = re.match(r"\s*([1-9]\d*)", os.environ.get("OMP_NUM_THREADS", ""))
    limits = [affinity, *([int(wish[1])] if wish else []), *map(ceil, _quotas())]
    return max(1, min(limits))


def _quotas() -> list[float]:
    """List the cores that this process's control groups allow, theirs and those they lie in (docker --cpus, Slurm)."""
    found = []
    for line in _read(OWN_CGROUP).splitlines():
        _, controllers, path = line.split(":", 2)
        version_1 = "cpu" in controllers.split(",")
        if not version_1 and controllers:
            continue
        root = CGROUPS / controllers if version_1 else CGROUPS
        own = root / path.lstrip("/")
        for group in [own, *own.parents]:
            limit = _quota_of(group, version_1=version_1)
            found += [limit] if limit else []
            if group == root:
                break
    return found


def _quota_of(group: Path, *, version_1: bool) -> float | None:
    if version_1:
        quota, period = _read(group / "cpu.cfs_quota_us").strip(), _read(group / "cpu.cfs_period_us").strip()
    else:
        quota, _, period = _read(group / "cpu.max").strip().partition(" ")
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""  # another system, or no such limit
