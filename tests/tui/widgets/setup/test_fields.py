"""The settings of an experiment as fields."""

import pytest

from grokterm.experiment.architectures.kernel import KernelModel
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.model import MODELS
from grokterm.experiment.optimizer import GradientDescent, RecursiveFeatures
from grokterm.experiment.reading.overrides import override
from grokterm.experiment.reading.presets import Preset, list_presets
from grokterm.experiment.reading.toml import parse_toml, parse_value
from grokterm.tui.widgets.setup.fields import FIRST, form_fields, kinds, without_other_kinds
from tests.tui.driving import BRIEF

ALL = [
    Experiment(model=member(), optimizer=RecursiveFeatures() if member is KernelModel else GradientDescent())
    for member in MODELS
]
"""One experiment an architecture."""


@pytest.mark.parametrize("experiment", ALL, ids=[one.model.architecture for one in ALL])
def test_every_setting_has_a_field_that_says_what_it_means(experiment: Experiment) -> None:
    fields = {field.name: field for field in form_fields(experiment)}
    for section in ("task", "model", "loss", "optimizer", "training"):
        names = {name for name in type(getattr(experiment, section)).model_fields if not name.endswith("_sha256")}
        assert names == {name.partition(".")[2] for name in fields if name.startswith(f"{section}.")}
        assert all(fields[f"{section}.{name}"].help for name in names)
    assert all(field.text in field.choices for field in fields.values() if field.choices)


def test_what_a_form_shows_first_exists_for_some_network() -> None:
    assert set(FIRST) <= {field.name for experiment in ALL for field in form_fields(experiment)}


@pytest.mark.parametrize("kind", [*kinds()["optimizer.kind"], *kinds()["model.architecture"]])
def test_the_texts_of_a_form_give_the_experiment_back(kind: str) -> None:
    name = next(name for name, known in kinds().items() if kind in known)
    together = ["model.architecture=kernel", "optimizer.kind=agop"]
    changes = together if kind in ("kernel", "agop") else [f"{name}={kind}"]
    experiment = override(Experiment.from_toml(BRIEF).settings(), changes).experiment
    assignments = [f"{field.name}={field.text}" for field in form_fields(experiment)]
    settings = {"title": experiment.title, "source": experiment.source}
    assert override(settings, assignments).experiment == experiment


@pytest.mark.parametrize(
    ("value", "text"), [(1e-2, "0.01"), (1e6, "1e6"), (1e-8, "1e-8"), (0.123456789, "0.123456789"), (5.0, "5")]
)
def test_numbers_are_written_as_people_write_them(value: float, text: str) -> None:
    experiment = override(Experiment.from_toml(BRIEF).settings(), [f"optimizer.learning_rate={value!r}"]).experiment
    assert {field.name: field.text for field in form_fields(experiment)}["optimizer.learning_rate"] == text


def test_edits_of_settings_that_another_kind_lacks_are_left_out() -> None:
    edits = {"seed": "1", "optimizer.betas": "[0.8, 0.9]", "optimizer.learning_rate": "1", "optimizer.kind": "sgd"}
    assert without_other_kinds(edits) == {"seed": "1", "optimizer.learning_rate": "1", "optimizer.kind": "sgd"}
    assert without_other_kinds(edits | {"optimizer.kind": "adam"}) == edits | {"optimizer.kind": "adam"}


@pytest.mark.parametrize("preset", list_presets(), ids=lambda preset: preset.name)
def test_every_setting_of_a_preset_is_shown_as_a_text_that_can_be_read_back(preset: Preset) -> None:
    experiment = preset.experiment
    written = parse_toml(experiment.to_toml())
    for field in form_fields(experiment):
        section, _, name = field.name.rpartition(".")
        value = written[section].get(name, {}) if section else written[name]
        assert value in (parse_value(field.text), field.text)
