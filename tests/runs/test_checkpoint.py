import json
import os
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from grokterm.errors import CheckpointError, StorageError
from grokterm.experiment.experiment import Experiment
from grokterm.runs.checkpoint import load_checkpoint, save_checkpoint
from grokterm.training.trainer import Trainer
from tests.runs.failing import failing_once
from tests.runs.tensors import same
from tests.training.outcome import finish

TENSORS = {
    "weights.left": torch.arange(12, dtype=torch.float32).reshape(3, 4),
    "weights.turned": torch.arange(12, dtype=torch.float32).reshape(3, 4).T,
    "memory.count": torch.tensor(7.0),
    "memory.odd": torch.tensor([torch.nan, torch.inf, -0.0]),
}


def test_tensors_survive_a_checkpoint_bit_for_bit(tiny: Experiment, tmp_path: Path) -> None:
    name = save_checkpoint(tmp_path, 42, TENSORS, tiny)
    assert name == "step-00000042.safetensors"
    assert same(load_checkpoint(tmp_path / name), TENSORS)


def test_a_checkpoint_tells_other_programs_what_made_it(tiny: Experiment, tmp_path: Path) -> None:
    name = save_checkpoint(tmp_path, 42, TENSORS, tiny)
    with safe_open(tmp_path / name, framework="pt") as file:
        metadata = file.metadata()
    assert metadata["step"] == "42"
    assert Experiment.from_settings(json.loads(metadata["settings"])) == tiny


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.99])
def test_a_truncated_checkpoint_is_refused_in_one_line(share: float, tiny: Experiment, tmp_path: Path) -> None:
    path = tmp_path / save_checkpoint(tmp_path, 1, TENSORS, tiny)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert_refused(path)


@pytest.mark.parametrize("content", [b"\x00" * 64, b"\xff" * 4096, b"not a checkpoint\n" * 9])
def test_garbage_is_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "garbage.safetensors"
    path.write_bytes(content)
    assert_refused(path)


def test_a_missing_checkpoint_and_a_folder_are_refused_in_one_line(tmp_path: Path) -> None:
    assert_refused(tmp_path / "missing.safetensors")
    assert_refused(tmp_path)


@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace"])
def test_a_refused_checkpoint_leaves_the_older_one_whole(
    call: str, tiny: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / save_checkpoint(tmp_path, 1, TENSORS, tiny)
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing_once(getattr(os, call)))
        with pytest.raises(
            StorageError, match=r"^.*step-00000001.safetensors cannot be written: No space left on device: make room$"
        ):
            save_checkpoint(tmp_path, 1, {"weights.left": torch.zeros(1)}, tiny)
    assert same(load_checkpoint(path), TENSORS)


def assert_refused(path: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path)
    message = str(caught.value)
    assert message.startswith(f"checkpoint {path} cannot be read")
    assert "\n" not in message


@pytest.mark.parametrize("architecture", ["embedding_mlp", "lstm", "transformer"])
def test_any_network_goes_on_from_its_checkpoint_bit_for_bit(architecture: str, tmp_path: Path) -> None:
    experiment = Experiment.from_settings(
        {
            "task": {"modulus": 11},
            "model": {"architecture": architecture, "d_model": 8},
            "optimizer": {"kind": "muon", "batch_size": 20},
            "training": {"steps": 20, "evaluate_every": 5},
        }
    )
    whole, halted, resumed = (Trainer(experiment, threads=1) for _ in range(3))
    finish(whole)
    records = halted.begin() + halted.advance(limit=11)
    while halted.step < 11:
        records += halted.advance(limit=11 - halted.step)
    file = save_checkpoint(tmp_path, halted.step, halted.tensors(), experiment)
    resumed.restore(halted.step, 0.0, load_checkpoint(tmp_path / file), records)
    finish(resumed)
    assert all(torch.equal(value, resumed.tensors()[name]) for name, value in whole.tensors().items())
