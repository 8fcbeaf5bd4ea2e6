import math

import pytest

from grokterm.errors import ConfigError
from grokterm.experiment.conditions import Comparison, Condition
from grokterm.experiment.experiment import Experiment

LOSS = Comparison("val_loss", "<", 1e-4)


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("grokked", Condition("grokked")),
        ("val_loss < 1e-4", Condition(LOSS)),
        (" val_loss<1e-4 ", Condition(LOSS)),
        ("500 steps after grokked", Condition("grokked", 500)),
        ("1 step  after val_loss < 0.0001", Condition(LOSS, 1)),
        ("parameter_norm >= 40", Condition(Comparison("parameter_norm", ">=", 40))),
    ],
)
def test_a_condition_is_an_event_or_so_many_steps_after_one(text: str, condition: Condition) -> None:
    assert Condition.parse(text) == condition


def test_each_sign_includes_its_bound_or_not() -> None:
    met = {
        sign: [Comparison("val_loss", sign, 0.5).is_met_by(value) for value in (0.4, 0.5, 0.6)]
        for sign in ["<", "<=", ">", ">="]
    }
    assert met == {
        "<": [True, False, False],
        "<=": [True, True, False],
        ">": [False, False, True],
        ">=": [False, True, True],
    }
    assert not any(Comparison("val_loss", sign, 0.5).is_met_by(math.nan) for sign in met)
    assert not Comparison("seen_loss", "<", 0.5).is_met_by(None)


def test_conditions_that_differ_in_spaces_are_equal_settings() -> None:
    texts = ("10 steps after val_loss<=1e-4", " 10  steps after val_loss  <= 1e-4 ")
    found = [Experiment.from_settings({"training": {"stop_when": text}}) for text in texts]
    assert found[0] == found[1]
    assert found[0].training.stop_when == "10 steps after val_loss <= 1e-4"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (
            "grokked + 500",
            "must be one of never, memorized, grokked, ungrokked, diverged, a comparison as in 'val_loss < 1e-4'",
        ),
        ("500 steps after", "or later as in '500 steps after grokked', not '500 steps after'"),
        ("-3 steps after grokked", "or later as in '500 steps after grokked', not '-3 steps after grokked'"),
        ("groked", "not 'groked': did you mean 'grokked'?"),
        (
            "val_loss == 1",
            "training.stop_when: 'val_loss == 1' is not a comparison: write MEASURE < NUMBER, or with <=, >, >=,",
        ),
        ("ipr > 0.5", "the measure being one of train_loss, train_accuracy, val_loss, val_accuracy, parameter_norm, seen_loss"),
        ("val_loss < 1e-4 + 200", "is not a comparison"),
        ("diverged", "training.stop_when must be another than diverged: a run that diverges ends there anyway"),
        ("5 steps after diverged", "never comes: a run that diverges ends there"),
        ("", "must be one of never, "),
    ],
)
def test_what_is_no_condition_is_refused_with_the_form_of_one(setting: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Experiment.from_settings({"training": {"stop_when": setting}})
    assert words in str(refused.value)
    assert str(refused.value).startswith("training.stop_when")


@pytest.mark.parametrize("text", ["grokked", "5 steps after ungrokked", "val_loss < 1"])
def test_what_is_about_validation_never_comes_where_none_is_left(text: str) -> None:
    assert Condition.parse(text).is_about_validation
    whole = {"train_fraction": 1.0}
    with pytest.raises(ConfigError, match=f"training.stop_when {text} never comes where task.train_fraction is 1"):
        Experiment.from_settings({"task": whole, "training": {"stop_when": text}})
    waiting = Experiment.from_settings({"task": whole, "interventions": [{"when": text, "save": True}]})
    assert waiting.warnings() == [f"interventions[0] never happens: {text} never comes where task.train_fraction is 1"]
    assert not Condition.parse("train_loss < 1").is_about_validation
