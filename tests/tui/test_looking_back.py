"""Looking at an earlier step, and a new run from there."""

from pathlib import Path

import pytest
from textual.widgets import Input, Static

from grokterm.experiment.recording.records import Branched
from grokterm.runs import checkpoint
from grokterm.runs.storage import durable
from grokterm.runs.store import list_runs
from grokterm.tui.screens.dialogs import FieldsDialog
from tests.runs.failing import failing_once
from tests.tui.driving import ENDLESS, LARGE, app_on, app_on_run, content, journal, lab, state, training, type_into, until
from tests.tui.saved_run import saved_run


async def test_an_earlier_step_is_shown_by_every_part_and_the_present_again_at_its_end() -> None:
    app = app_on_run(saved_run(Path("runs")))
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: state(app).phase == "ended", "the run")

        def shown(part: str) -> str:
            return content(app.screen.query_one(part))

        await pilot.press("left_square_bracket")  # from the end to the checkpoint of the swap
        await until(pilot, lambda: "step 1,500 ·" in str(app.screen.query_one("#present").border_subtitle), "the network")
        assert "looking at step 1,500 of 2,000" in shown("#status")
        await pilot.press("left_curly_bracket", "left_curly_bracket")
        await until(pilot, lambda: "step 1,480 ·" in str(app.screen.query_one("#present").border_subtitle), "the network")
        status = shown("#status")
        assert "looking at step 1,480 of 2,000" in status
        assert "norm  22.6" in status
        assert "grokked    800" in shown("#facts Static")
        assert "swap to 50 %" not in shown("#facts Static")
        await pilot.press("right_curly_bracket")
        await until(pilot, lambda: "looking at step 1,490 of" in shown("#status"), "the next evaluation")
        await pilot.press("right_square_bracket", "right_square_bracket")
        await until(pilot, lambda: "step 2,000 / 2,000" in shown("#status"), "the present")
        await until(pilot, lambda: "step 2,000 ·" in str(app.screen.query_one("#present").border_subtitle), "the network")


async def test_b_keeps_the_training_where_no_branch_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        thread = lab(app).training
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, FieldsDialog), "the dialog")
        with monkeypatch.context() as patch:
            patch.setattr(
                "grokterm.runs.storage.making.write_durably", failing_once(durable.write_durably)
            )  # where the branch would be
            await pilot.press("enter")
            await until(pilot, lambda: "No space left" in str(app.screen.query_one("#problem", Static).render()), "why not")
        with monkeypatch.context() as patch:
            patch.setattr(checkpoint, "write_durably", failing_once(durable.write_durably))  # where its step is saved
            await pilot.press("enter")
            await until(pilot, lambda: any(one.title == "Not branched" for one in app._notifications), "why not")
        assert lab(app).training is thread
        assert not thread.is_over
    assert len(list_runs(Path("runs"))) == 1


async def test_b_begins_a_new_run_from_the_step_that_is_looked_at() -> None:
    parent = saved_run(Path("runs"))
    before = parent.journal.read_bytes()
    app = app_on_run(parent)
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: state(app).phase == "ended", "the run")
        await pilot.press("left_square_bracket", "left_curly_bracket", "b")
        await until(pilot, lambda: isinstance(app.screen, FieldsDialog), "the dialog")
        steps, fraction, *_ = app.screen.query(Input)
        assert (steps.value, fraction.value) == ("2000", "")
        await type_into(pilot, fraction, "2")
        await pilot.press("enter")
        await until(
            pilot, lambda: "train_fraction must be" in str(app.screen.query_one("#problem", Static).render()), "why not"
        )
        await type_into(pilot, fraction, "0.4")
        await pilot.press("enter")
        await until(pilot, lambda: state(app).branches and state(app).phase == "ended", "the branch")
        assert state(app).swaps == (1490, 1500)
        assert lab(app).training.run_name.startswith("exact-from-1490-train_fraction-0.4-")
    (_, branch) = list_runs(Path("runs"))
    assert [(one.step, one.parent) for one in journal(branch) if isinstance(one, Branched)] == [(1490, "exact")]
    assert parent.journal.read_bytes() == before
