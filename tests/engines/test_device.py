from threading import Thread

import pytest
import torch

from grokterm.engines import device
from grokterm.errors import ConfigError, DeviceLostError, GroktermError, OutOfMemoryError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from tests.training.outcome import changed, finish, started

with_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
without_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a CUDA device")


def test_the_cpu_is_always_there() -> None:
    assert device.find_device("cpu") == torch.device("cpu")
    assert device.describe(torch.device("cpu")) == "cpu"


@pytest.mark.parametrize(("name", "dtype"), [("cpu", torch.float64), ("cuda", torch.float64), ("mps", torch.float32)])
def test_shares_are_divided_in_double_where_the_device_has_it(name: str, dtype: torch.dtype) -> None:
    assert device.exact_dtype(torch.device(name)) == dtype


@without_cuda
def test_auto_is_the_cpu_where_there_is_no_other_device() -> None:
    assert device.find_device("auto") == torch.device("cpu")


@without_cuda
def test_auto_is_never_a_metal_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert device.find_device("auto") == torch.device("cpu")
    assert device.find_device("mps") == torch.device("mps")


@without_cuda
@pytest.mark.parametrize("name", ["cuda", "cuda:1"])
def test_a_missing_cuda_device_is_refused(tiny: Experiment, name: str) -> None:
    with pytest.raises(ConfigError) as refused:
        started(changed(tiny, f"device={name}"))
    assert str(refused.value) == f"device {name}: this machine has no CUDA device: choose cpu or auto"


@pytest.mark.parametrize(("count", "devices"), [(1, "1 CUDA device"), (2, "2 CUDA devices")])
def test_a_cuda_device_beyond_those_there_are_is_refused(count: int, devices: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    assert device.find_device(f"cuda:{count - 1}") == torch.device("cuda", count - 1)
    with pytest.raises(ConfigError) as refused:
        device.find_device(f"cuda:{count}")
    assert str(refused.value) == f"device cuda:{count}: this machine has {devices}: choose cpu or auto"


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="needs a machine without a Metal device")
def test_a_missing_metal_device_is_refused() -> None:
    with pytest.raises(ConfigError, match="device mps: this machine has no Metal device: choose cpu or auto"):
        device.find_device("mps")


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("CUDA error: unspecified launch failure\nCUDA kernel errors might be reported later", DeviceLostError),
        ("CUDA error: device-side assert triggered", DeviceLostError),
        ("CUDA error: out of memory", OutOfMemoryError),
        ("CUDA error: invalid configuration argument", RuntimeError),
        ("CUDA error: operation not permitted when stream is capturing", RuntimeError),
        ("CUDA error: CUBLAS_STATUS_INVALID_VALUE when calling `cublasSgemm(...)`", RuntimeError),
        ("mat1 and mat2 shapes cannot be multiplied", RuntimeError),
    ],
)
def test_a_device_is_lost_by_what_it_cannot_do_any_more_and_not_by_a_bug(words: str, kind: type[Exception]) -> None:
    with pytest.raises((RuntimeError, GroktermError)) as raised, device.minding_the_device():
        raise RuntimeError(words)
    assert type(raised.value) is kind


def test_a_larger_step_gets_more_threads_and_never_more_than_there_are_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "available_cores", lambda: 64)
    sizes = [(640, 14_400), (4704, 145_500), (100_000, 1_000_000)]
    assert [device.choose_threads(*size) for size in sizes] == [1, 4, 16]
    monkeypatch.setattr(device, "available_cores", lambda: 2)
    assert [device.choose_threads(*size) for size in sizes] == [1, 2, 2]


def test_short_mantissas_are_only_used_on_cuda_and_where_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[str] = []
    monkeypatch.setattr(torch, "set_float32_matmul_precision", chosen.append)
    for name, tf32 in (("cpu", True), ("cuda", False), ("cuda", True)):
        with device.MatrixPrecision()(torch.device(name), tf32=tf32):
            chosen.append(name)
    assert chosen == ["cpu", "highest", "cuda", "high", "cuda"]


def test_threads_that_multiply_otherwise_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    now, wrong = [""], list[str]()
    monkeypatch.setattr(torch, "set_float32_matmul_precision", lambda precision: now.__setitem__(0, precision))
    precision = device.MatrixPrecision()

    def multiply(expected: str) -> None:
        for _ in range(2000):
            with precision(torch.device("cuda"), tf32=expected == "high"):
                wrong.extend(one for one in (now[0], now[0]) if one != expected)

    threads = [Thread(target=multiply, args=[expected]) for expected in ("high", "highest", "highest")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@with_cuda
def test_a_run_on_cuda_agrees_with_the_cpu(grokking: Experiment) -> None:
    cpu, cuda = (finish(started(changed(grokking, f"device={name}", "training.steps=20"))) for name in ("cpu", "cuda"))
    assert cuda.trainer.device.type == "cuda"
    for one, other in zip(cpu.every(Evaluated), cuda.every(Evaluated), strict=True):
        assert other.model_dump() == pytest.approx(
            one.model_dump(exclude={"record"}) | {"record": "evaluated"}, rel=1e-2, abs=1e-2
        )
    for name, value in cpu.trainer.trainable.weights.items():
        torch.testing.assert_close(cuda.trainer.trainable.weights[name].cpu(), value, rtol=1e-2, atol=1e-3)
