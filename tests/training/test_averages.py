"""Validation is measured under averaged weights beside the weights, on every step where it is measured at all."""

import json
from pathlib import Path

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.runs.results.summarizing import summarize
from grokterm.runs.storage.making import create_run
from tests.training.outcome import changed, finish, single_of, started

AVERAGED = "optimizer.average_decay=0.7"


@pytest.fixture(params=["fused", "eager"])
def engine(request: pytest.FixtureRequest) -> str:
    return f"training.engine={request.param}"


@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_the_average_is_measured_as_a_network_that_has_it_for_weights(
    tiny: Experiment, engine: str, normalization: str
) -> None:
    engine = "training.engine=eager" if normalization == "batch" else engine
    experiment = changed(tiny, AVERAGED, engine, f"model.normalization={normalization}")
    outcome = finish(started(experiment))
    last = outcome.every(Evaluated)[-1]
    tensors = outcome.trainer.tensors()
    there = started(changed(tiny, engine, f"model.normalization={normalization}"))
    averaged = {name: tensors[name.replace("weights.", "memory.average.")] for name in tensors if name.startswith("weights.")}
    there.trainable.load(there.tensors() | averaged)
    expected = Evaluated.of(0, [single_of(there).numbers().tolist()])
    assert (last.average_val_loss, last.average_val_accuracy) == pytest.approx((expected.val_loss, expected.val_accuracy))
    assert last.average_val_loss != pytest.approx(last.val_loss, rel=1e-3)
    assert last.seen_loss is None


def test_at_the_start_the_average_is_the_network(tiny: Experiment) -> None:
    first = finish(started(changed(tiny, AVERAGED, "training.steps=0"))).every(Evaluated)[0]
    assert (first.average_val_loss, first.average_val_accuracy) == (first.val_loss, first.val_accuracy)


def test_what_was_trained_on_before_is_measured_beside_the_average(redrawn: Experiment) -> None:
    plain, averaged = (finish(started(one)).every(Evaluated) for one in (redrawn, changed(redrawn, AVERAGED)))
    assert {one.seen_accuracy is None for one in averaged} == {True, False}
    without = {"average_val_loss": None, "average_val_accuracy": None}
    assert [one.model_copy(update=without) for one in averaged] == plain
    assert all(one.average_val_loss is not None for one in averaged)


@pytest.mark.usefixtures("_members_here")
def test_members_average_each_for_itself(tiny: Experiment) -> None:
    experiment = changed(tiny, AVERAGED, "training.steps=20", "training.members=2", "training.engine=eager")
    together = finish(started(experiment))
    together.trainer.trainable.close()
    solos = [finish(started(experiment.member(number))).every(Evaluated)[-1] for number in range(2)]
    rows = together.every(Evaluated)[-1].rows
    assert [row["average_val_loss"] for row in rows] == pytest.approx([solo.average_val_loss for solo in solos])


def test_a_summary_has_the_average_only_where_there_is_one(tiny: Experiment, tmp_path: Path) -> None:
    run = create_run(tmp_path, tiny, "tiny", {})
    with_average, without = (
        json.loads(summarize(run, finish(started(one)).records).to_json()) for one in (changed(tiny, AVERAGED), tiny)
    )
    assert with_average.keys() - without.keys() == {"average_val_loss", "average_val_accuracy"}
