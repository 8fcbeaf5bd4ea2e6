"""How busy a CUDA device is, as its driver says, where nvidia-ml-py is installed (the extra `gpu`)."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import torch

DRIVER = Path("/proc/driver/nvidia/version")  # what Linux itself knows of it


class Load(NamedTuple):
    """What a device is doing; None for what it does not measure."""

    utilization: int | None
    """Percent of the last second in which it computed."""

    used: int | None
    """Bytes of memory, those of other programs included."""

    total: int | None
    temperature: int | None
    """Degrees Celsius."""

    power: float | None
    """Watts."""

    def __str__(self) -> str:
        """`GPU  87 % 12.3/80 GB 65 °C 310 W`, without what is unknown."""
        return " ".join(
            [
                "GPU" if self.utilization is None else f"GPU {self.utilization:>3} %",
                *([] if self.used is None or not self.total else [f"{self.used / 1e9:.1f}/{self.total / 1e9:.0f} GB"]),
                *([] if self.temperature is None else [f"{self.temperature} °C"]),
                *([] if self.power is None else [f"{self.power:>3.0f} W"]),
            ]
        )


class Gpu:
    """A device, as its driver knows it."""

    def __init__(self, nvml: Any, handle: Any) -> None:  # noqa: ANN401 - a module without types
        self._nvml, self._handle = nvml, handle

    @classmethod
    def find(cls, device: torch.device) -> "Gpu | None":
        """Find a device of torch; None without nvidia-ml-py, without a driver, or if it does not know the device.

        The driver counts all devices of the machine, torch those that CUDA_VISIBLE_DEVICES leaves, fastest first: so the device
        is known by its identifier, or by its place on the bus.
        """
        nvml = load_nvml()
        if nvml is None or device.type != "cuda":
            return None
        known: Any = torch.cuda.get_device_properties(device)
        try:
            if (identifier := getattr(known, "uuid", None)) is not None:
                return cls(nvml, nvml.nvmlDeviceGetHandleByUUID(f"GPU-{identifier}"))
            place = f"{known.pci_domain_id:08x}:{known.pci_bus_id:02x}:{known.pci_device_id:02x}.0"
            return cls(nvml, nvml.nvmlDeviceGetHandleByPciBusId(place))
        except (nvml.NVMLError, AttributeError):  # a slice of a device has no such identifier; an old torch knows no place
            return None

    def load(self) -> Load:
        """Ask the driver."""
        memory = self._ask("nvmlDeviceGetMemoryInfo")
        power = self._ask("nvmlDeviceGetPowerUsage")  # mW
        return Load(
            getattr(self._ask("nvmlDeviceGetUtilizationRates"), "gpu", None),
            getattr(memory, "used", None),
            getattr(memory, "total", None),
            self._ask("nvmlDeviceGetTemperature", self._nvml.NVML_TEMPERATURE_GPU),
            None if power is None else power / 1000,
        )

    def _ask(self, function: str, *arguments: Any) -> Any:  # noqa: ANN401 - a module without types
        try:
            return getattr(self._nvml, function)(self._handle, *arguments)
        except self._nvml.NVMLError:
            return None


def driver_version() -> str | None:
    """Return the version of the driver, where it can be asked."""
    if (nvml := load_nvml()) is not None:
        return str(nvml.nvmlSystemGetDriverVersion())
    try:
        told = re.search(r"Kernel Module.*?\s(\d+\.[\d.]+)", DRIVER.read_text(encoding="utf-8"))
    except OSError:
        return None
    return told[1] if told else None


def load_nvml() -> Any:  # noqa: ANN401 - a module without types
    """Return the module that asks the driver, ready to; None where it or the driver is missing."""
    try:
        nvml = import_module("pynvml")
    except ImportError:
        return None
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return None
    return nvml
