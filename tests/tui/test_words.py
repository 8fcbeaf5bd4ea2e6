"""The lines of words around the pictures, each from one state."""

from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from grokterm.experiment.conditions import Milestone
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.trouble import Trouble
from grokterm.plots.palettes import PALETTES
from grokterm.reports.preset import Prospect, in_two_lines
from grokterm.session.curves import Curves
from grokterm.session.state import Event, LabState
from grokterm.tui.control.notifications import Notice, Notifications, merged
from grokterm.tui.widgets.lab import facts
from grokterm.tui.widgets.lab.status import Glance, Status, header, phase_of
from grokterm.tui.widgets.lab.status import status as status_line
from grokterm.tui.widgets.setup.details import in_lines
from grokterm.views.curves import reading
from grokterm.views.window import CurvesChoice
from tests.tui.driving import BRIEF

Reached = dict[Milestone, int]


def curves_of(**measured: float) -> Curves:
    """One evaluation at step 1,234."""
    losses = {"train_loss": 2.14e-6, "train_accuracy": 1.0, "parameter_norm": 9.0}
    return Curves().extended([Evaluated(step=1234, **losses, **measured)])


VAL = {"val_loss": 4.0e-5, "val_accuracy": 0.998}
CURVES = curves_of(**VAL)
SEEN_CURVES = curves_of(**VAL, seen_loss=3e-3, seen_accuracy=0.875)


def state_with(**values: Any) -> LabState:  # noqa: ANN401 - whatever a state holds
    experiment = Experiment.from_toml(BRIEF.replace("steps = 40", "steps = 3000"))
    given: dict[str, Any] = {"phase": "training", "step": 1234} | values
    return replace(LabState(experiment), **given)


def printed(table: object) -> str:
    console = Console(width=60, record=True, file=None)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def status(state: LabState, width: int = 160, *, ascii_only: bool = False, **seen: Any) -> str:  # noqa: ANN401 - of a Glance
    return str(status_line(Glance(state, **seen), width, PALETTES["ascii" if ascii_only else "256"])).rstrip()


def banner(state: LabState, width: int = 120, *, ascii_only: bool = False, **seen: Any) -> str:  # noqa: ANN401 - of a Glance
    return str(header(Glance(state, **seen), width, PALETTES["ascii" if ascii_only else "256"]))


def test_the_status_line_says_how_far_and_how_well() -> None:
    line = status(state_with(curves=CURVES, seconds=65.2))
    start = "step 1,234 / 3,000  ▓▓▓▓░░░░░░  train 1.000  val 0.998  loss 2.1e-06 / 4.0e-05  lr 0.01  wd 0.01  norm   9.0"
    assert line.startswith(start)
    assert line.removeprefix(start).strip() == "1:05 so far"
    assert status(state_with(curves=CURVES, seconds=65.2, phase="ended")).endswith("  took 1:05")
    assert "####------" in status(state_with(curves=CURVES), ascii_only=True)


def test_the_step_goes_on_while_the_numbers_are_those_of_the_curves() -> None:
    line = status(state_with(step=1300, curves=curves_of(val_loss=1.0, val_accuracy=0.5)), measured=state_with(curves=CURVES))
    assert line.startswith("step 1,300 / 3,000")
    assert "val 0.998  loss 2.1e-06 / 4.0e-05" in line


@pytest.mark.parametrize("width", [60, 80, 160])
@pytest.mark.parametrize("name", ["n" * 215, "a name of words " * 20])
def test_a_long_name_leaves_room_for_what_the_training_does(width: int, name: str) -> None:
    state = state_with(curves=CURVES, device="cpu", milestones={"grokked": 960}, segment={"grokked": 960})
    for seen in (dict[str, Any](run_name=name), dict[str, Any](run_name=name, frozen_at=900)):
        line = banner(state, width, **seen, is_elsewhere=True)
        assert line.startswith(name[:10])
        assert line.endswith("attached   ● training")
        assert "grokked 960" in line or width == 60
        assert len(line) == width
    titled = banner(replace(state, experiment=state.experiment.model_copy(update={"title": name})), width)
    assert titled.endswith("● training")


def test_the_status_line_says_how_busy_the_device_is_where_there_is_room() -> None:
    glance, said = Glance(state_with(curves=CURVES, seconds=65.2)), "GPU  87 % 12.3/80 GB 65 °C 310 W"
    assert str(status_line(glance, 160, PALETTES["256"], said)).endswith(f"  {said}   1:05 so far")
    assert "GPU" not in str(status_line(glance, 120, PALETTES["256"], said))
    assert str(status_line(glance, 160, PALETTES["ascii"], said)).isascii()


@pytest.mark.parametrize("width", range(20, 161, 7))
def test_no_line_is_cut_in_the_middle_and_what_is_most_important_stays(width: int) -> None:
    state = state_with(curves=SEEN_CURVES, seconds=65.2, steps_per_second=1250.4, device="cpu", milestones={"grokked": 960})
    for line in (status(state, width), status(state, width, has_curves=True)):
        assert line.startswith("step 1,234 / 3,000")
        assert len(line) <= width
        whole = {part.strip() for part in status(state, 300).split("  ") if part.strip()} | {"▓▓░░░"}
        assert {part.strip() for part in line.split("  ") if part.strip()} <= whole
    line = banner(state, width, run_name="quick-20261129-052055", frozen_at=1200)
    assert line.startswith("quick")
    assert len(line) == width


def test_a_terminal_of_80_columns_shows_what_the_curves_do_not() -> None:
    state = state_with(curves=CURVES, steps_per_second=1250.4)
    assert "train 1.000  val 0.998" in status(state, 78)
    assert "lr 0.01  wd 0.01  norm   9.0" in status(state, 78, has_curves=True)
    assert "seen 0.875" in status(state_with(curves=SEEN_CURVES), 78)


def test_the_columns_of_the_lines_do_not_jump() -> None:
    early, late = (status(replace(state_with(curves=CURVES), step=step)) for step in (7, 2999))
    assert early.index("train") == late.index("train")
    rates = (0.32, 9.94, 12.3, 999.4, 1250.4, 98_765.0)
    lines = [banner(state_with(device="cpu", steps_per_second=rate, curves=CURVES), 200) for rate in rates]
    assert len({line.index("cpu") for line in lines}) == 1
    assert [line.split("cpu")[1].split("steps")[0].strip() for line in lines] == ["0.3", "9.9", "12", "999", "1.3k", "99k"]


def test_the_banner_says_which_part_of_a_mixture_trains() -> None:
    assert "part 1 of 2" in banner(state_with(part="part 1 of 2", curves=CURVES), 80, run_name="report-memorizer")


def test_the_status_line_says_that_torch_is_loading() -> None:
    widget = Status(id="status")
    assert str(widget.render()) == "loading torch"
    widget.glance = Glance(replace(state_with(), phase="loading"))
    assert str(widget.render()) == "loading torch"
    widget.glance = Glance(state_with())
    assert str(widget.render()) == ""


@pytest.mark.parametrize(
    ("milestones", "segment", "words"),
    [
        ({}, {}, "learning"),
        ({"memorized": 50}, {"memorized": 50}, "memorized 50"),
        ({"memorized": 50, "grokked": 255}, {"memorized": 50, "grokked": 255}, "grokked 255 (5.1x)"),
        ({"memorized": 0, "grokked": 9}, {"memorized": 0, "grokked": 9}, "grokked 9"),
        ({"memorized": 5, "grokked": 9}, {"ungrokked": 1020}, "ungrokked 1,020"),
        ({"diverged": 3}, {"diverged": 3}, "diverged 3"),
    ],
)
def test_the_phase_is_that_of_the_present_segment(
    milestones: dict[Milestone, int], segment: dict[Milestone, int], words: str
) -> None:
    assert phase_of(state_with(milestones=milestones, segment=segment)) == words


@pytest.mark.parametrize(("val", "words"), [(0.2, "learning; swapped at 66"), (0.995, "generalizes; swapped at 66")])
def test_the_phase_after_a_swap_is_that_of_the_network(val: float, words: str) -> None:
    events = (Event(66, "2 % of the table", is_swap=True),)
    curves = curves_of(val_loss=1.0, val_accuracy=val)
    assert phase_of(state_with(milestones={"memorized": 5, "grokked": 9}, events=events, curves=curves)) == words


def test_a_network_that_a_swap_left_general_is_not_said_to_have_grokked_then() -> None:
    swapped, general = (Event(66, "2 % of the table", is_swap=True),), curves_of(val_loss=1.0, val_accuracy=1.0)
    again: Reached = {"memorized": 66, "grokked": 66}
    assert phase_of(state_with(segment=again, events=swapped, curves=general)) == "generalizes; swapped at 66"
    forgotten = curves_of(val_loss=1.0, val_accuracy=0.2)
    assert phase_of(state_with(segment={**again, "ungrokked": 90}, events=swapped, curves=forgotten)) == "ungrokked 90"


def test_a_run_that_has_ended_is_not_learning_any_more() -> None:
    assert phase_of(replace(state_with(), phase="ended")) == "not memorized"


def test_the_status_line_has_the_values_at_the_cursor_instead() -> None:
    widget, state = Status(id="status"), state_with(curves=CURVES)
    widget.glance = Glance(state, reading=reading(state, CurvesChoice(cursor=1240)))
    read = reading(state, CurvesChoice(cursor=1240))
    assert read == ("step 1,240", "train 1.000 val 0.998", "loss 2.1e-06 / 4.0e-05", "norm 9")
    assert str(widget.render()) == "step 1,240"  # a widget without a size has room for what is most important
    assert reading(state, CurvesChoice()) == ()
    assert reading(state_with(curves=curves_of()), CurvesChoice(cursor=2000))[1] == "train 1.000 val -"


def test_the_values_at_the_cursor_count_from_the_swap_as_the_curves_do() -> None:
    state = state_with(curves=CURVES, events=(SWAP,))
    assert reading(state, CurvesChoice(cursor=9103, since_swap=True))[0] == "step 9,103 (+103)"


def test_the_header_says_what_trains_where_and_for_how_long() -> None:
    learning = state_with(device="cpu", steps_per_second=10.0, curves=curves_of(val_loss=1.0, val_accuracy=0.1))
    line = banner(learning, run_name="tried-20261129-052055")
    assert line.startswith("tried   Brief   seed 0   learning")
    assert line.endswith("ETA  2:57   cpu   10 steps/s   ● training")


def test_a_pace_is_said_in_words_and_sets_the_time_left() -> None:
    line = banner(state_with(device="cpu", steps_per_second=900.0, pace=1.0, curves=CURVES))
    assert line.endswith("ETA 29:26   cpu pace: 1 steps/s   ● training")


def test_a_pace_that_is_not_kept_stands_beside_the_speed_and_an_end_has_neither() -> None:
    slow = state_with(device="cpu", steps_per_second=8.24, pace=300.0, curves=CURVES)
    assert banner(slow).endswith("cpu  8.2 steps/s (pace: 300)   ● training")
    assert banner(replace(slow, phase="ended", ended="complete")).endswith("   cpu   ■ ended (complete)")


def test_the_header_says_at_which_step_the_pictures_are_frozen() -> None:
    assert "frozen at step 1,200" in banner(state_with(curves=CURVES), 80, run_name="tried", frozen_at=1200)


def test_the_header_says_why_a_training_has_ended() -> None:
    assert "ended (diverged)" in banner(replace(state_with(device="cpu", ended="diverged"), phase="ended"))


DIVERGED = Trouble(reason="diverged", message="it diverged", last_good=1200)
LOST = Trouble(reason="device_lost", message=f"the device fails ({'x' * 160})", is_lost=True)
NO_MEMORY = Trouble(
    reason="out_of_memory", message="cuda:0 has not enough memory for a step of 4,704 equations: lower task.modulus"
)


@pytest.mark.parametrize("width", [60, 80, 160])
@pytest.mark.parametrize(
    ("trouble", "doing", "done"),
    [
        (DIVERGED, "paused: diverged at step 1,234", "step 1,200 is the last good checkpoint: branch there"),
        (LOST, "paused: device lost at step 1,234", "step 1,000 is saved"),
        (NO_MEMORY, "paused: out of memory at step 1,234", "try again"),
        (Trouble(reason="process_died", message="gone", is_lost=True), "paused: process died at step", "step 1,000 is saved"),
    ],
)
def test_trouble_is_said_with_what_can_be_done_and_nothing_is_cut(width: int, trouble: Trouble, doing: str, done: str) -> None:
    state = state_with(phase="paused", curves=CURVES, saved_at=1000, trouble=trouble)
    line = status(state, width - 2)
    assert done in line
    assert max(len(line), len(banner(state, width - 2))) <= width - 2
    assert doing in banner(state, width - 2)


def test_trouble_rings_once_and_that_of_a_run_that_is_opened_does_not() -> None:
    notifications = Notifications()
    assert progress(Notifications(), trouble=NO_MEMORY, opened_at=1234) == []
    assert progress(notifications, trouble=NO_MEMORY) == [Notice(NO_MEMORY.message, "Out of memory", "error", rings=True)]
    assert progress(notifications, trouble=NO_MEMORY) == []
    assert progress(notifications) == []
    assert len(progress(notifications, trouble=NO_MEMORY)) == 1  # it was tried again


def test_the_header_of_a_plain_terminal_has_no_symbol() -> None:
    line = banner(state_with(device="cpu"), ascii_only=True)
    assert line.isascii()
    assert line.endswith("training")


def test_the_facts_hold_settings_milestones_and_interventions() -> None:
    events = (Event(900, "memorized"), Event(960, "grokked"), Event(1000, "swap to 2 %", is_swap=True))
    shown = printed(
        facts._table(state_with(milestones={"memorized": 900, "grokked": 960}, events=events, n_train=73, n_val=48), "tried-1")
    )
    for row in ("a + b mod 11", "73 (0.603)", "adamw", "0.01", "tried-1", "900", "60", "1,000"):
        assert row in shown
    assert shown.count("grokked") == 1


def test_the_facts_count_what_was_trained_on_before_where_there_is_any() -> None:
    assert "seen" not in printed(facts._table(state_with(n_val=48), ""))
    assert "12, trained on before" in printed(facts._table(state_with(n_val=48, n_seen=12), ""))


def test_the_facts_show_the_polynomial_itself() -> None:
    text = BRIEF.replace("modulus = 11", 'modulus = 11\noperation = "expression"\nexpression = "a**2 + 3*a*b"')
    assert "a**2 + 3*a*b mod 11" in printed(facts._table(LabState(Experiment.from_toml(text)), ""))


def test_the_facts_say_what_the_present_operation_is() -> None:
    before, swapped = (
        " ".join(printed(facts._table(state, "")).split()) for state in (state_with(), state_with(swapped_operation="cubic"))
    )
    assert "elements 11 structure commutative group, identity 0 chance 9.1 % basis residues" in before
    assert "structure not commutative" in swapped
    assert "basis none known" in swapped


def test_the_facts_of_an_early_run_say_that_nothing_was_reached() -> None:
    assert "none yet" in printed(facts._table(state_with(), ""))


def test_every_refusal_is_said_once() -> None:
    notifications = Notifications()
    assert [notice.text for notice in notifications.of(state_with(refusals=("a",)))] == ["a"]
    assert [notice.text for notice in notifications.of(state_with(refusals=("a", "b")))] == ["b"]
    assert list(notifications.of(state_with(refusals=("a", "b")))) == []


def progress(notifications: Notifications, **values: Any) -> list[Notice]:  # noqa: ANN401 - whatever a state holds
    return list(notifications.of(state_with(**values)))


MEMORIZED, GROKKED = Event(1640, "memorized"), Event(8320, "grokked")
SWAP = Event(9000, "swap to 2 %", is_swap=True)


def test_every_milestone_rings_once() -> None:
    notifications = Notifications()
    reached: Reached = {"memorized": 1640}
    assert progress(notifications, events=(MEMORIZED,), milestones=reached) == [
        Notice("step 1,640: train accuracy 0.99 and above", "memorized", rings=True)
    ]
    reached["grokked"] = 8320
    assert progress(notifications, events=(MEMORIZED, GROKKED), milestones=reached) == [
        Notice("step 8,320: val accuracy 0.99 and above (5.1x memorized)", "grokked", rings=True)
    ]
    assert progress(notifications, events=(MEMORIZED, GROKKED, Event(8400, "save")), milestones=reached) == []


def test_what_happens_at_once_is_one_notification() -> None:
    reached: Reached = {"memorized": 1640, "grokked": 1640}
    both = progress(Notifications(), events=(MEMORIZED, Event(1640, "grokked")), milestones=reached)
    assert (merged(both).title, merged(both).text.count("\n")) == ("memorized, grokked", 1)


def test_after_a_swap_what_becomes_so_rings_and_what_has_stayed_so_does_not() -> None:
    notifications = Notifications()
    events = (MEMORIZED, GROKKED, SWAP, Event(9000, "memorized"), Event(9000, "grokked"))
    reached: Reached = {"memorized": 1640, "grokked": 8320}
    progress(notifications, events=events[:2], milestones=reached)
    assert progress(notifications, events=events, milestones=reached) == []
    ungrokked = Event(9040, "ungrokked"), Event(9900, "grokked")
    assert [notice.text for notice in progress(notifications, events=events + ungrokked, milestones=reached)] == [
        "step 9,040: val accuracy below 0.5",
        "step 9,900: val accuracy 0.99 and above",
    ]


@pytest.mark.parametrize(
    ("ended", "text"), [("complete", "complete"), ("stopped", "stopped by an intervention"), ("grokked", "stop_when grokked")]
)
def test_every_end_rings_once_and_the_past_of_a_run_that_is_opened_does_not(ended: str, text: str) -> None:
    opened: dict[str, Any] = {"phase": "ended", "ended": ended, "events": (MEMORIZED,), "n_earlier_events": 1}
    notifications = Notifications()
    assert progress(notifications, **opened, opened_at=1234) == []
    assert progress(notifications, **opened) == [Notice(f"step 1,234: {text}", "ended", rings=True)]
    assert progress(notifications, **opened) == []


def test_a_run_that_diverged_or_was_left_is_not_said_to_have_ended_too() -> None:
    (diverged,) = progress(Notifications(), phase="ended", ended="diverged", events=(Event(50, "diverged"),))
    assert (diverged.title, diverged.text) == ("diverged", "step 50: the loss is no longer a finite number")
    assert progress(Notifications(), phase="ended", ended="interrupted") == []


def test_an_ensemble_says_that_all_its_members_have_reached_it() -> None:
    training = {**state_with().experiment.training.model_dump(), "members": 4}
    state = state_with(events=(MEMORIZED,))
    ensemble = Experiment.from_settings(state.experiment.settings() | {"training": training})
    (notice,) = Notifications().of(replace(state, experiment=ensemble))
    assert notice.text == "step 1,640: train accuracy 0.99 and above, in all 4 members"


def test_a_save_is_said_once_it_is_done_and_only_if_it_was_asked_for() -> None:
    notifications = Notifications()
    assert list(notifications.of(state_with(saved_at=1200))) == []
    notifications.await_save(1230)
    assert list(notifications.of(state_with(saved_at=1200))) == []
    assert list(notifications.of(state_with(saved_at=1231))) == [Notice("step 1,231", "Saved")]
    assert list(notifications.of(state_with(saved_at=1300))) == []


def test_a_full_disk_is_said_once_and_again_after_a_save_that_fails_too() -> None:
    notifications, full = Notifications(), state_with(unsaved="disk full")
    assert [notice.title for notice in notifications.of(full)] == ["Not saved"]
    assert list(notifications.of(full)) == []
    notifications.await_save(1234)
    assert [notice.title for notice in notifications.of(full)] == ["Not saved"]


def test_the_status_line_says_why_nothing_was_saved_until_something_is() -> None:
    full = state_with(unsaved="/a/b/step-00000040.safetensors cannot be written: disk full: make room", phase="paused")
    assert status(full, 60) == "not saved: disk full: make room, then s"
    assert "not saved" not in status(state_with(phase="paused"))


def test_a_training_that_a_dialog_holds_is_not_called_paused() -> None:
    assert "held: a dialog is open" in banner(state_with(phase="paused", is_held=True))
    assert "paused" in banner(state_with(phase="paused"))


def test_the_status_line_and_the_facts_say_that_nothing_was_held_out() -> None:
    assert "train 1.000  val -  loss 2.1e-06 / -" in status(state_with(curves=curves_of(), n_train=9_409))
    assert "none" in printed(facts._table(state_with(n_train=121), "")).split("network")[0]


def test_expectations_that_do_not_fit_are_cut_between_two_of_them_with_a_sign() -> None:
    expectation = "[expect]\nevidence = 'ours'\nmemorized_at = [15, 30]\ngrokked_at = [35, 55]\nval_accuracy = [0.99, 1]\n"
    prospect = Prospect(Experiment.from_toml(BRIEF + expectation))
    whole, _ = in_two_lines(prospect)
    wanted, _ = in_lines(prospect, len(whole) - 1, PALETTES["256"])
    assert wanted == f"{whole.rpartition(' · ')[0]} …"
    assert in_lines(prospect, len(whole), PALETTES["256"])[0] == whole
