import json
import os
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from grokterm.errors import CheckpointError, StorageError
from grokterm.experiment.experiment import Experiment
from grokterm.runs.checkpoint import load_checkpoint, save_checkpoint
from tests.runs.failing import failing_once
from tests.runs.tensors import same

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


@pytest.mark.parametrize(("owner", "call"), [(Path, "open"), (os, "fsync"), (Path, "replace")])
def test_a_refused_checkpoint_leaves_the_older_one_whole(
    owner: object, call: str, tiny: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / save_checkpoint(tmp_path, 1, TENSORS, tiny)
    with monkeypatch.context() as patch:
        patch.setattr(owner, call, failing_once(getattr(owner, call)))
        with pytest.raises(StorageError, match=r"^.*step-00000001.safetensors cannot be written: No space left on device$"):
            save_checkpoint(tmp_path, 1, {"weights.left": torch.zeros(1)}, tiny)
    assert same(load_checkpoint(path), TENSORS)


def assert_refused(path: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path)
    message = str(caught.value)
    assert message.startswith(f"checkpoint {path} cannot be read")
    assert "\n" not in message
