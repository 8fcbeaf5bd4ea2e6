"""The weights of a run in files, and the code of the manual that reads them in plain PyTorch."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.runs.export.source import Source
from grokterm.runs.export.table import FORMATS
from grokterm.runs.replay import trainer_at
from grokterm.training.trainer import Trainer
from tests.runs.export.conftest import replay_to, trained
from tests.training.outcome import changed

PAGE = (Path(__file__).parents[3] / "grokterm" / "help" / "pytorch.md").read_text("utf-8")
READ, MLP, TRANSFORMER, *_ = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SCALES = "1, 1  # of scaling gromov (2 * p) ** -0.5, 1 / width; of liu width ** -0.5, 1 / p"

Logits = Callable[[str], Tensor]


def scored(trainer: Trainer) -> Tensor:
    """Let the network itself score every pair, the first operand first."""
    weights = {name.removeprefix("weights."): value for name, value in trainer.tensors().items() if name.startswith("weights.")}
    network = trainer.trainable.network
    network.load_state_dict(weights)
    with torch.no_grad():
        logits: Tensor = network(network.encode(trainer.dataset.table)[0])
    return logits


def rebuilt(source: Source, code: str) -> Tensor:
    """Run the code of the page on an export in this folder."""
    FORMATS["state_dict"].write(source, Path("RUN.pt"))
    found: dict[str, Tensor] = {}
    exec(f"import torch\n{READ}{code}", found)
    return found["logits"]


@pytest.mark.parametrize(
    ("scaling", "scales"), [("doshi", "1, 1"), ("gromov", "(2 * p) ** -0.5, 1 / width"), ("liu", "width ** -0.5, 1 / p")]
)
def test_a_quadratic_mlp_is_rebuilt_in_plain_pytorch(scaling: str, scales: str, tiny: Experiment, tmp_path: Path) -> None:
    source = trained(changed(tiny, f"model.scaling={scaling}", "training.steps=3"), tmp_path)
    expected = scored(trainer_at(source.run))
    assert SCALES in MLP
    assert scales in SCALES
    code = MLP.replace(SCALES, scales)
    torch.testing.assert_close(rebuilt(source, code), expected, rtol=1e-5, atol=1e-6 * float(expected.abs().max()))


def test_a_transformer_is_rebuilt_in_plain_pytorch(tiny: Experiment, tmp_path: Path) -> None:
    sizes = ("model.d_model=16", "model.n_heads=4", "model.d_mlp=24", "training.steps=3")
    source = trained(changed(tiny, "model.architecture=transformer", *sizes), tmp_path)
    torch.testing.assert_close(rebuilt(source, TRANSFORMER), scored(trainer_at(source.run)), rtol=1e-5, atol=1e-5)


def test_the_weights_of_any_step_are_those_that_the_run_had(swapped: Source, tmp_path: Path) -> None:
    FORMATS["safetensors"].write(Source(swapped.run, replay_to, "17"), tmp_path / "x.safetensors")
    expected = trainer_at(swapped.run, 17).tensors()
    with safe_open(tmp_path / "x.safetensors", "pt") as file:
        metadata = file.metadata()
        assert set(file.keys()) == {"left", "right", "readout"}
        for name in ("left", "right", "readout"):
            assert torch.equal(file.get_tensor(name), expected[f"weights.{name}"])
    assert (metadata["step"], metadata["run"], metadata["format"]) == ("17", swapped.run.name, "pt")
    assert json.loads(metadata["settings"])["optimizer"]["learning_rate"] == 1e-3  # as it was set at step 13


def test_a_step_that_the_run_has_not_come_to_is_refused(swapped: Source, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has reached step 30, not 31"):
        FORMATS["state_dict"].write(Source(swapped.run, replay_to, "31"), tmp_path / "x.pt")


def test_a_member_has_a_file_of_its_own(ensemble: Source, tmp_path: Path) -> None:
    FORMATS["state_dict"].write(Source(ensemble.run, replay_to, "7"), tmp_path / "x.pt")
    assert {path.name for path in tmp_path.iterdir()} == {"x-seed-3.pt", "x-seed-4.pt"}
    for number, seed in enumerate((3, 4)):
        alone = trained(changed(ensemble.run.experiment.member(number), "training.steps=7"), tmp_path / str(seed))
        expected = trainer_at(alone.run).tensors()
        for name, value in torch.load(tmp_path / f"x-seed-{seed}.pt", weights_only=True).items():
            torch.testing.assert_close(value, expected[f"weights.{name}"])


def test_what_batch_normalization_takes_from_the_training_set_is_there(tiny: Experiment, tmp_path: Path) -> None:
    source = trained(changed(tiny, "model.normalization=batch", "training.steps=3"), tmp_path)
    FORMATS["state_dict"].write(source, tmp_path / "x.pt")
    weights = torch.load(tmp_path / "x.pt", weights_only=True)
    snapshot = trainer_at(source.run).snapshot()
    assert torch.equal(weights["first_norm.mean"], torch.from_numpy(snapshot.statistics["first_norm.mean"]))
    assert weights.keys() == {*snapshot.parameters, *snapshot.statistics}
