"""How much memory a contestant takes at its peak, in a process that holds nothing else."""

import re
from pathlib import Path

import torch
from torch import nn

PROCESS = Path("/proc/self")


class MemoryWatch:
    """Counts bytes from where a process stands that has loaded what torch loads: its modules are nobody's memory.

    On a CUDA device torch's own count of what tensors took there; on a CPU what the process grew by, where Linux tells.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        _make_torch_load_everything()
        self._before: int | None = None
        try:
            (PROCESS / "clear_refs").write_text("5")  # the peak is counted from here
            self._before = _resident("VmRSS")
        except OSError:
            return  # not Linux

    def peak(self) -> int | None:
        """Return the bytes taken at the worst moment so far; None where nobody tells."""
        if self._device.type == "cuda":
            return torch.cuda.max_memory_allocated(self._device)
        if self._device.type != "cpu" or self._before is None:
            return None
        return _resident("VmHWM") - self._before


def resident_now() -> int:
    """Return the bytes that this process holds in memory, where Linux tells."""
    return _resident("VmRSS")


def _make_torch_load_everything() -> None:
    layer = nn.Linear(1, 1)
    optimizer = torch.optim.AdamW(layer.parameters())
    layer(torch.ones(1, 1)).sum().backward()
    optimizer.step()


def _resident(name: str) -> int:
    found = re.search(rf"^{name}:\s*(\d+) kB$", (PROCESS / "status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024
