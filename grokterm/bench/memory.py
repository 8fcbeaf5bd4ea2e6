"""Peak memory of a contestant, measured in its own process."""

import re
from pathlib import Path

import torch
from torch import nn

PROCESS = Path("/proc/self")


class PeakMemory:
    """Peak memory since the construction of this object, without what torch loads itself.

    On a CUDA device the peak of allocated tensors; on a CPU the growth of the process, on Linux only.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        layer = nn.Linear(1, 1)  # one step, so that torch imports what it imports lazily
        optimizer = torch.optim.AdamW(layer.parameters())
        layer(torch.ones(1, 1)).sum().backward()
        optimizer.step()
        self._before: int | None = None
        try:
            (PROCESS / "clear_refs").write_text("5")  # resets VmHWM, the peak
            self._before = resident("VmRSS")
        except OSError:
            return  # not Linux

    def peak(self) -> int | None:
        """Return the peak so far in bytes; None if unknown."""
        if self._device.type == "cuda":
            return torch.cuda.max_memory_allocated(self._device)
        if self._device.type != "cpu" or self._before is None:
            return None
        return resident("VmHWM") - self._before


def resident(name: str) -> int:
    """Return the resident memory of this process in bytes, now (VmRSS) or at its peak (VmHWM); Linux only."""
    found = re.search(rf"^{name}:\s*(\d+) kB$", (PROCESS / "status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024
