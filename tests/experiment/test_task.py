"""The size of a training set: as a share of the table, or as a number of equations."""

from typing import Any

import pytest

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.experiment.reading.overrides import override

SHARE: dict[str, Any] = {"task": {"modulus": 40, "train_fraction": 0.25}}
NUMBER: dict[str, Any] = {"task": {"modulus": 40, "n_train": 640}}


def test_the_share_follows_from_a_number_of_equations() -> None:
    experiment = Experiment.from_settings(NUMBER)
    assert (experiment.task.train_fraction, experiment.task.train_size) == (0.4, 640)
    assert len(experiment.task.dataset(0).train) == 640
    assert Experiment.from_toml(experiment.to_toml()) == experiment
    assert (
        experiment.task.dataset(3).train.operands.tolist()
        == Experiment.from_settings({"task": {"modulus": 40, "train_fraction": 0.4}}).task.dataset(3).train.operands.tolist()
    )


@pytest.mark.parametrize("modulus", [2, 3, 23, 97, 113, 997])
def test_any_number_of_equations_survives_its_share(modulus: int) -> None:
    for n_train in {1, 2, modulus**2 // 3, modulus**2 - 1, modulus**2}:
        task = Experiment.from_settings({"task": {"modulus": modulus, "n_train": n_train}}).task
        assert task.train_size == n_train


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"n_train": 1601}, "n_train must be at most 1,600, the equations of this task, not 1,601"),
        ({"n_train": 0}, 'task.n_train must be at least 1 or "auto", not 0'),
        (
            {"n_train": 640, "train_fraction": 0.5},
            "train_fraction 0.5 of 1,600 equations is not n_train 640: write one of them",
        ),
    ],
)
def test_a_number_that_cannot_be_is_refused(task: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Experiment.from_settings({"task": {"modulus": 40, **task}})
    assert str(refused.value) in (message, f"task: {message}")


@pytest.mark.parametrize(
    ("settings", "assignments", "size", "notes"),
    [
        (SHARE, ["task.n_train=640"], 640, ("dropped train_fraction = 0.25, because n_train replaces it",)),
        (NUMBER, ["task.train_fraction=0.25"], 400, ("dropped n_train = 640, because train_fraction replaces it",)),
        (NUMBER, ["task.modulus=97"], 640, ()),
        (Experiment.from_settings(NUMBER).settings(), ["task.modulus=97"], 640, ()),
        (Experiment.from_settings(NUMBER).settings(), ["task.n_train=auto"], 640, ()),
        (Experiment.from_settings(SHARE).settings(), ["task.train_fraction=0.5"], 800, ()),
        (Experiment.from_settings(SHARE).settings(), ["task.modulus=20"], 100, ()),
        ({}, ["task.n_train=640"], 640, ()),
    ],
)
def test_one_way_to_say_the_size_replaces_the_other(
    settings: dict[str, Any], assignments: list[str], size: int, notes: tuple[str, ...]
) -> None:
    changed = override(settings, assignments)
    assert (changed.experiment.task.train_size, changed.notes) == (size, notes)


def test_both_ways_in_one_command_have_to_agree() -> None:
    with pytest.raises(ConfigError, match="is not n_train 640"):
        override(NUMBER, ["task.n_train=640", "task.train_fraction=0.5"])


def test_a_swap_says_its_size_in_one_way() -> None:
    assert str(Swap(n_train=1000)) == "swap to 1,000 equations"
    with pytest.raises(ConfigError, match="swap takes either a train_fraction or an n_train"):
        Swap.from_settings({"n_train": 10, "train_fraction": 0.5})
