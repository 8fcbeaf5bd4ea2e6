import math

import pytest

from grokterm.experiment.conditions import Comparison
from grokterm.experiment.expectation import Expect, MetricAtStep, is_step
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.metrics import expected_metrics


def expecting(**ranges: object) -> Expect:
    return Expect.from_settings({"evidence": "ours", **ranges})


@pytest.mark.parametrize("name", ["train_loss < 1e-4", "train_loss<0.0001", " train_loss  <  1e-4 "])
def test_a_crossing_is_read_however_it_is_spaced(name: str) -> None:
    expect = expecting(**{name: [73, 165]})
    assert expect.crossings == {name: Comparison("train_loss", "<", 1e-4)}
    assert expect.ranges == {name: (73, 165)}


def test_a_crossing_may_be_expected_never_to_happen() -> None:
    assert expecting(**{"val_accuracy >= 0.95": "never"}).ranges == {"val_accuracy >= 0.95": "never"}


def test_what_has_no_comparison_is_no_crossing() -> None:
    expect = expecting(grokked_at="never", val_loss=[0, 1], norm_growth=[4, 5.2])
    assert expect.crossings == {}
    assert list(expect.ranges) == ["grokked_at", "val_loss", "norm_growth"]


def test_below_leaves_the_bound_out_and_at_least_takes_it_in() -> None:
    assert [Comparison("val_loss", "<", 0.5).is_met_by(value) for value in (0.4, 0.5, 0.6, math.nan)] == [
        True,
        False,
        False,
        False,
    ]
    assert [Comparison("val_loss", ">=", 0.5).is_met_by(value) for value in (0.4, 0.5, 0.6, math.nan)] == [
        False,
        True,
        True,
        False,
    ]


def test_milestones_and_crossings_are_steps_and_the_rest_is_not() -> None:
    assert all(map(is_step, ("grokked_at", "val_loss < 1")))
    assert not any(map(is_step, ("val_loss", "parameter_norm", "ipr @ 200", "phase_alignment.mean")))


@pytest.mark.parametrize("name", ["ipr @ 200", "ipr@200", " ipr  @ 0200 "])
def test_a_number_at_a_step_is_read_however_it_is_spaced(name: str) -> None:
    assert expecting(**{name: [0, 1]}).inspected == {name: MetricAtStep("ipr", 200)}


def test_numbers_of_the_weights_are_told_from_others() -> None:
    expect = expecting(ipr=[0, 1], val_loss=[0, 1], **{"phase_alignment.mean @ 7": [-1, 1], "val_loss < 1": "never"})
    assert expect.inspected == {"ipr": MetricAtStep("ipr"), "phase_alignment.mean @ 7": MetricAtStep("phase_alignment.mean", 7)}
    assert list(expect.crossings) == ["val_loss < 1"]


def test_every_expected_number_survives_a_file() -> None:
    ranges = dict.fromkeys((*expected_metrics(), "ipr @ 200", "phase_alignment.mean @ 200"), (-0.5, 0.5))
    written = Experiment.from_settings({"expect": {"evidence": "ours", **ranges}}).to_toml()
    assert (read := Experiment.from_toml(written).expect) is not None
    assert read.ranges == ranges


def test_what_the_source_says_is_kept_for_people_and_expects_nothing() -> None:
    expect = expecting(source_says="train99 960, test99 1,200", grokked_at=[1080, 1320])
    assert expect.source_says == "train99 960, test99 1,200"
    assert list(expect.ranges) == ["grokked_at"]
    assert expecting().source_says == ""


@pytest.mark.parametrize(("evidence", "is_digitized"), [("D one run", True), ("S", False), ("V, then D", False)])
def test_only_numbers_read_off_a_picture_are_digitized(evidence: str, *, is_digitized: bool) -> None:
    assert Expect(evidence=evidence).is_digitized is is_digitized
