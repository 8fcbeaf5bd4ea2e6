"""How busy a CUDA device is, with a driver that is made up."""

import sys
from types import ModuleType, SimpleNamespace
from uuid import UUID

import pytest
import torch

from grokterm.engines.gpu import Gpu, Load, driver_version

CUDA, IDENTIFIER = torch.device("cuda", 0), UUID("6fa0c7e2-0000-4000-8000-000000000001")


class Driver(ModuleType):
    """Knows one device, the second of the machine, and measures no power."""

    NVML_TEMPERATURE_GPU = 0

    class NVMLError(Exception):
        """What the driver cannot do."""

    def nvmlInit(self) -> None:  # noqa: N802 - its own name
        return None

    def nvmlSystemGetDriverVersion(self) -> str:  # noqa: N802
        return "580.1"

    def nvmlDeviceGetHandleByUUID(self, identifier: str) -> str:  # noqa: N802
        return self._find(identifier, f"GPU-{IDENTIFIER}")

    def nvmlDeviceGetHandleByPciBusId(self, place: str) -> str:  # noqa: N802
        return self._find(place, "00000000:c1:00.0")

    def _find(self, asked: str, known: str) -> str:
        if asked != known:
            raise self.NVMLError
        return "second"

    def nvmlDeviceGetUtilizationRates(self, handle: str) -> SimpleNamespace:  # noqa: N802
        assert handle == "second"
        return SimpleNamespace(gpu=87)

    def nvmlDeviceGetMemoryInfo(self, _: str) -> SimpleNamespace:  # noqa: N802
        return SimpleNamespace(used=12_340_000_000, total=80_000_000_000)

    def nvmlDeviceGetTemperature(self, _: str, sensor: int) -> int:  # noqa: N802
        return 65 + sensor

    def nvmlDeviceGetPowerUsage(self, _: str) -> int:  # noqa: N802
        raise self.NVMLError


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    monkeypatch.setitem(sys.modules, "pynvml", driver := Driver("pynvml"))
    return driver


@pytest.mark.parametrize(
    "known",
    [
        SimpleNamespace(uuid=IDENTIFIER),
        SimpleNamespace(pci_domain_id=0, pci_bus_id=0xC1, pci_device_id=0),
    ],
    ids=["by identifier", "by place"],
)
def test_the_device_of_a_run_is_found_among_all_of_the_machine(
    known: SimpleNamespace, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: known)
    gpu = Gpu.find(CUDA)
    assert gpu is not None
    assert gpu.load() == Load(87, 12_340_000_000, 80_000_000_000, 65, None)
    assert driver_version() == driver.nvmlSystemGetDriverVersion()


def test_an_unknown_device_and_a_missing_driver_are_passed_over(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(uuid="MIG-1"))
    assert Gpu.find(CUDA) is None
    assert Gpu.find(torch.device("cpu")) is None

    def fail() -> None:
        raise driver.NVMLError

    monkeypatch.setattr(driver, "nvmlInit", fail)
    assert driver_version() is None
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert Gpu.find(CUDA) is None


def test_what_is_unknown_is_not_said() -> None:
    assert str(Load(87, 12_340_000_000, 80_000_000_000, 65, 309.6)) == "GPU  87 % 12.3/80 GB 65 °C 310 W"
    assert str(Load(None, None, None, 65, None)) == "GPU 65 °C"
