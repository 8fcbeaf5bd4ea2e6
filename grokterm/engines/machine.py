"""What torch finds on this machine, for a report about it."""

import warnings
from contextlib import suppress
from typing import Any

import torch
from threadpoolctl import threadpool_info

from grokterm.engines.gpu import driver_version
from grokterm.engines.versions import library_versions


def describe_torch() -> dict[str, Any]:
    """Describe this build of torch, its matrix library, and the devices that it sees."""
    libraries = library_versions()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")  # a driver that is too old is told of in a warning
        has_cuda = torch.cuda.is_available()
        devices = [_device(index) for index in range(torch.cuda.device_count())] if has_cuda else []
    return {
        "version": torch.__version__,
        "built_for_cuda": torch.version.cuda,
        "matrix_library": libraries.pop("blas", None),
        "libraries": [f"{name} {version}" for name, version in libraries.items()],
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "thread_pools": [
            f"{pool['internal_api']} {pool['version'] or ''}: {pool['num_threads']} threads".replace(" :", ":")
            for pool in threadpool_info()
        ],
        "driver": driver_version(),
        "devices": devices,
        "mps": torch.backends.mps.is_available(),
        "warnings": [" ".join(str(one.message).split()) for one in warned],
    }


def _device(index: int) -> dict[str, Any]:
    known = torch.cuda.get_device_properties(index)
    found: dict[str, Any] = {
        "name": known.name,
        "compute_capability": f"{known.major}.{known.minor}",
        "memory": known.total_memory,
        "free_memory": None,
    }
    with suppress(RuntimeError):  # no memory left for a context, or another process has the device for itself
        found["free_memory"] = torch.cuda.mem_get_info(index)[0]
    return found
