"""The lines of words around the pictures, each from one state."""

from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text
from textual.geometry import Size

from grokterm.experiment.conditions import Milestone
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.records import Evaluated
from grokterm.plots.palettes import PALETTES
from grokterm.session.state import Curves, Event, LabState
from grokterm.tui.notifications import Notice, Notifications
from grokterm.tui.widgets import facts
from grokterm.tui.widgets.status import Banner, Status, phase_of
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
    return replace(LabState(experiment), phase="training", step=1234, **values)


def printed(table: object) -> str:
    console = Console(width=60, record=True, file=None)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def status(state: LabState | None) -> str:
    widget = Status(PALETTES["256"])
    widget.set_reactive(Status.state, state)
    return str(widget.render())


def banner(state: LabState, *, ascii_only: bool = False) -> str:
    widget = Banner(PALETTES["ascii" if ascii_only else "256"])
    widget.set_reactive(Banner.state, state)
    rendered = widget.render()
    return str(rendered) if isinstance(rendered, Text) else printed(rendered)


def test_the_status_line_says_how_far_and_how_well() -> None:
    line = status(state_with(curves=CURVES))
    assert line == " step 1,234 / 3,000   train 1.000  val 0.998   loss 2.1e-06 / 4.0e-05   learning"


@pytest.mark.parametrize(("width", "losses"), [(80, ""), (120, "   loss 2.1e-06 / 4.0e-05 / 3.0e-03")])
def test_the_status_line_says_how_well_what_was_trained_on_before_is_answered(
    width: int, losses: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Status, "size", Size(width, 1))
    assert (
        status(state_with(curves=SEEN_CURVES)) == f" step 1,234 / 3,000   train 1.000  val 0.998  seen 0.875{losses}   learning"
    )


def test_the_columns_of_the_status_line_do_not_jump() -> None:
    early, late = (status(replace(state_with(curves=CURVES), step=step)) for step in (7, 2999))
    assert early.index("train") == late.index("train")


def test_the_status_line_says_that_torch_is_loading() -> None:
    assert status(None) == status(replace(state_with(), phase="loading")) == "loading torch ..."
    assert status(state_with()) == ""


@pytest.mark.parametrize(
    ("milestones", "segment", "word"),
    [
        ({}, {}, "learning"),
        ({"memorized": 5}, {"memorized": 5}, "memorized, not yet general"),
        ({"memorized": 5, "grokked": 9}, {"memorized": 5, "grokked": 9}, "grokked"),
        ({"memorized": 5, "grokked": 9}, {"ungrokked": 20}, "ungrokked"),
        ({"memorized": 5, "grokked": 9}, {}, "learning"),
        ({"diverged": 3}, {"diverged": 3}, "diverged"),
    ],
)
def test_the_phase_is_that_of_the_present_segment(
    milestones: dict[Milestone, int], segment: dict[Milestone, int], word: str
) -> None:
    assert phase_of(state_with(milestones=milestones, segment=segment)) == word


def test_the_banner_says_where_and_how_fast() -> None:
    line = banner(state_with(device="cpu", steps_per_second=1250.4, pace=None))
    assert line.startswith("grokterm · Brief")
    assert line.rstrip().endswith("cpu · 1,250 steps/s · ● training")


def test_the_banner_says_why_a_training_has_ended() -> None:
    assert "ended (diverged)" in banner(replace(state_with(device="cpu", ended="diverged"), phase="ended"))


def test_the_banner_of_a_plain_terminal_has_no_symbol() -> None:
    assert "●" not in banner(state_with(device="cpu"), ascii_only=True)


def test_two_states_with_curves_of_equal_length_can_follow_each_other() -> None:
    widget = Status(PALETTES["256"])
    widget.state = state_with(curves=CURVES)
    widget.state = state_with(curves=Curves(CURVES.rows / 2))
    assert "val 0.499" in str(widget.render())


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
    assert [notice.text for notice in notifications.of(state_with(refusals=("a",)), "run")] == ["a"]
    assert [notice.text for notice in notifications.of(state_with(refusals=("a", "b")), "run")] == ["b"]
    assert list(notifications.of(state_with(refusals=("a", "b")), "run")) == []


def test_a_save_is_said_once_it_is_done_and_only_if_it_was_asked_for() -> None:
    notifications = Notifications()
    assert list(notifications.of(state_with(saved_at=1200), "run")) == []
    notifications.await_save(1230)
    assert list(notifications.of(state_with(saved_at=1200), "run")) == []
    assert list(notifications.of(state_with(saved_at=1231), "run")) == [Notice("run, step 1,231", "Saved")]
    assert list(notifications.of(state_with(saved_at=1300), "run")) == []


def test_a_full_disk_is_said_once_and_again_after_a_save_that_fails_too() -> None:
    notifications, full = Notifications(), state_with(unsaved="disk full")
    assert [notice.title for notice in notifications.of(full, "run")] == ["Not saved"]
    assert list(notifications.of(full, "run")) == []
    notifications.await_save(1234)
    assert [notice.title for notice in notifications.of(full, "run")] == ["Not saved"]


def test_the_status_line_and_the_facts_say_that_nothing_was_held_out() -> None:
    widget = Status(PALETTES["256"])
    widget.state = state_with(curves=curves_of(), n_train=9_409)
    assert "train 1.000  val -   loss 2.1e-06 / -" in str(widget.render())
    assert "none" in printed(facts._table(state_with(n_train=121), "")).split("network")[0]
