"""What is done to a training: swap, change, save."""

import pytest
from textual.widgets import Input, Static

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Extend, Save, Set, Swap
from grokterm.experiment.recording.records import Acted
from grokterm.session.commands import Command, GoOn
from grokterm.session.state import LabState
from grokterm.tui.screens.dialogs import FieldsDialog
from grokterm.tui.screens.lab import LabScreen
from grokterm.tui.screens.training_dialogs import change_dialog, extend_dialog
from tests.tui.driving import (
    BRIEF,
    ENDLESS,
    KERNEL,
    LARGE,
    app_on,
    content,
    journal,
    only_run,
    press_at_once,
    said,
    state,
    training,
    type_into,
    until,
)


async def test_w_swaps_the_training_set() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        before = state(app).n_train
        await pilot.press("w")
        assert isinstance(app.screen, FieldsDialog)
        await type_into(pilot, app.screen.query(Input).first(), "0.2")
        await pilot.press("enter")
        await until(pilot, lambda: any(event.is_swap for event in state(app).events), "the swap")
        assert state(app).n_train < before
        assert isinstance(app.screen, LabScreen)
    acted = [record for record in journal(only_run()) if isinstance(record, Acted)]
    assert [one.action for one in acted] == [Swap(train_fraction=0.2)]


async def test_keys_that_arrive_together_are_typed_where_they_belong() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        await pilot.press("h")
        press_at_once(app, *"0.00002", "tab", "down", "tab", *"0.5", "shift+tab", "up", "down", *"1e-7", "enter", "enter")
        await until(pilot, lambda: any("weight_decay" in event.label for event in state(app).events), "the change")
        await until(pilot, lambda: isinstance(app.screen, LabScreen), "the dialog's end")
    (acted,) = [record.action for record in journal(only_run()) if isinstance(record, Acted)]
    assert isinstance(acted, Set)
    assert acted.values == {
        "optimizer.learning_rate": 0.00002,
        "optimizer.epsilon": 1e-7,
        "optimizer.weight_decay": 0.5,
    }


async def test_a_swap_that_is_no_swap_is_explained_in_the_dialog_which_stays() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        await pilot.press("w")
        await type_into(pilot, app.screen.query(Input).first(), "2")
        await pilot.press("enter")
        assert "train_fraction must be" in str(app.screen.query_one("#problem", Static).render())
        await pilot.press("escape")
        assert isinstance(app.screen, LabScreen)
        assert not any(event.is_swap for event in state(app).events)


async def test_a_swap_that_the_run_cannot_do_says_why_in_the_dialog_which_stays() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        await pilot.press("w")
        field = app.screen.query(Input).first()
        await type_into(pilot, field, "0.0001")
        await pilot.press("enter")
        (refusal,) = state(app).refusals
        assert str(app.screen.query_one("#problem", Static).render()) == refusal
        assert not any(event.is_swap for event in state(app).events)
        field.value = "0.3"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LabScreen), "the lab")
        assert [event.label for event in state(app).events if event.is_swap] == ["swap to 30 %"]
        assert said(app) == []


async def test_w_twice_asks_once() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        app.simulate_key("w")
        app.simulate_key("w")
        await until(pilot, lambda: isinstance(app.screen, FieldsDialog), "the dialog")
        await pilot.press("escape")
        assert isinstance(app.screen, LabScreen)


async def test_h_changes_the_learning_rate() -> None:
    app = app_on(ENDLESS)
    async with training(app, LARGE) as pilot:
        await pilot.press("h")
        await type_into(pilot, app.screen.query(Input).first(), "0.005")
        await pilot.press("enter")
        await until(pilot, lambda: state(app).experiment.live_value("optimizer.learning_rate") == 0.005, "the change")
        await until(pilot, lambda: "0.005" in content(app.screen.query_one("#facts Static")), "the fact")


async def test_h_refuses_what_is_no_number_and_a_change_of_nothing() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        await pilot.press("h", "enter")
        assert isinstance(app.screen, FieldsDialog)
        assert str(app.screen.query_one("#problem", Static).render())
        await type_into(pilot, app.screen.query(Input).first(), "fast")
        await pilot.press("enter")
        assert "learning_rate" in str(app.screen.query_one("#problem", Static).render())


async def test_s_saves_and_says_so_while_the_training_goes_on() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        await until(pilot, lambda: state(app).step > 2, "a few steps")
        await pilot.press("s")
        await until(pilot, lambda: said(app), "the notification")
        (notice,) = said(app)  # the training goes on, and may save again at a milestone
        step = notice.removeprefix("step ")
        assert int(step.replace(",", "")) > 2
        assert (only_run().checkpoints / f"step-{int(step.replace(',', '')):08d}.safetensors").exists()
    assert [record.action for record in journal(only_run()) if isinstance(record, Acted)] == [Save()]


async def test_an_action_takes_effect_at_the_step_that_its_dialog_shows() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        await until(pilot, lambda: state(app).step > 2, "a few steps")
        await pilot.press("w")
        await until(pilot, lambda: state(app).is_held, "the hold")
        title = f"swap the training set at step {state(app).step:,}"
        await until(pilot, lambda: app.screen.query_one(".dialog").border_title == title, "its title")
        await pilot.press("escape")
        await until(pilot, lambda: not state(app).is_held, "the training")
        await pilot.press("h")
        await until(pilot, lambda: state(app).is_held, "the hold")
        step = state(app).step
        await type_into(pilot, app.screen.query(Input).first(), "0.005")
        await pilot.press("enter")
        await until(pilot, lambda: state(app).step > step, "the training")
        assert [(event.step, event.label) for event in state(app).events if "set" in event.label] == [
            (step, "set learning_rate 0.005")
        ]


async def test_a_network_that_has_just_grokked_is_swapped_after_its_end_and_goes_on() -> None:
    app = app_on(BRIEF)
    async with training(app, pace=None) as pilot:
        await until(pilot, lambda: state(app).phase == "ended", "the end")
        await pilot.press("w")
        await type_into(pilot, app.screen.query(Input).first(), "0.2")
        await type_into(pilot, app.screen.query(Input).last(), "+1")
        await pilot.press("enter")
        await until(pilot, lambda: state(app).phase == "ended" and state(app).step == 41, "the new end")
        assert [(event.step, event.label) for event in state(app).events if " to " in event.label] == [
            (40, "swap to 20 %"),
            (40, "extend to 41 steps"),
        ]


@pytest.mark.parametrize(
    ("written", "ended", "steps"),
    [("+5,000", True, 5020), ("20,000", True, 20_000), ("+5_000", False, 5040), ("41", False, 41)],
)
def test_steps_are_written_as_more_of_them_or_as_the_last_one(written: str, ended: bool, steps: int) -> None:  # noqa: FBT001
    """A run of 40 steps that was stopped at 20, or trains there."""
    assert extension(written, ended="grokked" if ended else "") == GoOn(extend=Extend(steps=steps))


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "a whole number"),
        ("1e", "a whole number"),
        ("+0", "more than 20"),
        ("20", "more than 20"),
        ("2000000000", "at most"),
    ],
)
def test_steps_that_are_none_are_refused(written: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        extension(written, ended="grokked")


def extension(written: str, ended: str) -> Command:
    return extend_dialog(LabState(Experiment.from_toml(BRIEF), step=20, ended=ended))._make({"steps": written})


def change(**written: str) -> Command:
    """Write into some fields of the dialog of live settings, by the last part of their names."""
    dialog = change_dialog(LabState(Experiment.from_toml(BRIEF), step=20))
    texts = {name: text for name, (text, _) in dialog._fields.items()}
    return dialog._make(texts | {name: written[key] for name in texts if (key := name.rpartition(".")[2]) in written})


def test_only_what_was_changed_of_the_live_settings_is_set() -> None:
    assert change(betas="[0.8, 0.9]", batch_size="20", stop_when="val_loss < 0.1") == Set(
        values={"optimizer.betas": (0.8, 0.9), "optimizer.batch_size": 20, "training.stop_when": "val_loss < 0.1"}
    )


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ({}, "no setting was changed: write another value"),
        ({"weight_decay": "much"}, "weight_decay must be a number, not 'much'"),
        ({"evaluate_every": "0"}, 'evaluate_every must be at least 1 or "log", not 0'),
        ({"betas": "0.9"}, "betas must be a list, not 0.9"),
        ({"batch_size": ""}, 'batch_size must be "full" or a whole number'),
        ({"stop_when": "groked"}, "did you mean 'grokked'"),
        ({"label_noise": "2"}, "label_noise must be at least 0 and at most 1, not 2"),
        ({"filter_strength": "3"}, "filter_strength 3.0 has no effect without optimizer.gradient_filter"),
    ],
)
def test_a_live_setting_that_cannot_be_so_is_refused_in_a_line(written: dict[str, str], reason: str) -> None:
    with pytest.raises(ConfigError) as refused:
        change(**written)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_a_kernel_shows_what_it_has_and_offers_what_is_not_its_own_to_change() -> None:
    app = app_on(KERNEL)
    async with training(app, LARGE) as pilot:
        await until(pilot, lambda: "ridge" in content(app.screen.query_one("#facts Static")), "the facts")
        facts = content(app.screen.query_one("#facts Static"))
        assert "quadratic kernel" in facts
        assert "rate" not in facts
        await pilot.press("h")
        assert isinstance(app.screen, FieldsDialog)
        assert [one.name for one in app.screen.query(Input)] == state(app).experiment.live_names()
        assert not any(str(one.name).startswith("optimizer") for one in app.screen.query(Input))
        await pilot.press("escape")
        assert isinstance(app.screen, LabScreen)
