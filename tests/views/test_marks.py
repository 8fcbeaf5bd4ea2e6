from grokterm.experiment.experiment import Experiment
from grokterm.session.state import Event, LabState
from grokterm.views.marks import marks_of, named_marks


def test_a_milestone_that_a_swap_does_not_undo_is_marked_once(tiny: Experiment) -> None:
    events = (Event(10, "memorized"), Event(30, "swap to 2 %", is_swap=True), Event(35, "memorized"), Event(35, "ungrokked"))
    state = LabState(tiny, events=events, milestones={"memorized": 10, "ungrokked": 35})
    assert [(mark.label, mark.x) for mark in marks_of(state)] == [("memorized", 10), ("swap to 2 %", 30), ("ungrokked", 35)]


def test_each_mark_says_its_step_and_a_swap_what_it_was_and_what_changes_nothing_has_none(tiny: Experiment) -> None:
    events = (
        Event(1640, "memorized"),
        Event(2000, "save"),
        Event(2000, "extend to 4,000 steps"),
        Event(3000, "swap to 2 %, to multiply (batch size 188)", is_swap=True),
        Event(3500, "set learning_rate 0.01"),
    )
    state = LabState(tiny, events=events, milestones={"memorized": 1640})
    assert [mark.label for mark in named_marks(state)] == [
        "memorized 1,640",
        "2 % of the table, multiply at 3,000",
        "set learning_rate 0.01 at 3,500",
    ]
    assert [(mark.x, mark.label) for mark in named_marks(state, origin=3000)][2] == (500, "set learning_rate 0.01 at +500")
