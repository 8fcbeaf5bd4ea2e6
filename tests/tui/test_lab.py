"""A training that is watched, paused, paced and restarted by keys."""

from pathlib import Path
from weakref import ref

import pytest
from textual._styles_cache import StylesCache
from textual.color import BLACK, WHITE
from textual.events import MouseScrollDown, MouseScrollUp

from grokterm.experiment.recording.records import Continued, Finished, Paused
from grokterm.plots.ticks import short_power
from grokterm.runs.store import list_runs
from grokterm.session.commands import Pause, Resume
from grokterm.tui.app import GroktermApp
from grokterm.tui.appearance.preferences import change_preferences
from grokterm.tui.appearance.remembered import preferences_path
from grokterm.tui.control.pace import PACES
from grokterm.tui.screens.dialogs import Confirm, FieldsDialog
from grokterm.tui.screens.help import HelpScreen
from grokterm.tui.screens.lab import LabScreen
from grokterm.tui.screens.setup import SetupScreen
from grokterm.tui.widgets.lab.curves import CurvesView
from grokterm.tui.widgets.lab.status import Status
from grokterm.views.window import CurvesChoice
from tests.tui.driving import (
    BRIEF,
    ENDLESS,
    LARGE,
    PATIENCE_SECONDS,
    SMALL,
    app_on,
    content,
    journal,
    lab,
    only_run,
    paused,
    said,
    state,
    training,
    training_thread,
    until,
)


async def test_a_training_from_the_form_draws_its_curves_to_the_end() -> None:
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, LabScreen), "the lab")
        await until(pilot, lambda: state(app).phase == "ended", "the end")
        curves = app.screen.query(CurvesView).first()
        await until(pilot, lambda: "train" in content(curves), "the curves")
    (finished,) = (record for record in journal(only_run()) if isinstance(record, Finished))
    assert finished.reason == "complete"


async def test_space_pauses_and_goes_on_and_the_journal_says_so() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        step = await paused(pilot, app)
        await pilot.press("space")
        await until(pilot, lambda: state(app).phase == "training" and state(app).step > step, "more steps")
    kinds = [type(record) for record in journal(only_run())]
    assert kinds.index(Paused) < kinds.index(Continued)


async def test_a_full_stop_makes_exactly_one_step_while_paused() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        step = await paused(pilot, app)
        await pilot.press("full_stop")
        await until(pilot, lambda: state(app).step == step + 1, "one step")
        await pilot.press("full_stop", "full_stop")
        await until(pilot, lambda: state(app).step == step + 3, "two more")
        assert state(app).phase == "paused"


async def test_a_full_stop_while_training_says_to_pause_first() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        await pilot.press("full_stop")
        assert said(app) == ["pause first"]


async def test_slower_and_faster_go_through_the_paces() -> None:
    app = app_on(ENDLESS)
    async with training(app, pace=30.0) as pilot:
        for key, pace in (("less_than_sign", 10.0), ("greater_than_sign", 30.0), ("greater_than_sign", 100.0)):
            await pilot.press(key)
            await until(pilot, lambda: state(app).pace == pace, "the pace")  # noqa: B023
            words = f"pace: {pace:g}"  # with the speed, if that is lower
            await until(pilot, lambda: words in content(app.screen.query_one("#banner")), "the banner")  # noqa: B023


async def test_faster_than_the_last_pace_is_as_fast_as_possible() -> None:
    app = app_on(ENDLESS)
    async with training(app, pace=PACES[-1]) as pilot:
        await paused(pilot, app)
        await pilot.press("greater_than_sign")
        await until(pilot, lambda: state(app).pace is None, "no pace")


async def test_r_restarts_as_a_new_run_and_saves_the_old_one() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        old = only_run()
        await until(pilot, lambda: state(app).step > 2, "a few steps")
        await pilot.press("r")
        assert isinstance(app.screen, Confirm)
        await pilot.press("escape", "r", "enter")
        await until(pilot, lambda: lab(app).training.run_name not in ("", old.name), "the new run")
        await until(pilot, lambda: len(state(app).curves), "its first evaluation")
        new = next(run for run in list_runs(Path("runs")) if run.name != old.name)
        assert new.experiment == old.experiment
        assert journal(old)[-1].record == "finished"
        assert list(old.checkpoints.iterdir())


async def test_r_twice_restarts_without_a_stumble() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        first = training_thread(app)
        app.simulate_key("r")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("enter")
        await until(pilot, lambda: lab(app).training is not first and len(state(app).curves), "the new training")
        assert not first.is_alive()
        assert isinstance(app.screen, LabScreen)


async def test_after_a_restart_the_pictures_are_of_the_new_run() -> None:
    app = app_on(BRIEF)
    async with training(app, pace=None) as pilot:
        await until(pilot, lambda: state(app).phase == "ended", "the end")
        curves = app.screen.query(CurvesView).first()
        curves.offer("another run's", lambda width, height: [[] for _ in range(height)])
        assert "train" not in content(curves)
        await pilot.press("r")
        await until(pilot, lambda: state(app).phase == "ended" and "train" in content(curves), "the new curves")


@pytest.mark.usefixtures("_drawn_at_once")
async def test_f_freezes_the_pictures_while_the_training_goes_on() -> None:
    app = app_on(ENDLESS.replace("evaluate_every = 100", "evaluate_every = 1"))
    async with training(app) as pilot:
        curves = app.screen.query(CurvesView).first()
        await until(pilot, lambda: "train" in content(curves), "the curves")
        await pilot.press("f")
        await until(pilot, lambda: "frozen at" in content(app.screen.query_one("#banner")), "the snapshot of that moment")
        step, picture = state(app).step, content(curves)
        await until(pilot, lambda: state(app).step > 2 * step + 20, "twenty steps")
        assert content(curves) == picture
        assert app.screen.has_class("-frozen")
        await pilot.press("f")
        await until(pilot, lambda: content(curves) != picture, "new curves")


@pytest.mark.usefixtures("_drawn_at_once")
async def test_charts_and_status_line_show_the_numbers_of_one_state() -> None:
    app = app_on(ENDLESS.replace("evaluate_every = 100", "evaluate_every = 1"))
    async with training(app, LARGE, pace=None) as pilot:
        curves, status = app.screen.query_one(CurvesView), app.screen.query_one(Status)
        await until(pilot, lambda: "train" in content(curves), "the first drawing")
        seen: set[str] = set()
        polls = 0
        while polls < 200 or len(seen) <= 3:  # drawings are few where they are kept to their bytes
            polls += 1
            await pilot.pause(0.005)
            line, legends = str(status.render()), content(curves)
            seen.add(line)
            for number in (line.split("train ")[1].split()[0], line.split("val ")[1].split()[0]):
                assert f" {number} " in legends.splitlines()[0]
            train, val = line.split("loss ")[1].split("  ")[0].split(" / ")
            for number in (train, val):
                assert short_power(number) in next(legend for legend in legends.splitlines() if legend.startswith("loss"))


async def test_keys_and_the_mouse_zoom_and_read_the_curves() -> None:
    app = app_on(BRIEF)
    async with training(app, pace=None) as pilot:
        await until(pilot, lambda: state(app).phase == "ended", "the end")
        curves, status = app.screen.query_one(CurvesView), app.screen.query_one(Status)
        await until(pilot, lambda: "step 40" in content(status), "the last evaluation")
        await pilot._post_mouse_events([MouseScrollUp], CurvesView, offset=(60, 4))
        assert curves.choice.window is not None
        await pilot._post_mouse_events([MouseScrollDown], CurvesView, offset=(60, 4))
        assert curves.choice == CurvesChoice()
        await pilot.press("left", "left")
        assert str(status.render()).startswith("step 35  ")
        await pilot.press("plus")
        assert curves.choice.window is not None
        assert f"{curves.border_subtitle}".startswith("log steps · ")
        await pilot.press("0", "escape")
        assert curves.choice == CurvesChoice()
        assert "step 40 / 40" in str(status.render())
        await pilot.click(CurvesView, offset=(8, 4))
        assert str(status.render()).startswith("step 5  ")
        await pilot.press("t", "m", "u")
        assert curves.choice.third == "norm"
        assert curves.choice.is_smoothed
        assert not curves.choice.since_swap


async def test_help_opens_and_closes() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        for key in ("escape", "question_mark", "q"):
            await pilot.press("question_mark")
            assert isinstance(app.screen, HelpScreen)
            await pilot.press(key)
            assert isinstance(app.screen, LabScreen)


async def test_n_asks_and_returns_to_the_form_with_the_run_saved() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        thread = training_thread(app)
        await pilot.press("n", "enter")
        await until(pilot, lambda: isinstance(app.screen, SetupScreen), "the form")
        await until(pilot, lambda: not thread.is_alive(), "the end of the training")
    assert list(only_run().checkpoints.iterdir())


@pytest.mark.parametrize("rings", [True, False])
async def test_the_end_is_said_and_rings_unless_the_user_wants_no_bell(rings: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001 - pytest's
    bells: list[GroktermApp] = []
    monkeypatch.setattr(GroktermApp, "bell", lambda app: bells.append(app))
    change_preferences(preferences_path(), {"bell": rings})
    app = app_on(BRIEF)
    async with training(app, pace=None) as pilot:
        await until(pilot, lambda: "step 40: complete" in [one.message for one in app._notifications], "the word")
        assert bool(bells) == rings


async def test_space_after_the_end_offers_as_many_steps_again() -> None:
    app = app_on(BRIEF)
    async with training(app, pace=None) as pilot:
        await until(pilot, lambda: state(app).phase == "ended", "the end")
        await pilot.press("space")
        assert isinstance(app.screen, FieldsDialog)
        await pilot.press("escape")
        assert state(app).phase == "ended"
        await pilot.press("space", "enter")
        await until(pilot, lambda: state(app).phase == "ended" and state(app).step == 80, "the new end")
        removed = StylesCache()
        removed.get_inner_outer(BLACK, WHITE)  # as the drawing of a widget does that is then removed
        lines = ref(removed)
        del removed
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, SetupScreen), "the form, without a question")
        assert lines() is None, "the lines of a widget are kept that is gone"


async def test_what_is_said_before_the_training_has_begun_waits_for_it() -> None:
    app = app_on(ENDLESS)
    async with app.run_test(size=SMALL) as pilot:
        lab(app).training.send(Pause())
        await until(pilot, lambda: state(app).phase == "paused", "the pause")
        lab(app).training.send(Resume())
        await until(pilot, lambda: state(app).phase == "training", "the training")
        lab(app).control.leave(PATIENCE_SECONDS)


async def test_the_command_palette_lists_every_action() -> None:
    app = app_on(ENDLESS)
    async with training(app):
        listed = [command.title for command in app.get_system_commands(app.screen)]
    titles = set(listed)
    assert len(listed) == len(titles)
    assert titles >= {"Pause", "Swap", "Save", "Help", "Step", "Slower", "Faster", "Change", "Restart", "Freeze", "Log-x"}
    assert titles >= {"Layer", "Order", "Hold colors", "New", "Curves", "Weights", "Spectrum", "Facts", "Quit"}
