"""How numpy's matrix library is to work.

It reads this once, when numpy is loaded; so nothing is imported here that would load it.
"""

import os
from collections.abc import Mapping
from pathlib import Path

THREADS = "OPENBLAS_NUM_THREADS"
KERNELS = "OPENBLAS_CORETYPE"

PROCESSOR = Path("/proc/cpuinfo")


def settle() -> None:
    """Choose for this process and those it starts, unless the user has chosen."""
    for name, value in choices().items():
        os.environ.setdefault(name, value)


def choices() -> dict[str, str]:
    """Return what suits a process whose threads work on products of their own.

    Threads of the library wait for each other by spinning, which the training beside them pays for. And to AMD's processors
    OpenBLAS 0.3.31 gives kernels for half of the vector width that those with AVX-512 have.
    """
    wide = {KERNELS: "SkylakeX"} if _is_amd_with_avx512() else {}
    return {THREADS: "1"} | wide


def unsettled(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without these choices, for a process that is to have the library as it comes."""
    return {name: value for name, value in environment.items() if name not in choices()}


def _is_amd_with_avx512() -> bool:
    try:
        with PROCESSOR.open(encoding="utf-8") as lines:
            first = dict(line.split(":", 1) for line in iter(lines.readline, "\n") if ":" in line)
    except OSError:
        return False  # not Linux
    said = {name.strip(): value.split() for name, value in first.items()}
    return "AuthenticAMD" in said.get("vendor_id", []) and {"avx512f", "avx512dq", "avx512bw", "avx512vl"} <= set(
        said.get("flags", [])
    )
