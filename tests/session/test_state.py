import copy
from itertools import pairwise
from math import nan

import numpy as np
import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Extend, Set, Swap
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import (
    Advanced,
    Branched,
    Continued,
    Paced,
    Paused,
    Reached,
    Record,
    Refused,
    Switched,
    Unsaved,
)
from grokterm.session.state import LabState, fold
from tests.runs.records import acted, checkpointed, evaluated, finished, started

STORY: list[Record] = [
    started(),
    evaluated(0),
    Advanced(step=5, steps_per_second=100.0),
    evaluated(5, val_accuracy=1.0),
    Reached(step=5, milestone="memorized"),
    Reached(step=5, milestone="grokked"),
    checkpointed(5),
    acted(6, Swap(train_fraction=0.25), n_train=3),
    acted(7, Set(values={"optimizer.learning_rate": 0.25}), n_train=3),
    Paused(step=7),
    Refused(step=7, message="no"),
    Continued(step=7),
    Paced(step=7, steps_per_second=2.0),
    evaluated(10),
    Reached(step=10, milestone="memorized"),
    Unsaved(step=10, message="full"),
]


@pytest.fixture
def state(tiny: Experiment) -> LabState:
    return LabState(tiny)


def plain(state: LabState) -> dict[str, object]:
    return vars(state) | {"curves": np.nan_to_num(state.curves.rows, nan=-1.0).tolist()}


def test_folding_leaves_the_state_it_was_given_alone(state: LabState) -> None:
    middle = fold(state, STORY[:7])
    before = copy.deepcopy(plain(middle))
    after = fold(middle, STORY[7:])
    assert plain(middle) == before
    assert plain(after) != before
    assert plain(fold(middle, STORY[7:])) == plain(after)


def test_two_futures_of_one_past_do_not_meet(state: LabState) -> None:
    past = fold(state, [evaluated(0), evaluated(5)])
    one, other = (fold(past, [evaluated(10, val_accuracy=accuracy)]) for accuracy in (0.25, 0.75))
    assert one.latest("val_accuracy") == 0.25
    assert other.latest("val_accuracy") == 0.75
    assert past.curves.column("step").tolist() == [0, 5]


def test_a_long_past_is_not_copied_with_every_evaluation(state: LabState) -> None:
    kept = [state := fold(state, [evaluated(step)]) for step in range(1000)]
    n_copies = sum(
        not np.shares_memory(one.curves.column("step"), later.curves.column("step")) for one, later in pairwise(kept)
    )
    assert n_copies <= np.log2(len(kept)) + 1
    assert state.curves.column("step").tolist() == list(range(1000))


def test_the_curves_of_an_ensemble_have_a_band_of_those_that_have_not_diverged(state: LabState) -> None:
    rows = [[1.0, 0.2, 2.0, 0.1], [3.0, 0.4, 4.0, 0.3], [nan, 0.0, nan, 0.0]]
    together = fold(state, [Evaluated.of(0, rows), Evaluated.of(5, rows)])
    band = together.curves.band("val_loss")
    assert band is not None
    assert [edge.tolist() for edge in band] == [[2.0, 2.0], [4.0, 4.0]]
    assert together.latest("val_loss") == 3.0
    assert fold(state, [evaluated(0)]).curves.band("val_loss") is None


@pytest.mark.parametrize("cut", range(len(STORY) + 1))
def test_it_does_not_matter_how_a_stream_is_cut(cut: int, state: LabState) -> None:
    assert plain(fold(fold(state, STORY[:cut]), STORY[cut:])) == plain(fold(state, STORY))


def test_a_story_is_known_by_its_last_word(state: LabState) -> None:
    told = fold(state, STORY)
    assert told.step == 10
    assert (told.n_train, told.n_val) == (3, 4)
    assert told.pace == 2.0
    assert told.refusals == ("no",)
    assert told.curves.column("step").tolist() == [0, 5, 10]
    assert told.latest("val_accuracy") == 0.0
    assert told.experiment.live_value("optimizer.learning_rate") == 0.25
    assert [event.label for event in told.events if event.is_swap] == ["swap to 25 %"]


def test_a_swap_begins_a_segment_and_keeps_the_milestones_of_the_run(state: LabState) -> None:
    told = fold(state, STORY)
    assert told.milestones == {"memorized": 5, "grokked": 5}
    assert told.segment == {"memorized": 10}


def test_nothing_is_known_before_the_first_record(state: LabState) -> None:
    assert state.phase == "loading"
    assert state.latest("val_loss") is None
    assert plain(fold(state, [])) == plain(state)


@pytest.mark.parametrize(
    ("record", "phase"),
    [(started(), "training"), (Paused(step=0), "paused"), (finished(0), "ended"), (Unsaved(step=0, message=""), "paused")],
)
def test_the_phase_follows_the_records(record: Record, phase: str, state: LabState) -> None:
    assert fold(state, [record]).phase == phase


def test_what_is_unsaved_is_forgotten_once_it_is_saved(state: LabState) -> None:
    refused = fold(state, [Unsaved(step=1, message="full")])
    assert refused.unsaved == "full"
    assert fold(refused, [Continued(step=1)]).unsaved == "full"
    assert fold(refused, [checkpointed(1)]).unsaved == ""


def test_a_full_disk_does_not_hide_that_the_training_has_ended(state: LabState) -> None:
    assert fold(state, [finished(1), Unsaved(step=1, message="full")]).phase == "ended"


def test_a_run_that_goes_on_after_its_end_has_not_ended(state: LabState) -> None:
    going = fold(state, [started(), finished(5), started(5), Unsaved(step=6, message="full")])
    assert (going.phase, going.ended) == ("paused", "")


def test_the_time_so_far_is_that_of_the_last_record_which_says_it(state: LabState) -> None:
    records: list[Record] = [checkpointed(1, seconds=2.0), Advanced(step=2, steps_per_second=9.0, seconds=3.5)]
    assert fold(state, records).seconds == 3.5
    assert fold(fold(state, records), [Paused(step=2)]).seconds == 3.5


def test_the_speed_is_smoothed(state: LabState) -> None:
    once = fold(state, [Advanced(step=1, steps_per_second=100.0)])
    twice = fold(once, [Advanced(step=2, steps_per_second=200.0)])
    assert once.steps_per_second == 100.0
    assert twice.steps_per_second == pytest.approx(120.0)


def test_what_runs_the_steps_is_known_and_why_it_is_not_what_was_asked_for(state: LabState) -> None:
    after = fold(state, [started(engine="fused"), Switched(step=5, engine="graph")])
    assert (after.engine, after.refusals) == ("graph", ())
    after = fold(after, [Switched(step=7, engine="eager", message="the steps before were made by graph")])
    assert (after.engine, after.refusals) == ("eager", ("the steps before were made by graph",))


def test_what_was_known_at_an_earlier_step_leaves_out_what_came_after(state: LabState) -> None:
    story = fold(state, STORY)
    middle = STORY[len(STORY) // 2].step
    assert plain(story.until(story.step))["curves"] == plain(story)["curves"]
    earlier = story.until(middle)
    assert earlier.step == middle < story.step
    assert max(earlier.curves.column("step")) <= middle < max(story.curves.column("step"))
    assert [event.step for event in earlier.events] == [event.step for event in story.events if event.step <= middle]


@pytest.mark.parametrize("step", [0, 5, 6, 7, 10, 12])
def test_an_earlier_step_has_the_settings_sides_and_milestones_of_then(step: int, state: LabState) -> None:
    story: list[Record] = [
        *STORY,
        acted(10, Swap(operation="subtract"), n_train=2, n_val=1, n_seen=7),
        Reached(step=10, milestone="memorized"),
        acted(12, Set(values={"optimizer.learning_rate": 0.5}), n_train=2, n_val=1, n_seen=7),
        Branched(step=12, parent="other-1", path="runs/other-1"),
        evaluated(15),
        Reached(step=15, milestone="grokked"),
        acted(15, Extend(steps=100), n_train=2, n_val=1, n_seen=7),
    ]
    earlier = plain(fold(state, story).until(step)), plain(fold(state, [one for one in story if one.step <= step]))
    of_then = ("experiment", "n_train", "n_val", "n_seen", "swapped_operation", "milestones", "segment", "events", "branches")
    for name in (*of_then, "curves", "inspections", "former", "former_sides"):
        assert earlier[0][name] == earlier[1][name], name
