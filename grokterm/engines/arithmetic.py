"""What the last bits of a result depend on beside the experiment: held still where that is possible, and recorded.

Numbers of threads are held still. Which instructions the libraries use is a matter of the processor, and of variables that they
read once, when they are loaded.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import CDLL
from functools import cache
from threading import Lock

import torch
from threadpoolctl import ThreadpoolController

from grokterm.models.products import LIBRARY

VARIABLES = (
    "ONEDNN_MAX_CPU_ISA",
    "DNNL_MAX_CPU_ISA",
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "DNNL_DEFAULT_FPMATH_MODE",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "MKL_DEBUG_CPU_TYPE",
    "GLIBC_TUNABLES",
    "NVIDIA_TF32_OVERRIDE",
    "CUBLAS_WORKSPACE_CONFIG",
)
"""Environment variables by which a library chooses other instructions, and of which it does not tell."""


@contextmanager
def steady_arithmetic() -> Iterator[None]:
    """In this context, matrix libraries work in the thread that calls them, and this thread takes subnormal numbers as zero.

    Weights that decay below 1e-38 would slow a step down ten times and more. All is as before afterwards.
    """
    was_flushing = _flushes_subnormals()
    torch.set_flush_denormal(True)
    try:
        with single_threaded_libraries():
            yield
    finally:
        torch.set_flush_denormal(was_flushing)


@contextmanager
def single_threaded_libraries() -> Iterator[None]:
    """In this context, matrix libraries work in the thread that calls them; their threads would round differently."""
    _libraries.enter()
    try:
        yield
    finally:
        _libraries.leave()


def arithmetic() -> dict[str, str]:
    """Describe what rounds here, by what a run records of it: two equal descriptions mean equal bits on a CPU."""
    openblas = (f"{one['version']} {one['architecture']}" for one in _found_openblas())
    return {
        "products": LIBRARY,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "openblas": ", ".join(openblas) or "none",
        "subnormals": "flushed" if torch.set_flush_denormal(_flushes_subnormals()) else "kept",
        **{name: os.environ[name] for name in VARIABLES if name in os.environ},
    }


def _flushes_subnormals() -> bool:
    """Tell whether this thread takes subnormal numbers as zero."""
    return sys.float_info.min / 2 == 0


class _Libraries:
    """The threads of matrix libraries, a setting of the whole process: the last thread that leaves restores it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._n_inside = 0

    def enter(self) -> None:
        with self._lock:
            if self._n_inside == 0:
                self._n_torch_threads = torch.get_num_threads()
                self._n_openblas_threads = [library.n_threads() for library in _openblas()]
                for library in _openblas():
                    library.set_threads(1)
            self._n_inside += 1
            torch.set_num_threads(1)  # in each thread, because OpenMP keeps it by thread

    def leave(self) -> None:
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0:
                for library, n_threads in zip(_openblas(), self._n_openblas_threads, strict=True):
                    library.set_threads(n_threads)
                torch.set_num_threads(self._n_torch_threads)


_libraries = _Libraries()


NAMES = [f"{prefix}openblas_{{}}_num_threads{suffix}" for prefix in ("scipy_", "") for suffix in ("64_", "")]


class _OpenBLAS:
    """A loaded OpenBLAS, numpy's or torch's own. threadpoolctl lets one thread alone set its threads, so this does."""

    def __init__(self, path: str) -> None:
        library = CDLL(path)
        name = next(name for name in NAMES if hasattr(library, name.format("set")))
        self.set_threads, self.n_threads = (getattr(library, name.format(verb)) for verb in ("set", "get"))


def _found_openblas() -> list[dict[str, str]]:
    return [one for one in ThreadpoolController().info() if one["internal_api"] == "openblas"]


@cache
def _openblas() -> list[_OpenBLAS]:
    return [_OpenBLAS(one["filepath"]) for one in _found_openblas()]
