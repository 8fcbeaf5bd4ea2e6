"""What the bits of a run depend on beside its experiment."""

import json
import os
import platform
import subprocess
import sys
from threading import Event, Thread

import pytest
import torch

from grokterm.engines import arithmetic
from grokterm.engines.arithmetic import steady_arithmetic
from grokterm.engines.thread_pool import ThreadPool
from grokterm.experiment.experiment import Experiment
from grokterm.models.network import Network
from grokterm.training.trainer import Trainer

SMALLEST_NORMAL = sys.float_info.min


def flushes() -> bool:
    """Whether this thread takes subnormal numbers as zero, in torch too."""
    in_python = SMALLEST_NORMAL / 2 == 0
    in_torch = bool((torch.tensor([1e-40]) * 1.0 == 0).item())
    assert in_python == in_torch
    return in_python


class OpenBLAS:
    """Stands for a library that has two threads."""

    def __init__(self) -> None:
        self.threads = 2

    def n_threads(self) -> int:
        return self.threads

    def set_threads(self, n_threads: int) -> None:
        self.threads = n_threads


def test_subnormal_numbers_are_zero_inside_and_only_there() -> None:
    assert not flushes()
    with steady_arithmetic():
        assert flushes()
        with steady_arithmetic():
            assert flushes()
        assert flushes()
    assert not flushes()


def test_subnormal_numbers_are_zero_in_the_threads_of_a_pool() -> None:
    assert all(ThreadPool(Network(), 2, fixed=True).map(lambda _, __: flushes(), range(8)))


def test_libraries_are_back_to_their_threads_when_the_last_thread_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    numpy = OpenBLAS()
    monkeypatch.setattr(arithmetic, "_openblas", lambda: [numpy])
    inside, leave = Event(), Event()

    def stay() -> None:
        with steady_arithmetic():
            inside.set()
            leave.wait()

    other = Thread(target=stay)
    with steady_arithmetic():
        other.start()
        inside.wait()
        assert (torch.get_num_threads(), numpy.threads) == (1, 1)
    assert numpy.threads == 1
    leave.set()
    other.join()
    assert numpy.threads == 2


def test_numpy_multiplies_in_the_calling_thread_whichever_thread_that_is() -> None:
    seen: list[int] = []

    def look() -> None:
        with steady_arithmetic():
            seen.extend(library.n_threads() for library in arithmetic._openblas())

    for library in arithmetic._openblas():
        library.set_threads(2)
    look()
    other = Thread(target=look)
    other.start()
    other.join()
    for library in arithmetic._openblas():
        library.set_threads(1)
    assert set(seen) <= {1}


def test_a_training_leaves_the_thread_of_its_caller_as_it_was(tiny: Experiment) -> None:
    before = torch.get_num_threads()
    trainer = Trainer(tiny)
    trainer.begin()
    trainer.advance(limit=3)
    assert not flushes()
    assert torch.get_num_threads() == before


def test_weights_that_decay_end_at_zero_and_not_among_the_subnormal_numbers(tiny: Experiment) -> None:
    optimizer = tiny.optimizer.model_copy(update={"learning_rate": 0.5, "weight_decay": 1.99})
    training = tiny.training.model_copy(update={"steps": 60})
    model = tiny.model.model_copy(update={"scaling": "gromov"})
    trainer = Trainer(tiny.model_copy(update={"model": model, "optimizer": optimizer, "training": training}))
    list(trainer.run())
    smallest = torch.finfo(torch.float32).tiny
    for name, values in trainer.tensors().items():
        assert not ((values != 0) & (values.abs() < smallest)).any(), name


RUN = """
import hashlib, json
from grokterm.engines.arithmetic import arithmetic
from grokterm.experiment.reading.presets import find_preset
from grokterm.training.trainer import make_trainer

digest = hashlib.sha256()
for name in ("quick", "liu-essay"):
    trainer = make_trainer(find_preset(name).overridden(["training.steps=8"]).experiment)
    list(trainer.run())
    for tensor in trainer.tensors().values():
        digest.update(tensor.numpy().tobytes())
print(json.dumps([digest.hexdigest(), arithmetic()]))
"""

NEUTRAL = {
    "OPENBLAS_NUM_THREADS": "2",
    "OMP_NUM_THREADS": "2",
    "MKL_NUM_THREADS": "2",
    "GOTO_NUM_THREADS": "2",
    "MKL_DYNAMIC": "FALSE",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1",
}
OF_X86 = {"ATEN_CPU_CAPABILITY": "default", "OPENBLAS_CORETYPE": "Prescott"}


def outcome(variables: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Return what became of two trainings under these variables, and what a run records of its arithmetic."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    ran = subprocess.run([sys.executable, "-c", RUN], env=kept | variables, capture_output=True, text=True, check=True)
    digest, described = json.loads(ran.stdout)
    return digest, described


@pytest.mark.slow
def test_a_variable_either_changes_no_bit_or_is_recorded() -> None:
    digest, described = outcome({})
    assert outcome(NEUTRAL) == (digest, described)
    other, told = outcome(OF_X86)
    if platform.machine() in ("x86_64", "AMD64"):
        assert {name for name in told if told[name] != described[name]} >= {"instructions", "openblas"}
    else:
        assert other == digest or told != described


@pytest.mark.parametrize("variable", ["ONEDNN_MAX_CPU_ISA=SSE41", "MKL_CBWR=COMPATIBLE"])
def test_a_variable_of_a_library_that_does_not_tell_is_recorded_itself(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, _, value = variable.partition("=")
    before = arithmetic.arithmetic()
    monkeypatch.setenv(name, value)
    assert arithmetic.arithmetic() == before | {name: value}
