"""What a sweep will take."""

from pathlib import Path
from typing import Any

import pytest

from grokterm.experiment.architectures.embedding_mlp import EmbeddingMLPModel
from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.sweep import Sweep
from grokterm.sweeps import estimate as estimate_module
from grokterm.sweeps.definition import Definition
from grokterm.sweeps.estimate import TimeLeft, estimate, looked_at
from grokterm.training.estimate import Estimate
from tests.sweeps.fixtures import TINY


def asked(folder: Path, settings: dict[str, Any] = TINY, **table: Any) -> Definition:  # noqa: ANN401 - a table `[sweep]`
    return Definition(folder, "tiny", "tiny", settings, Sweep.from_settings({"seeds": 10} | table))


def test_members_are_trained_side_by_side_but_no_more_than_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate_module, "estimate_run", lambda *_: Estimate(6.0, 100, 4_000))
    found = estimate(asked(tmp_path), 10, 4)
    assert (found.member_seconds, found.seconds, found.n_workers) == (6.0, 15.0, 4)
    assert estimate(asked(tmp_path), 2, 4).seconds == 6.0
    assert found.memory is not None
    assert found.memory == pytest.approx(2 * (estimate(asked(tmp_path), 10, 2).memory or 0), rel=0.05)
    few = estimate(asked(tmp_path, keep="results"), 10, 4).disk
    assert found.disk - few == 10 * 3 * 4_000  # memorized, grokked, and at the end


def test_it_is_timed_as_a_worker_trains_it(tmp_path: Path) -> None:
    found = estimate(asked(tmp_path), 1, 1)
    assert 0 < found.seconds < 5


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> list[Experiment]:
    """What is timed: networks that take a second for each unit of width, and ten times that of two layers."""
    experiments: list[Experiment] = []

    def measure(experiment: Experiment, _: Path) -> Estimate:
        experiments.append(experiment)
        assert isinstance(experiment.model, MLPModel | EmbeddingMLPModel)
        return Estimate(experiment.model.width * (10.0 if experiment.model.architecture == "embedding_mlp" else 1.0), 1)

    monkeypatch.setattr(estimate_module, "estimate_run", measure)
    return experiments


def widths(timed: list[Experiment]) -> list[int]:
    return [one.model.width for one in timed if isinstance(one.model, MLPModel | EmbeddingMLPModel)]


def test_of_widths_the_least_and_the_largest_are_timed_and_others_lie_between(tmp_path: Path, timed: list[Experiment]) -> None:
    found = estimate(asked(tmp_path, grid={"model.width": [32, 8, 16, 64]}, seeds=2), 8, 2)
    assert widths(timed) == [8, 64]
    assert (found.shortest_seconds, found.longest_seconds) == (8.0, 64.0)
    assert found.member_seconds == pytest.approx(30.0)
    assert found.seconds == pytest.approx(8 * 30.0 / 2)
    assert estimate(asked(tmp_path, grid={"model.width": [8, 64]}), 2, 9).seconds == 64.0, "the longest takes its time"


def test_members_that_cost_the_same_are_timed_once(tmp_path: Path, timed: list[Experiment]) -> None:
    estimate(asked(tmp_path, grid={"optimizer.weight_decay": [0, 1, 2]}), 8, 2)
    assert len(timed) == 1


def test_each_architecture_is_timed(tmp_path: Path, timed: list[Experiment]) -> None:
    variants = {"one": {}, "two": {"model.architecture": "embedding_mlp", "model.width": 8}}
    found = estimate(asked(tmp_path, variants=variants), 8, 2)
    assert [one.model.architecture for one in timed] == ["mlp", "embedding_mlp"]
    assert (found.shortest_seconds, found.longest_seconds, found.member_seconds) == (8.0, 80.0, 44.0)


def test_of_many_points_those_at_the_ends_of_all_axes_are_looked_at(tmp_path: Path, timed: list[Experiment]) -> None:
    grid: dict[str, object] = {"model.width": "1:99:1", "model.activation": ["quadratic", "relu"]}
    estimate(asked(tmp_path, grid=grid, zipped={"training.steps": [9, 5, 1]}), 8, 2)
    assert [(one.training.steps, width) for one, width in zip(timed, widths(timed), strict=True)] == [(1, 1), (9, 99)]


def test_of_very_many_ends_the_first_and_the_last_are_looked_at(tmp_path: Path) -> None:
    names = ("task.train_fraction", "optimizer.weight_decay", "optimizer.learning_rate", "training.steps", "model.width")
    swept = asked(tmp_path, grid={name: [0.1, 0.2, 0.3] for name in names}, variants={str(n): {} for n in range(4)})
    found = [point.values["model.width"] for point in looked_at(swept)]
    assert (len(found), found[0], found[-1]) == (65, 0.1, 0.3)


def test_a_search_is_timed_at_the_ends_of_its_axis(tmp_path: Path, timed: list[Experiment]) -> None:
    estimate(asked(tmp_path, search={"along": "model.width", "between": [2, 40], "tolerance": 2}), 8, 2)
    assert widths(timed) == [2, 40]


def test_the_time_left_follows_from_what_was_finished_since() -> None:
    now = 100.0
    left = TimeLeft(lambda: now)
    assert left.seconds(4, 10) is None
    now = 110.0
    assert left.seconds(4, 10) is None
    assert left.seconds(6, 10) == 5.0 * 4
    now = 120.0
    assert left.seconds(10, 10) == 0
