"""A hint is a typo put right, or what others call a thing; no hint is better than another thing."""

import pytest

from grokterm.experiment.optimizer import AdamW
from grokterm.experiment.reading.fields import fields_of
from grokterm.experiment.reading.hints import SYNONYMS, nearest
from grokterm.tasks.operations import OPERATIONS

ACTIVATIONS = ("quadratic", "cubic", "relu", "gelu", "sine", "tanh")
LOSSES = ("mse", "cross_entropy", "softmax_mse", "stablemax")
RULES = ("gd", "sgd", "adam", "adamw", "muon", "agop")


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("wieght_decay", AdamW.model_fields, "weight_decay"),
        ("learnig_rate", AdamW.model_fields, "learning_rate"),
        ("learning-rate", AdamW.model_fields, "learning_rate"),
        ("earning_rate", AdamW.model_fields, "learning_rate"),
        ("learning", AdamW.model_fields, "learning_rate"),
        ("lr", AdamW.model_fields, "learning_rate"),
        ("wd", AdamW.model_fields, "weight_decay"),
        ("adma", RULES, "adam"),
        ("Adam", RULES, "adam"),
        ("geul", ACTIVATIONS, "gelu"),
        ("minus", OPERATIONS, "subtract"),
        ("optimizer.leaning_rate", ["optimizer.learning_rate", "training.steps"], "optimizer.learning_rate"),
        ("stpes", ["optimizer.learning_rate", "training.steps"], "training.steps"),
        ("quick-2026112", ["quick-20261129", "liu-essay-20261129"], "quick-20261129"),
    ],
)
def test_what_was_meant_is_named(name: str, known: list[str], meant: str) -> None:
    assert nearest(name, known) == f": did you mean {meant!r}?"


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("gradient_clipping", AdamW.model_fields),
        ("amsgrad", AdamW.model_fields),
        ("nesterov", AdamW.model_fields),
        ("lion", RULES),
        ("rmsprop", RULES),
        ("mae", LOSSES),
        ("selu", ACTIVATIONS),
        ("silu", ACTIVATIONS),
        ("elu", ACTIVATIONS),
        ("optimizer.momentum", ["optimizer.learning_rate", "optimizer.weight_decay"]),
        ("", RULES),
    ],
)
def test_another_thing_is_no_hint(name: str, known: list[str]) -> None:
    assert nearest(name, known) == ""
    assert nearest("clip_norm", ["held_norm", "weight_decay"]) == ""


def test_every_synonym_leads_to_something_that_is_there() -> None:
    kinds = [{"architecture": name} for name in ("mlp", "embedding_mlp", "transformer")]
    names = {one.rpartition(".")[2] for model in kinds for one in fields_of({"model": model, "optimizer": {"kind": "adamw"}})}
    known = {*names, *OPERATIONS, *ACTIVATIONS, *LOSSES, "sum"}
    assert [meant for some in SYNONYMS.values() for meant in some if meant not in known] == []
    assert SYNONYMS.keys() & (names | {*OPERATIONS, *LOSSES, *ACTIVATIONS}) == set()
