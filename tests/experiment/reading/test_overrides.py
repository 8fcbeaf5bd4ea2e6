from typing import Any

import pytest

from grokterm.errors import ConfigError
from grokterm.experiment.architectures.embedding_mlp import EmbeddingMLPModel
from grokterm.experiment.architectures.transformer import TransformerModel
from grokterm.experiment.optimizer import AdamW
from grokterm.experiment.reading.overrides import override
from tests.experiment.strategies import Tables

PRESET: Tables = {
    "title": "A preset",
    "task": {"modulus": 23},
    "optimizer": {"kind": "adamw", "learning_rate": 0.01, "weight_decay": 5.0, "betas": [0.9, 0.98]},
    "expect": {"evidence": "ours", "grokked_at": [10, 20]},
}


def test_without_changes_the_preset_stays_as_it_is() -> None:
    overridden = override(PRESET, [])
    assert overridden.experiment.settings()["optimizer"]["betas"] == (0.9, 0.98)
    assert overridden.experiment.expect is not None
    assert overridden.notes == ()


@pytest.mark.parametrize(
    ("assignment", "section", "name", "value"),
    [
        ("task.modulus=31", "task", "modulus", 31),
        ("task.train_fraction=0.3", "task", "train_fraction", 0.3),
        ("optimizer.learning_rate=1e-3", "optimizer", "learning_rate", 1e-3),
        ("optimizer.learning_rate=2", "optimizer", "learning_rate", 2.0),
        ("optimizer.betas=[0.5, 0.6]", "optimizer", "betas", (0.5, 0.6)),
        ("optimizer.batch_size=64", "optimizer", "batch_size", 64),
        ("optimizer.batch_size=full", "optimizer", "batch_size", "full"),
        ("task.operation=subtract", "task", "operation", "subtract"),
        ('task.operation="subtract"', "task", "operation", "subtract"),
        (" task . modulus = 31 ", "task", "modulus", 31),
        ("model.frozen=['first']", "model", "frozen", ("first",)),
        ("training.steps=20_000", "training", "steps", 20_000),
    ],
)
def test_a_value_is_read_as_toml_and_a_bare_word_as_text(assignment: str, section: str, name: str, value: object) -> None:
    assert override(PRESET, [assignment]).experiment.settings()[section][name] == value


@pytest.mark.parametrize(
    ("assignment", "name", "value"),
    [
        ("title=Two words", "title", "Two words"),
        ("title=", "title", ""),
        ("seed=7", "seed", 7),
        ("device=cuda:1", "device", "cuda:1"),
        ("title=a = b", "title", "a = b"),
    ],
)
def test_settings_outside_of_sections_can_be_changed(assignment: str, name: str, value: object) -> None:
    assert getattr(override(PRESET, [assignment]).experiment, name) == value


def test_the_later_of_two_assignments_holds() -> None:
    assert override(PRESET, ["seed=1", "seed=2"]).experiment.seed == 2


def test_the_settings_that_were_given_are_left_alone() -> None:
    before = {name: dict(value) if isinstance(value, dict) else value for name, value in PRESET.items()}
    override(PRESET, ["optimizer.kind=gd", "task.modulus=31"])
    assert before == PRESET


def test_another_kind_drops_what_it_lacks_fills_what_it_has_and_says_so() -> None:
    overridden = override(PRESET, ["optimizer.kind=sgd"])
    assert overridden.experiment.settings()["optimizer"] == {
        "kind": "sgd",
        "learning_rate": 0.01,
        "weight_decay": 5.0,
        "momentum": 0.9,
        "batch_size": "full",
        "batch_share": 1.0,
        "warmup_steps": 0,
        "schedule": "constant",
        "schedule_steps": "all",
        "final_share": 0.0,
        "weight_noise": 0.0,
        "update_noise": 0.0,
        "gradient_filter": "none",
        "filter_strength": 2.0,
        "filter_memory": 0.98,
        "filter_window": 100,
        "perpendicular_gradient": False,
        "held_norm": 0.0,
        "average_decay": 0.0,
        "clip_norm": 0.0,
        "clip_value": 0.0,
    }
    assert overridden.experiment.expect is None
    assert overridden.notes == (
        "optimizer.kind changed from adamw to sgd",
        "dropped betas, which sgd does not have",
        "filled momentum = 0.9",
        "the preset's expectations no longer apply",
    )


def test_a_schedule_that_does_not_end_drops_where_the_one_before_did() -> None:
    annealed = PRESET | {"optimizer": {"kind": "adamw", "schedule": "cosine", "schedule_steps": 50, "final_share": 0.1}}
    overridden = override(annealed, ["optimizer.schedule=constant"])
    assert overridden.experiment.optimizer == AdamW()
    assert overridden.notes == (
        "dropped schedule_steps = 50, which constant does not have",
        "dropped final_share = 0.1, which constant does not have",
    )
    assert override(annealed, ["optimizer.schedule=linear"]).notes == ()
    with pytest.raises(ConfigError, match=r"final_share 0\.2 is of no use"):
        override(annealed, ["optimizer.schedule=constant", "optimizer.final_share=0.2"])


def test_fewer_steps_drop_what_is_expected_at_later_ones() -> None:
    preset = PRESET | {"expect": {"evidence": "ours", "ipr": [0, 1], "ipr @ 9": [0, 1], "gini @ 5": [0, 1]}}
    overridden = override(preset, ["training.steps=5"])
    assert overridden.experiment.expect is not None
    assert overridden.experiment.expect.ranges.keys() == {"ipr", "gini @ 5"}
    assert overridden.notes == ("dropped the expectations of later steps: ipr @ 9",)
    assert override(preset, ["training.steps=9"]).notes == ()


def test_what_another_kind_has_otherwise_by_default_is_said() -> None:
    assert "filled learning_rate = 0.001, betas = (0.9, 0.999), epsilon = 1e-08, weight_decay = 0.01, decay_to = zero" in (
        override({}, ["optimizer.kind=adamw"]).notes
    )


def test_another_kind_of_the_same_shape_keeps_every_setting() -> None:
    overridden = override(PRESET, ["optimizer.kind=adam"])
    optimizer = overridden.experiment.settings()["optimizer"]
    assert {name: optimizer[name] for name in ("learning_rate", "weight_decay", "betas")} == {
        "learning_rate": 0.01,
        "weight_decay": 5.0,
        "betas": (0.9, 0.98),
    }
    assert not any(note.startswith("dropped") for note in overridden.notes)


def test_another_architecture_keeps_what_it_can_take_over_and_says_what_it_cannot() -> None:
    settings = PRESET | {"model": {"architecture": "mlp", "activation": "quadratic", "scaling": "doshi", "depth": 1}}
    transformer = override(settings, ["model.architecture=transformer"])
    assert transformer.experiment.model == TransformerModel()
    assert "dropped activation = quadratic, scaling, depth, which transformer does not have" in transformer.notes
    embedding_mlp = override(settings, ["model.architecture=embedding_mlp"])
    assert embedding_mlp.experiment.model == EmbeddingMLPModel(depth=1)


def test_a_value_that_the_new_architecture_cannot_take_is_refused_where_it_is_written_beside_it() -> None:
    with pytest.raises(ConfigError, match=r"model\.activation must be one of relu, gelu, not 'quadratic'"):
        override(PRESET, ["model.architecture=transformer", "model.activation=quadratic"])


def test_a_preset_without_an_optimizer_changes_from_the_default() -> None:
    overridden = override({}, ["optimizer.kind=adamw"])
    assert overridden.notes[0] == "optimizer.kind changed from gd to adamw"
    assert overridden.experiment.live_value("optimizer.learning_rate") == 1e-3


def test_the_same_kind_again_changes_nothing_and_says_nothing() -> None:
    overridden = override(PRESET, ["optimizer.kind=adamw"])
    assert overridden == override(PRESET, [])


@pytest.mark.parametrize("order", [1, -1])
def test_assignments_beside_a_change_of_kind_apply_after_it(order: int) -> None:
    changed = override(PRESET, ["optimizer.kind=sgd", "optimizer.momentum=0.5"][::order])
    assert changed.experiment.settings()["optimizer"]["momentum"] == 0.5
    with pytest.raises(ConfigError, match=r"unknown setting optimizer\.betas"):
        override(PRESET, ["optimizer.kind=sgd", "optimizer.betas=[0.9, 0.9]"][::order])


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("seed", "a change is written name=value, as in optimizer.learning_rate=1e-3, not 'seed'"),
        ("=3", "a change is written name=value, as in optimizer.learning_rate=1e-3, not '=3'"),
        ("task.=3", "a change is written name=value, as in optimizer.learning_rate=1e-3, not 'task.=3'"),
        ("taks.modulus=3", "unknown setting taks.modulus: did you mean 'task'?"),
        ("task.modulos=3", "unknown setting task.modulos: did you mean 'modulus'?"),
        ("task.modulus.x=3", "unknown setting task.modulus.x: settings are named section.key, as in task.modulus"),
        ("title.x=3", "unknown setting title.x: settings are named section.key, as in task.modulus"),
        ("task=3", "task must be a table, not 3: its settings are named as task.operation"),
        ("loss=hinge", "loss must be a table, not 'hinge': did you mean loss.kind=hinge?"),
        ("model=transformer", "model must be a table, not 'transformer': did you mean model.architecture=transformer?"),
        ("training=100", "training must be a table, not 100: its settings are named as training.steps"),
        ("expect=never", "expect must be a table, not 'never'"),
        (
            "optimizer.momentum=0.5",
            "unknown setting optimizer.momentum: choose one of average_decay, batch_share, batch_size",
        ),
        ("optimizer.kind=adma", "optimizer.kind must be one of gd, sgd, adam, adamw, "),
        ("model.architecture=perceptron", "model.architecture must be one of mlp, "),
        ("task.train_fraction=.3", "task.train_fraction must be a number, not '.3'"),
        ("task.modulus=", "task.modulus must be a whole number, not ''"),
        ("interventions[2].at_step=3", "there is no interventions[2]: the experiment has none"),
        (f"interventions[{'9' * 5000}].at_step=3", "unknown setting interventions[999"),
        ("task.train_fraction=2", "task.train_fraction must be above 0 and at most 1, not 2"),
    ],
)
def test_an_assignment_that_cannot_be_made_is_refused(assignment: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        override(PRESET, [assignment])
    assert str(refused.value).startswith(message)


def test_a_preset_without_a_section_can_have_one_of_its_settings_changed() -> None:
    assert override({}, ["optimizer.learning_rate=1e5"]).experiment.live_value("optimizer.learning_rate") == 1e5


@pytest.mark.parametrize("assignment", ["optimizer.kind=sgd", "optimizer.learning_rate=1"])
def test_a_section_that_is_no_table_is_refused_in_one_line(assignment: str) -> None:
    with pytest.raises(ConfigError, match=r"^optimizer must be a table, not 'adam': did you mean optimizer\.kind=adam\?$"):
        override({"optimizer": "adam"}, [assignment])


INTERVENING: dict[str, Any] = {"interventions": [{"at_step": 5, "set": {"optimizer.learning_rate": 1e-3}}]}


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        (
            "interventions[1].at_step=3",
            "there is no interventions[1]: the experiment has 1, the first of which is interventions[0]",
        ),
        ("interventions[0].set.optimizer=3", "interventions[0]: optimizer cannot be set while training: choose one of"),
        ("interventions[0].at_step.x=3", "interventions[0].at_step must be a whole number, not {'x': 3}"),
    ],
)
def test_an_intervention_that_cannot_be_changed_is_refused(assignment: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        override(INTERVENING, [assignment])
    assert str(refused.value).startswith(message)
    with pytest.raises(ConfigError, match=r"^interventions must be a list of tables, not 3$"):
        override({}, ["interventions=3", assignment])


def test_a_setting_of_an_intervention_is_named_with_its_section() -> None:
    changed = override(INTERVENING, ["interventions[0].set.optimizer.learning_rate=0.5"]).experiment.interventions[0]
    assert changed.set is not None
    assert changed.set.values == {"optimizer.learning_rate": 0.5}


EXPRESSION: Tables = {"task": {"operation": "expression", "expression": "a*b + 1"}}


def test_another_operation_drops_the_polynomial_of_a_preset_and_says_so() -> None:
    overridden = override(EXPRESSION, ["task.operation=add"])
    assert (overridden.experiment.task.operation, overridden.experiment.task.expression) == ("add", "")
    assert overridden.notes == ("dropped expression = a*b + 1, which add does not have",)
    assert EXPRESSION["task"]["expression"] == "a*b + 1"


def test_a_polynomial_is_read_without_quotes() -> None:
    changed = override({}, ["task.operation=expression", "task.expression=a**2 + 3*a*b"])
    assert changed.experiment.task.expression == "a**2 + 3*a*b"
    again = override(EXPRESSION, ["task.operation=expression", "task.expression=a - b"])
    assert (again.experiment.task.expression, again.notes) == ("a - b", ())


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("settings", [{}, EXPRESSION])
def test_a_polynomial_written_beside_another_operation_is_refused(settings: Tables, order: int) -> None:
    with pytest.raises(ConfigError, match=r"^expression belongs to operation expression, not to multiply$"):
        override(settings, ["task.operation=multiply", "task.expression=a*b"][::order])


@pytest.mark.parametrize(
    ("assignment", "name", "value"),
    [
        ("training.steps=1e3", "training.steps", 1000),
        ("seed=2e1", "seed", 20),
        ("training.evaluate_every=5.0", "training.evaluate_every", 5),
        ("training.checkpoint_at=[1e1, 20]", "training.checkpoint_at", (10, 20)),
        ("optimizer.batch_size=1e1", "optimizer.batch_size", 10),
        ("title=2024", "title", "2024"),
        ("title=1e3", "title", "1e3"),
        ('title="2024"', "title", "2024"),
        ("source=true", "source", "true"),
    ],
)
def test_a_value_is_read_as_its_setting_wants_it(assignment: str, name: str, value: object) -> None:
    found: object = override({}, [assignment]).experiment
    for part in name.split("."):
        found = getattr(found, part)
    assert found == value
    assert type(found) is type(value)


def test_a_constant_is_a_polynomial() -> None:
    changes = ["task.operation=expression", "task.expression=2"]
    assert override({}, changes).experiment.task.expression == "2"


@pytest.mark.parametrize(
    ("assignment", "meant"),
    [
        ("lr=1e-3", "optimizer.learning_rate"),
        ("steps=3", "training.steps"),
        ("p=97", "task.modulus"),
        ("modle.width=3", "model"),
    ],
)
def test_a_setting_without_its_section_is_answered_with_it(assignment: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"did you mean '{meant}'"):
        override({}, [assignment])
