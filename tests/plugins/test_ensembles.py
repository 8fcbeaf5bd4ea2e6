"""Networks, losses and rules of plugins, trained as one program: every member is what it is alone, to rounding."""

import pytest
import torch

from grokterm.experiment.experiment import Experiment
from grokterm.plugins.loading import load_plugins
from grokterm.training.ensemble.naming import of_member
from grokterm.training.ensemble.vmapped import VmappedEnsemble
from grokterm.training.single import SingleNetwork
from tests.conftest import TINY
from tests.plugins.conftest import EXAMPLES

STEPS = 3


def test_members_of_one_program_are_what_they_are_alone() -> None:
    load_plugins([EXAMPLES / f"{name}.py" for name in ("network", "loss", "update_rule")])
    text = TINY.replace('"mlp"\nwidth = 32\nscaling = "doshi"', '"two_towers"\nwidth = 8').replace('"adamw"', '"signum"')
    experiment = Experiment.from_toml(f'{text}members = 2\n[loss]\nkind = "hinge"\n')
    cpu = torch.device("cpu")
    together = VmappedEnsemble(experiment, cpu)
    list(together.advance(STEPS, lambda _: False))
    for number in range(2):
        alone = SingleNetwork(experiment.member(number), cpu, threads=1)
        for _ in range(STEPS):
            alone.update()
        for name, weight in alone.weights.items():
            assert of_member(number, together.tensors())[f"weights.{name}"].numpy() == pytest.approx(weight.numpy(), abs=1e-6)
