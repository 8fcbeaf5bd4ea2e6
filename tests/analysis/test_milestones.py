from math import inf, nan

import numpy as np
import pytest

from grokterm.analysis.milestones import EnsembleMilestoneDetector, MilestoneDetector, telling_rows
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


def test_a_run_without_validation_memorizes_and_diverges_and_no_more() -> None:
    watch = MilestoneDetector()
    watch.begin_segment()
    assert watch.update(train_loss=0.1, train_accuracy=1.0) == ["memorized"]
    assert watch.update(train_loss=nan, train_accuracy=0.0) == ["diverged"]


def columns_of(*train: float, val: tuple[float, ...] = (), losses: tuple[float, ...] = ()) -> dict[str, np.ndarray]:
    columns = {"train_accuracy": train, "train_loss": losses or (0.1,) * len(train)}
    if val:
        columns |= {"val_accuracy": val, "val_loss": (0.1,) * len(val)}
    return {name: np.array(values) for name, values in columns.items()}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (columns_of(0.1, 0.2, 0.3), [2]),
        (columns_of(0.1, 0.99, 1.0, 1.0), [1, 3]),
        (columns_of(0.1, 0.1, 0.1, 0.1, losses=(1.0, inf, nan, 1.0)), [1, 3]),
        (columns_of(0.0, 0.0, 0.0, 0.0, val=(0.1, 0.2, 0.3, 0.4)), [0, 3]),
        (columns_of(*[0.0] * 6, val=(0.2, 0.5, 0.6, 0.49, 0.4, 0.3)), [0, 1, 3, 5]),
        (columns_of(*[0.0] * 6, val=(0.9, 0.98, 0.99, 1.0, 0.4, 0.3)), [0, 2, 4, 5]),
    ],
)
def test_rows_tell_something_where_it_is_seen_first_and_at_the_end(columns: dict[str, np.ndarray], expected: list[int]) -> None:
    assert sorted(telling_rows(columns)) == expected


@pytest.mark.parametrize("is_swapped", [False, True])
def test_a_detector_that_sees_the_telling_rows_alone_is_as_after_all(is_swapped: bool) -> None:  # noqa: FBT001
    draw = np.random.default_rng(0)
    for _ in range(200):
        accuracies = draw.choice([0.0, 0.49, 0.5, 0.98, 0.99, 1.0], (2, 6))
        losses = draw.choice([0.1, 0.2, 0.3, nan, inf], (2, 6))
        names = ["train_accuracy", "val_accuracy", "train_loss", "val_loss"]
        columns = dict(zip(names, [*accuracies, *losses], strict=True))
        ends = []
        for rows in (range(6), sorted(telling_rows(columns))):
            watch = MilestoneDetector()
            if is_swapped:
                watch.begin_segment()
            for row in rows:
                watch.update(**{name: float(values[row]) for name, values in columns.items()})
            ends.append(watch)
        assert ends[0] == ends[1]


def test_an_ensemble_reaches_what_every_member_has_reached_in_the_order_of_a_run() -> None:
    def row(train: float, val: float) -> dict[str, float]:
        return {"train_loss": 0.1, "train_accuracy": train, "val_loss": 0.1, "val_accuracy": val, "parameter_norm": 3.0}

    watch = EnsembleMilestoneDetector(2)
    assert watch.update([row(1.0, 1.0), row(0.5, 0.5)]) == []
    assert watch.update([row(0.0, 0.0), row(1.0, 1.0)]) == ["memorized", "grokked"]  # not at the same evaluation
    assert watch.update([row(1.0, 1.0), row(1.0, 1.0)]) == []
    assert watch.reached == {"memorized", "grokked"}
    watch.begin_segment()
    assert watch.reached == set()
    assert watch.update([row(0.0, 0.4), row(1.0, 1.0)]) == []
    assert watch.update([row(1.0, 0.0), row(1.0, 0.4)]) == ["memorized", "ungrokked"]
    with pytest.raises(ValueError, match="argument"):
        watch.update([row(1.0, 1.0)])


def test_a_single_network_is_an_ensemble_of_one_which_may_have_no_validation() -> None:
    watch = EnsembleMilestoneDetector()
    assert watch.update([{"train_loss": 0.1, "train_accuracy": 1.0}]) == ["memorized"]
