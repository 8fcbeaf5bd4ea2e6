"""The code on the page about what is saved: it recomputes the logits of a network from its checkpoint."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from grokterm.experiment.experiment import Experiment
from grokterm.models.network import Network
from grokterm.runs.checkpoint import save_checkpoint
from grokterm.training.trainer import Trainer
from tests.training.outcome import changed, finish, started

PAGE = (Path(__file__).parents[1] / "grokterm" / "help" / "layout.md").read_text("utf-8")
READ, MLP, TRANSFORMER = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
PATH = "runs/RUN/checkpoints/step-00000200.safetensors"


def network_of(trainer: Trainer) -> Network:
    network: Network = trainer.trainable.network
    weights = {name.removeprefix("weights."): value for name, value in trainer.tensors().items() if name.startswith("weights.")}
    network.load_state_dict(weights)
    return network


def scored(trainer: Trainer) -> Tensor:
    """Let the network itself score every pair, a first."""
    network = network_of(trainer)
    tokens, _ = network.encode(trainer.dataset.table)
    with torch.no_grad():
        logits: Tensor = network(tokens)
    return logits


def saved(trainer: Trainer) -> None:
    Path(PATH).parent.mkdir(parents=True)
    name = save_checkpoint(Path(PATH).parent, trainer.step, trainer.tensors(), trainer.experiment)
    (Path(PATH).parent / name).rename(PATH)


def executed(code: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    exec(READ + code, found)
    return found


@pytest.mark.parametrize("scaling", ["gromov", "doshi", "liu", "standard"])
@pytest.mark.parametrize("activation", ["quadratic", "relu", "sine", "tanh"])
def test_the_logits_of_an_mlp_are_recomputed(scaling: str, activation: str, tiny: Experiment) -> None:
    changes = (f"model.scaling={scaling}", f"model.activation={activation}", "training.steps=3")
    trainer = finish(started(changed(tiny, *changes))).trainer
    saved(trainer)
    expected = scored(trainer)
    assert expected.std() > 0
    torch.testing.assert_close(executed(MLP)["logits"], expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max()))


def test_the_logits_of_a_transformer_are_recomputed(tiny: Experiment) -> None:
    sizes = ("model.d_model=16", "model.n_heads=4", "model.d_mlp=24")
    trainer = finish(started(changed(tiny, "model.architecture=transformer", *sizes, "training.steps=3"))).trainer
    saved(trainer)
    torch.testing.assert_close(executed(TRANSFORMER)["logits"], scored(trainer), rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("_members_here")
@pytest.mark.parametrize(
    "changes", [("model.architecture=lstm",), ("model.architecture=embedding_mlp", "model.depth=2"), ("training.members=2",)]
)
def test_every_name_on_the_page_is_saved(changes: tuple[str, ...], tiny: Experiment) -> None:
    trainer = started(changed(tiny, *changes))
    names = "\n".join(trainer.tensors())
    section = {"lstm": "lstm: ", "embedding_mlp": "embedding_mlp: "}.get(changes[0].partition("=")[2], "member begin with ")
    text = PAGE[PAGE.rindex(section) :].partition("\n- ")[0].partition(" ...")[0]
    named = re.findall(r"`([\w.-]+)`", text)
    assert len(named) > 1
    assert [name for name in named if name not in names] == []
