from math import inf, nan

import pytest

from grokterm.analysis.milestones import MilestoneDetector
from grokterm.experiment.conditions import Milestone


def see(
    watch: MilestoneDetector, train: float, val: float, *, train_loss: float = 0.1, val_loss: float = 0.1
) -> list[Milestone]:
    return watch.update(train_loss=train_loss, val_loss=val_loss, train_accuracy=train, val_accuracy=val)


def test_a_network_that_knows_nothing_reaches_nothing() -> None:
    assert see(MilestoneDetector(), 0.01, 0.01) == []


@pytest.mark.parametrize(
    ("train", "val", "reached"),
    [
        (0.989, 0.989, []),
        (0.99, 0.0, ["memorized"]),
        (1.0, 0.989, ["memorized"]),
        (1.0, 0.99, ["memorized", "grokked"]),
        (0.5, 1.0, ["grokked"]),
    ],
)
def test_a_side_is_learned_from_99_percent(train: float, val: float, reached: list[Milestone]) -> None:
    assert see(MilestoneDetector(), train, val) == reached


def test_a_milestone_is_reported_once_a_segment() -> None:
    watch = MilestoneDetector()
    assert see(watch, 1.0, 0.2) == ["memorized"]
    assert see(watch, 0.5, 0.2) == []
    assert see(watch, 1.0, 1.0) == ["grokked"]
    assert see(watch, 1.0, 1.0) == []
    assert watch.reached == {"memorized", "grokked"}


def test_a_swap_begins_a_segment_with_milestones_of_its_own() -> None:
    watch = MilestoneDetector()
    see(watch, 1.0, 1.0)
    watch.begin_segment()
    assert watch.reached == set()
    assert see(watch, 1.0, 1.0) == ["memorized", "grokked"]


def test_a_network_ungrokks_once_its_accuracy_falls_below_half_after_a_swap() -> None:
    watch = MilestoneDetector()
    see(watch, 1.0, 1.0)
    watch.begin_segment()
    assert see(watch, 0.0, 0.5) == []
    assert see(watch, 0.0, 0.499) == ["ungrokked"]
    assert see(watch, 0.0, 0.3) == []


def test_accuracy_that_falls_without_a_swap_is_no_ungrokking() -> None:
    watch = MilestoneDetector()
    see(watch, 1.0, 1.0)
    assert see(watch, 1.0, 0.1) == []


def test_a_network_that_never_generalised_cannot_ungrok() -> None:
    watch = MilestoneDetector()
    see(watch, 1.0, 0.49)
    watch.begin_segment()
    assert see(watch, 1.0, 0.1) == ["memorized"]


def test_half_the_table_right_is_enough_to_have_something_to_forget() -> None:
    watch = MilestoneDetector()
    see(watch, 0.0, 0.5)
    watch.begin_segment()
    assert see(watch, 0.0, 0.1) == ["ungrokked"]


def test_a_network_that_generalises_only_after_the_swap_can_ungrok_too() -> None:
    watch = MilestoneDetector()
    watch.begin_segment()
    assert see(watch, 0.0, 0.1) == []
    assert see(watch, 0.0, 0.8) == []
    assert see(watch, 0.0, 0.1) == ["ungrokked"]


def test_a_network_that_is_swapped_again_after_it_ungrokked_has_nothing_left_to_forget() -> None:
    watch = MilestoneDetector()
    see(watch, 0.0, 1.0)
    watch.begin_segment()
    assert see(watch, 0.0, 0.1) == ["ungrokked"]
    watch.begin_segment()
    assert see(watch, 0.0, 0.1) == []


def test_a_network_that_recovers_can_ungrok_again_in_the_next_segment() -> None:
    watch = MilestoneDetector()
    see(watch, 0.0, 1.0)
    for _ in range(2):
        watch.begin_segment()
        assert see(watch, 0.0, 0.1) == ["ungrokked"]
        assert see(watch, 0.0, 0.5) == []


def test_two_swaps_without_an_evaluation_between_them_count_as_one() -> None:
    watch = MilestoneDetector()
    see(watch, 0.0, 1.0)
    watch.begin_segment()
    watch.begin_segment()
    assert see(watch, 0.0, 0.1) == ["ungrokked"]


def test_a_network_that_lost_what_it_had_learned_before_the_swap_does_not_ungrok_after_it() -> None:
    watch = MilestoneDetector()
    see(watch, 0.0, 1.0)
    see(watch, 0.0, 0.4)
    watch.begin_segment()
    assert see(watch, 0.0, 0.1) == []


@pytest.mark.parametrize("broken", [nan, inf, -inf])
def test_a_loss_that_is_not_finite_on_either_side_is_a_divergence(broken: float) -> None:
    assert see(MilestoneDetector(), 0.0, 0.0, train_loss=broken) == ["diverged"]
    assert see(MilestoneDetector(), 0.0, 0.0, val_loss=broken) == ["diverged"]
    assert see(MilestoneDetector(), 0.0, 0.0, train_loss=1e38) == []
