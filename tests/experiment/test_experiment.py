import pytest
from hypothesis import given

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import LiveValue, Save, Set, Stop, Swap
from tests.experiment.strategies import Tables, experiments

OPTIMIZERS = {
    "gd": ["learning_rate", "weight_decay"],
    "sgd": ["learning_rate", "momentum", "weight_decay"],
    "adam": ["learning_rate", "betas", "epsilon", "weight_decay"],
    "adamw": ["learning_rate", "betas", "epsilon", "weight_decay"],
    "lion": ["learning_rate", "betas", "weight_decay"],
    "muon": [
        *("learning_rate", "other_learning_rate", "other_weight_decay", "momentum", "nesterov", "orthogonal_steps"),
        *("weight_decay", "betas", "epsilon"),
    ],
}
LIVE_MODIFIERS = [
    *("batch_size", "batch_share", "weight_noise", "update_noise", "filter_strength", "filter_memory"),
    *("perpendicular_gradient", "held_norm", "clip_norm", "clip_value"),
]
LIVE_BESIDES = ["task.label_noise", "training.evaluate_every", "training.inspect_every", "training.stop_when"]
NOT_A_SHARE: dict[str, LiveValue] = {
    "optimizer.betas": (0.25, 0.5),
    "optimizer.batch_size": 3,
    "optimizer.nesterov": False,
    "optimizer.orthogonal_steps": 3,
    "optimizer.perpendicular_gradient": True,
    "training.evaluate_every": "log",
    "training.inspect_every": 3,
    "training.stop_when": "val_loss < 0.1",
}
"""Another value of those live settings that cannot be 0.25."""


def with_optimizer(**settings: object) -> Experiment:
    return Experiment.from_settings({"optimizer": settings})


@given(experiments)
def test_what_is_written_as_toml_reads_back_equal(tables: Tables) -> None:
    experiment = Experiment.from_settings(tables)
    assert Experiment.from_toml(experiment.to_toml()) == experiment


@given(experiments)
def test_what_was_asked_for_is_what_is_kept(tables: Tables) -> None:
    settings = Experiment.from_settings(tables).settings()
    for section in ("task", "model", "optimizer", "training", "expect"):
        for name, value in tables.get(section, {}).items():
            kept = settings[section][name]
            assert (list(kept) if isinstance(kept, tuple) else kept) == value
    assert list(settings.get("interventions", [])) == tables.get("interventions", [])


def test_the_resolved_experiment_holds_the_defaults_and_begins_with_the_kind() -> None:
    resolved = Experiment().to_toml()
    assert "modulus = 97\n" in resolved
    assert '[optimizer]\nkind = "gd"\n' in resolved
    assert "interventions" not in resolved
    assert "expect" not in resolved


def test_interventions_are_written_as_people_write_them() -> None:
    preset = """
[[interventions]]
at_step = 100
swap = { train_fraction = 0.25 }
[[interventions]]
when = "grokked"
set = { "optimizer.learning_rate" = 0.5 }
[[interventions]]
when = "memorized"
save = true
[[interventions]]
at_step = 0
stop = true
"""
    experiment = Experiment.from_toml(preset)
    assert [one.action for one in experiment.interventions] == [
        Swap(train_fraction=0.25),
        Set(values={"optimizer.learning_rate": 0.5}),
        Save(),
        Stop(),
    ]
    assert list(experiment.settings()["interventions"])[:2] == [
        {"at_step": 100, "swap": {"train_fraction": 0.25}},
        {"when": "grokked", "set": {"optimizer.learning_rate": 0.5}},
    ]


def test_actions_read_as_sentences() -> None:
    swap = Swap(train_fraction=0.04, operation="multiply", seed=7)
    assert str(swap) == "swap to 4 %, to multiply, to the split of seed 7"
    values: dict[str, LiveValue] = {
        "optimizer.learning_rate": 1e-3,
        "optimizer.betas": (0.9, 0.98),
        "training.stop_when": "never",
    }
    assert str(Set(values=values)) == "set learning_rate 0.001, betas 0.9 and 0.98, stop_when never"
    assert (str(Save()), str(Stop())) == ("save", "stop")


@pytest.mark.parametrize(("kind", "live"), OPTIMIZERS.items())
def test_what_may_change_while_training_depends_on_the_optimizer(kind: str, live: list[str]) -> None:
    experiment = with_optimizer(kind=kind)
    names = [*(f"optimizer.{name}" for name in [*live, *LIVE_MODIFIERS]), *LIVE_BESIDES]
    assert experiment.live_names() == names
    for name in names:
        value = NOT_A_SHARE.get(name, 0.25)
        changed = experiment.changed(Set(values={name: value}))
        assert changed.live_value(name) == value != experiment.live_value(name)
        restored = changed.changed(Set(values={name: experiment.live_value(name)}))
        assert restored == experiment


def test_several_settings_change_at_once_and_a_whole_number_will_do() -> None:
    changed = with_optimizer(kind="adamw").changed(Set(values={"optimizer.learning_rate": 1, "optimizer.weight_decay": 0.5}))
    assert (changed.live_value("optimizer.learning_rate"), changed.live_value("optimizer.weight_decay")) == (1.0, 0.5)
    assert isinstance(changed.settings()["optimizer"]["learning_rate"], float)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("task.modulus", 23, "task.modulus cannot be set while training"),
        ("optimizer.kind", "gd", "optimizer.kind cannot be set while training"),
        ("optimizer.betas", 0.5, "optimizer.betas must be a list, not 0.5"),
        ("training.steps", 9, "training.steps cannot be set while training: extend the run instead"),
        ("training.stop_when", "diverged", "training.stop_when must be another than diverged"),
        ("optimizer.lerning_rate", 0.5, "cannot be set while training: did you mean 'optimizer.learning_rate'?"),
        ("task.split", "nested", "task.split cannot be set while training: choose one of label_noise"),
        ("nope", 1, "nope cannot be set while training: choose one of optimizer.…, task.…, training.…"),
        ("seed", 1, "seed cannot be set while training"),
        ("optimizer.", 1, "optimizer. cannot be set while training"),
        ("optimizer.learning_rate", -1, "optimizer.learning_rate must be at least 0, not -1"),
        ("optimizer.learning_rate", "fast", "optimizer.learning_rate must be a number, not 'fast'"),
        ("optimizer.learning_rate", True, "optimizer.learning_rate must be a number, not true"),
    ],
)
def test_a_change_that_cannot_be_made_while_training_is_refused(name: str, value: float | str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        with_optimizer(kind="adamw").changed(Set(values={name: value}))
    assert message in str(refused.value)


def test_a_batch_is_held_against_the_training_set_of_the_start() -> None:
    def with_batch(size: int) -> Experiment:
        return Experiment.from_settings({"task": {"modulus": 11}, "optimizer": {"kind": "gd", "batch_size": size}})

    assert with_batch(60).batch_limit == 60
    with pytest.raises(ConfigError) as refused:
        with_batch(61)
    assert str(refused.value) == (
        'optimizer.batch_size 61 is larger than the training set of 60 equations: choose a smaller one or "full"'
    )


def test_sensible_settings_bring_no_warning() -> None:
    assert Experiment().warnings() == []


def test_interventions_are_tried_in_the_order_of_their_steps() -> None:
    small = {"at_step": 50, "swap": {"train_fraction": 0.3}}
    large = {"at_step": 60, "swap": {"train_fraction": 0.7}}
    again = {"at_step": 55, "swap": {"seed": 1, "train_fraction": 0.2}}
    Experiment.from_settings({"interventions": [large, small]})
    with pytest.raises(ConfigError, match=r"interventions\[0\]: train_fraction must stay below"):
        Experiment.from_settings({"interventions": [large, small, again]})


def test_an_intervention_after_the_last_step_is_a_warning() -> None:
    late = Experiment.from_settings({"training": {"steps": 100}, "interventions": [{"at_step": 101, "save": True}]})
    assert late.warnings() == ["interventions[0] never happens: at_step 101 comes after the last step, 100"]
    timely = Experiment.from_settings({"training": {"steps": 101}, "interventions": [{"at_step": 101, "save": True}]})
    assert timely.warnings() == []


def test_tied_operands_on_an_operation_whose_order_matters_are_a_warning() -> None:
    def warnings(operation: str) -> list[str]:
        model = {"architecture": "mlp", "tied_operands": True}
        return Experiment.from_settings({"task": {"operation": operation}, "model": model}).warnings()

    assert warnings("subtract") == ["model.tied_operands scores a ∘ b and b ∘ a alike, and subtract answers them differently"]
    assert warnings("multiply") == []


@pytest.mark.parametrize(
    ("scaling", "optimizer", "warning"),
    [
        ("gromov", {"kind": "adamw", "weight_decay": 5.0}, "weight_decay 5 under the gromov scaling collapses"),
        ("doshi", {"kind": "gd", "learning_rate": 1e6}, "learning_rate 1e+06 belongs to the gromov scaling"),
        ("standard", {"kind": "sgd", "learning_rate": 1e5}, "diverges under standard"),
        ("liu", {"kind": "adamw", "learning_rate": 1.0, "weight_decay": 2.0}, "learning_rate times weight_decay is 2"),
    ],
)
def test_unwise_settings_are_warned_of_and_not_refused(scaling: str, optimizer: Tables, warning: str) -> None:
    found = Experiment.from_settings({"model": {"architecture": "mlp", "scaling": scaling}, "optimizer": optimizer}).warnings()
    assert len(found) == 1
    assert warning in found[0]
