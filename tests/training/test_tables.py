"""A thing is one row of a table and one name in the settings, and the two agree."""

from collections.abc import Iterable
from typing import Any, Literal, get_args

import pytest

from grokterm.engines.table import ENGINES
from grokterm.experiment.architectures.kernel import KernelModel
from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.experiment.architectures.plugin import PluginModel
from grokterm.experiment.architectures.transformer import TransformerModel
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.loss import Loss
from grokterm.experiment.modifiers import Modifiers
from grokterm.experiment.optimizer import PluginOptimizer
from grokterm.experiment.optimizers.schedule import SCHEDULES
from grokterm.experiment.reading.fields import KINDS_OF_SECTION
from grokterm.experiment.settings import Settings, texts_of
from grokterm.experiment.training import Training
from grokterm.models.activations import ACTIVATIONS
from grokterm.models.build import ARCHITECTURES
from grokterm.models.kernel import KERNELS
from grokterm.models.mlp import MLP, PARAMETERS
from grokterm.models.scalings import SCALINGS
from grokterm.optim.losses import LOSSES
from grokterm.optim.modifiers import MODIFIERS
from grokterm.optim.rules import RULES
from grokterm.training.rfm import SPREADS

OF_NO_ROW = (
    "weight_noise",  # which belongs to the gradient
    *("filter_strength", "filter_memory", "filter_window"),
    *("warmup_steps", "schedule_steps", "final_share"),
)
"""Settings of modifiers that turn none of them on by themselves."""


def names(settings: type[Settings], field: str) -> tuple[Any, ...]:
    return get_args(settings.model_fields[field].annotation)


@pytest.mark.parametrize(
    ("table", "named"),
    [
        (LOSSES, texts_of(Loss.model_fields["kind"])),
        (
            [*RULES, "agop"],
            [member.model_fields["kind"].default for member in KINDS_OF_SECTION["optimizer"][1]],
        ),  # agop has no gradient
        (ARCHITECTURES, [member.model_fields["architecture"].default for member in KINDS_OF_SECTION["model"][1]]),
        (ACTIVATIONS, names(MLPModel, "activation")),
        (SCALINGS, names(MLPModel, "scaling")),
        (KERNELS, names(KernelModel, "kernel")),
        (SPREADS, names(KernelModel, "kernel")),
        (["auto", *ENGINES], names(Training, "engine")),
        ([*MODIFIERS, *OF_NO_ROW], list(Modifiers.model_fields)),
        (["constant", "inverse_sqrt", *SCHEDULES], names(Modifiers, "schedule")),
    ],
)
def test_the_settings_name_every_row_and_no_other(table: Iterable[str], named: Iterable[str]) -> None:
    assert sorted(table) == sorted(named)


@pytest.mark.parametrize("section", KINDS_OF_SECTION)
def test_the_kinds_that_can_be_chosen_are_those_an_experiment_accepts(section: str) -> None:

    annotation = Experiment.model_fields[section].annotation
    assert set(KINDS_OF_SECTION[section][1]) == set(get_args(annotation)) - {PluginModel, PluginOptimizer}


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_the_layers_of_the_settings_are_those_of_the_network(depth: int, normalization: Literal["none", "batch"]) -> None:
    settings = MLPModel(depth=depth, width=4, normalization=normalization)
    parameters = {name.partition(".")[0] for name, _ in MLP(settings, 5, 0).named_parameters()}
    named = {layer: parameters & {*PARAMETERS[layer]} for layer in settings.layers}
    assert all(named.values())
    assert set.union(*named.values()) == parameters


def test_the_transformer_names_activations_that_exist() -> None:
    assert set(names(TransformerModel, "activation")) <= set(ACTIVATIONS)
