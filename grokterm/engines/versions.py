"""The versions of what computes, beside the packages: libraries inside torch, a device's driver, and the code of grokterm."""

import os
import re
import subprocess
from functools import cache
from pathlib import Path

import torch

from grokterm.engines.gpu import driver_version

WITHIN_TORCH = {
    "mkl": r"Math Kernel Library Version (\S+)",
    "onednn": r"MKL-DNN v(\S+)",
    "blas": r"BLAS_INFO=(\w+)",
}
"""Where the description of a build of torch names a library."""

CHECKOUT = Path(__file__).parents[2]
SECONDS = 2  # until git is no longer waited for, as on a network disk


def library_versions(device: torch.device | None = None) -> dict[str, str]:
    """Name the libraries that torch was built with; on a CUDA device also its own, and the driver's, where it can be asked."""
    described = torch.__config__.show()
    found = {name: match[1] for name, pattern in WITHIN_TORCH.items() if (match := re.search(pattern, described))}
    if "CS_GNU_LIBC_VERSION" in getattr(os, "confstr_names", {}):
        found["libc"] = os.confstr("CS_GNU_LIBC_VERSION") or ""
    if torch.version.cuda is not None:
        found["cuda"] = torch.version.cuda
    if device is not None and device.type == "cuda":
        cudnn = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]  # torch gives it no types
        found |= {"cudnn": str(cudnn), "driver": driver_version() or "unknown"}
    return found


@cache
def commit() -> str:
    """Return the commit of a checkout that grokterm runs from, with "-dirty" if files of it are changed; else nothing.

    A process of git tells in ten milliseconds. An installed package has no `.git`, and starts none.
    """
    if not (CHECKOUT / ".git").exists():
        return ""
    asked = ("git", "--no-optional-locks", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    try:
        told = subprocess.run(asked, cwd=CHECKOUT, capture_output=True, check=True, text=True, timeout=SECONDS)
    except (OSError, subprocess.SubprocessError):
        return ""
    return told.stdout.strip()
