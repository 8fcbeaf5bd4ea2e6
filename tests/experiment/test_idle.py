"""What has no effect is told of in a line, and only then."""

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.idle import IDLE
from grokterm.experiment.reading.overrides import override

ADAMW, LSTM = "optimizer.kind=adamw", "model.architecture=lstm"
KERNEL = ("model.architecture=kernel", "optimizer.kind=agop")

CASES: list[tuple[tuple[str, ...], str, str]] = [
    ((ADAMW, "optimizer.filter_strength=3"), "optimizer.filter_strength 3.0 has no effect", "optimizer.gradient_filter=ema"),
    (
        (ADAMW, "optimizer.filter_memory=0.5", "optimizer.gradient_filter=ma"),
        "optimizer.filter_memory 0.5 has no effect",
        "optimizer.gradient_filter=ema",
    ),
    (
        (ADAMW, "optimizer.filter_window=7", "optimizer.gradient_filter=ema"),
        "optimizer.filter_window 7 has no effect",
        "optimizer.gradient_filter=ma",
    ),
    (
        (ADAMW, "optimizer.decay_to=init", "optimizer.weight_decay=0"),
        "optimizer.decay_to init has no effect without optimizer.weight_decay",
        "optimizer.weight_decay=1e-3",
    ),
    (
        (*KERNEL, "model.bandwidth=3"),
        "model.bandwidth 3.0 has no effect but with model.kernel gaussian",
        "model.kernel=gaussian",
    ),
    ((LSTM, ADAMW, "model.n_layers=1", "model.dropout=0.1"), "model.dropout 0.1 has no effect between", "model.n_layers=2"),
    (("device=cpu", "training.tf32=true"), "training.tf32 true has no effect but on a cuda device", "device=cuda"),
    (("device=cuda:1", "training.threads=2"), "training.threads 2 has no effect but on a cpu", "device=cpu"),
]


def warnings(*changes: str) -> list[str]:
    return override(Experiment().settings(), changes).experiment.warnings()


@pytest.mark.parametrize(("changes", "words", "cure"), CASES)
def test_a_setting_without_effect_is_told_of_until_it_has_one(changes: tuple[str, ...], words: str, cure: str) -> None:
    said = [one for one in warnings(*changes) if "no effect" in one]
    assert len(said) == 1
    assert said[0].startswith(words)
    assert [one for one in warnings(*changes, cure) if "no effect" in one] == []


def test_every_row_has_its_case() -> None:
    assert {one.name for one in IDLE} == {words.split()[0] for _, words, _ in CASES}


def test_a_decay_that_an_intervention_may_bring_is_waited_for() -> None:
    later = 'interventions=[{ at_step = 3, set = { "optimizer.weight_decay" = 0.5 } }]'
    assert warnings(ADAMW, "optimizer.learning_rate=1e-3", "optimizer.decay_to=init", "optimizer.weight_decay=0", later) == []


def test_a_device_that_is_not_known_yet_is_told_of_once_it_is() -> None:
    waiting = override(Experiment().settings(), ["training.tf32=true"]).experiment
    assert waiting.warnings() == []
    assert waiting.on_device("cpu").warnings() == ["training.tf32 true has no effect but on a cuda device"]
