"""A network from a file: its settings, its weights, its training, and what it may not do."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from grokterm.engines.cuda_graph import unsupported_reason
from grokterm.errors import ConfigError, PluginError
from grokterm.experiment.experiment import Experiment
from grokterm.models.build import network_of
from grokterm.plugins.loading import load_plugins
from grokterm.training.trainer import make_trainer
from grokterm.tui.widgets.setup.fields import form_fields
from tests.plugins.conftest import EXAMPLES, Command, unload, weights_of
from tests.test_manual import PAGES, blocks

Write = Callable[[str], Path]

EXAMPLE = str(EXAMPLES / "network.py")
TOWERS = ("--preset", "./tiny.toml", "--set", "model.architecture=two_towers")

MADE = """
import grokterm, torch
from torch import nn

@grokterm.network("mine")
class Mine(nn.Module):
    def __init__(self, n_elements: int, {arguments}):
        super().__init__()
        self.table = nn.Embedding(n_elements**2, n_elements)
        self.n = n_elements
        {more}

    def forward(self, operands):
        scores = self.table(operands[:, 0] * self.n + operands[:, 1])
        return {answer}
"""

VECTORS = MADE.replace("nn.Embedding(n_elements**2, n_elements)", "nn.Parameter(torch.ones(n_elements))").format(
    arguments="*, width: int = 3", more="", answer="self.table * operands[:, :1]"
)
VECTORS = VECTORS.replace("        scores = self.table(operands[:, 0] * self.n + operands[:, 1])\n", "")


def made(arguments: str = "*, width: int = 3", more: str = "", answer: str = "scores") -> str:
    return MADE.format(arguments=arguments, more=more, answer=answer)


def towers(**changes: object) -> Experiment:
    return Experiment.from_settings({"task": {"modulus": 11}, "model": {"architecture": "two_towers", **changes}})


def test_the_example_is_trained_inspected_and_resumed_bit_for_bit(command: Command) -> None:
    weights = []
    for first in ("30", "60"):
        steps = "--set", f"training.steps={first}", "--json"
        trained = json.loads(command("run", "--plugins", EXAMPLE, *TOWERS, "--set", "model.width=24", *steps).out)
        assert trained["engine"] == "eager"
        run = trained["run"]
        if first == "30":
            command("run", "--resume", run, "--plugins", EXAMPLE, "--set", "training.steps=60", "--json")
        weights.append(weights_of(run))
    assert weights[0] == weights[1] != {}
    found = json.loads(command("inspect", run, "--json", "--plugins", EXAMPLE).out)
    assert found["train_accuracy"] > 0.5
    assert 0 < found["ipr"] < 1  # its matrices over residues have a spectrum
    unload()
    assert f"run {run} needs network two_towers of network.py" in command("inspect", run).err


def test_the_arguments_of_its_constructor_are_settings() -> None:
    load_plugins([EXAMPLE])
    experiment = towers(width=24)
    assert experiment.model.label == "two_towers width 24, activation relu"
    fields = {field.name: field for field in form_fields(experiment)}
    assert fields["model.width"].help == "Neurons of each tower."
    assert fields["model.activation"].choices == ("relu", "tanh")
    assert "two_towers" in fields["model.architecture"].choices
    assert Experiment.from_toml(experiment.to_toml()) == experiment
    assert pickle.loads(pickle.dumps(experiment)) == experiment
    for setting, said in (
        ({"width": 0}, "model.width must be at least 1, not 0"),
        ({"activation": "reul"}, "model.activation must be one of relu, tanh, not 'reul': did you mean 'relu'"),
        ({"scaling": "doshi"}, "unknown setting model.scaling"),
    ):
        with pytest.raises(ConfigError, match=said):
            towers(**setting)
    with pytest.raises(ConfigError, match="kernel, two_towers, not 'two_tower': did you mean 'two_towers'"):
        towers(architecture="two_tower")
    with pytest.raises(ConfigError, match=r"model\.architecture two_towers reads two operands, and task.n_operands is 3"):
        Experiment.from_settings({"task": {"modulus": 11, "n_operands": 3}, "model": {"architecture": "two_towers"}})
    assert "cannot capture the code of a plugin" in unsupported_reason(experiment, torch.device("cuda"))
    with pytest.raises(ConfigError, match=r"training\.engine fused needs an mlp"):
        make_trainer(experiment.with_engine("fused"))


def test_its_initial_weights_follow_from_the_seed_and_leave_other_random_numbers_alone() -> None:
    load_plugins([EXAMPLE])
    torch.manual_seed(5)
    before = torch.rand(1)
    torch.manual_seed(5)
    one, same = (network_of(towers()) for _ in range(2))
    assert torch.rand(1) == before
    other = network_of(towers().model_copy(update={"seed": 1}))
    half = network_of(towers(init_scale=0.5))
    name = "module.left.weight"
    weights = [dict(network.named_parameters())[name] for network in (one, same, other, half)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert torch.equal(weights[0] / 2, weights[3])
    assert [(layer.label, layer.rows) for layer in one.layers] == [
        ("left.weight", "residues"),
        ("right.weight", "residues"),
        ("readout.weight", "residues"),
    ]


def test_a_hook_point_within_it_shows_its_activations(plugin: Write) -> None:
    load_plugins([plugin(made(more="self.hidden = grokterm.HookPoint('hidden')", answer="self.hidden(scores)"))])
    experiment = Experiment.from_settings({"task": {"modulus": 11}, "model": {"architecture": "mine"}})
    analysis = make_trainer(experiment).analyze()
    assert analysis.forward_pass.neurons == ("hidden",)
    assert analysis.values("hidden", slice(2)).shape == (121, 2)


def test_what_the_manual_writes_works(plugin: Write) -> None:
    load_plugins([plugin(blocks(PAGES["plugins"], "python")[0])])
    experiment = Experiment.from_settings(
        {"task": {"modulus": 7, "operation": "cube_sum"}, "model": {"architecture": "two_towers"}}
    )
    assert len(list(network_of(experiment).parameters())) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (made("width=3"), "its argument width needs a type and a default"),
        (made("width: int"), "its argument width needs a type and a default"),
        (made("*widths: int"), "its argument widths needs a type and a default"),
        (made("*, init_scale: float = 2.0"), "its argument init_scale is called like something that all have"),
        (made("*, label: str = ''"), "its argument label is called like"),
        (made("*, width: 'nothing' = 2"), "NameError: name 'nothing' is not defined"),
        (made("*, width: int = 'two'"), "a default is invalid: width must be a whole number, not 'two'"),
        (made("*, act: object = torch.relu"), "a setting that a preset cannot hold failed: "),
        (made().replace("n_elements: int", "p: int").replace("n_elements", "p"), "must take n_elements"),
        (made().replace("(nn.Module)", ""), "must be a class of nn.Module"),
        (made().replace('"mine"', '"mlp"'), "network 'mlp' is taken"),
    ],
)
def test_a_constructor_that_makes_no_settings_is_refused(text: str, said: str, plugin: Write) -> None:
    with pytest.raises(PluginError) as refused:
        load_plugins([plugin(text)])
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            made(answer="scores[:, 1:]"),
            r"must return scores of \(11, 11\), a row an equation, a column a residue, not \(11, 10\)",
        ),
        (made(answer="[scores]"), "not list"),
        (made(answer="nn.functional.dropout(scores)"), "draws random numbers when it is called"),
        (made(answer="scores - scores.mean(0)"), "mixes the equations of a batch"),
        (made(more="self.bias = nn.Parameter(torch.zeros(3))"), "does not use its parameter module.bias: leave it out"),
        (made(more="self.other = self.table"), "has a parameter under two names, one of them module.other.weight"),
        (VECTORS, "network mine has no matrix among its parameters"),
        (made(more="self.requires_grad_(False)"), "has no parameter to train"),
        (made(answer="scores @ scores[1:]"), r"network mine failed: mine\.py:15: RuntimeError: "),
        (made(more="raise ValueError('no\\nway')"), r"network mine failed: mine\.py:11: ValueError: no way"),
    ],
)
def test_a_network_that_cannot_be_trained_is_refused_before_it_is(text: str, said: str, plugin: Write) -> None:
    load_plugins([plugin(text)])
    with pytest.raises(PluginError, match=said):
        network_of(Experiment.from_settings({"task": {"modulus": 11}, "model": {"architecture": "mine"}}))
