"""The list of presets, and what starts from it."""

import re
from pathlib import Path

import pytest
from textual.widgets import Collapsible, Input, OptionList, Static

from grokterm.experiment.reading.presets import find_preset
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.plots.palettes import PALETTES
from grokterm.runs.journal import JournalWriter
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import list_runs
from grokterm.training.estimate import Estimate
from grokterm.tui.app import GroktermApp, Opening
from grokterm.tui.screens.lab import LabScreen
from grokterm.tui.screens.setup import SetupScreen
from grokterm.tui.widgets.key_bar import KeyBar
from tests.tui.driving import (
    BRIEF,
    LARGE,
    SMALL,
    choose,
    content,
    control,
    explanation,
    form,
    only_run,
    said,
    settings_shown,
    type_into,
    unfold,
    until,
)

BROKEN = BRIEF.replace("modulus = 11", "modulus = 1").replace('source = "ours"', 'source = "Aa 1999"')


@pytest.fixture(autouse=True)
def _no_other_presets() -> None:
    """Here the list is what is tried, with all that ship."""


def listed(app: GroktermApp) -> list[str]:
    return [str(option.prompt).strip() for option in app.screen.query_one("#presets", OptionList).options]


def known(app: GroktermApp) -> str:
    """Return what the visible lines say of a preset."""
    return "\n".join(content(line) for line in app.screen.query("#details, #expects, #costs") if line.region)


def app_on_preset(name: str) -> GroktermApp:
    return GroktermApp(Opening(find_preset(name), Path("runs"), PALETTES["256"]))


@pytest.mark.usefixtures("presets")
async def test_the_form_opens_filled_from_the_preset_that_was_asked_for() -> None:
    app = app_on_preset("ab")
    async with app.run_test(size=SMALL):
        assert settings_shown(app)["task.modulus"] == "13"
        assert settings_shown(app)["optimizer.kind"] == "adamw"
        assert str(app.screen.query_one("#title", Static).render()) == "The title of ab"
        picker = app.screen.query_one("#presets", OptionList)
        assert picker.highlighted_option is not None
        assert picker.highlighted_option.id == "ab"


@pytest.mark.usefixtures("presets")
async def test_moving_through_the_list_refills_the_form_and_keeps_no_field_of_before() -> None:
    app = app_on_preset("aa")
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("down", "down")
        await until(pilot, lambda: settings_shown(app).get("task.modulus") == "17", "the third preset")
        await pilot.press("up")
        await until(pilot, lambda: settings_shown(app).get("task.modulus") == "13", "the second preset")
        assert form(app).experiment == find_preset("ab").experiment
        assert {*app.screen.text_selection_started_signal._subscriptions} == {*app.screen.query(Input)}


@pytest.mark.usefixtures("presets")
async def test_hurrying_through_the_list_edits_nothing() -> None:
    app = app_on_preset("aa")
    async with app.run_test(size=SMALL) as pilot:
        for key in (*["down"] * 8, *["up"] * 6, "down", "up", "down", "up"):
            app.simulate_key(key)
        await until(pilot, lambda: settings_shown(app).get("task.modulus") == "17", "the third preset")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, LabScreen), "the lab")
        await until(pilot, lambda: list_runs(Path("runs")), "the run")
    assert only_run().experiment == find_preset("ac").experiment


@pytest.mark.usefixtures("presets")
async def test_a_changed_preset_is_marked_and_its_change_kept_while_others_are_looked_at() -> None:
    app = app_on_preset("aa")
    async with app.run_test(size=SMALL) as pilot:
        modulus = control(app, "task.modulus")
        modulus.value = "7"
        app.simulate_key("down")
        await until(pilot, lambda: settings_shown(app).get("task.modulus") == "13", "the second preset")
        await pilot.pause()
        assert form(app).experiment == find_preset("ab").experiment
        assert listed(app)[2:6] == ["Aa 1999", "aa*", "ab", "ac"]
        await pilot.press("up")
        await until(pilot, lambda: settings_shown(app).get("task.modulus") == "7", "the draft")
        assert form(app).border_title == "aa*"
        assert str(app.screen.query_one("#title", Static).render()) == "aa, but modulus=7"


@pytest.mark.usefixtures("presets")
async def test_an_invalid_draft_is_kept_too_and_a_key_drops_it() -> None:
    app = app_on_preset("aa")
    async with app.run_test(size=SMALL) as pilot:
        assert "ctrl+r" not in app.screen.active_bindings
        await type_into(pilot, control(app, "task.modulus"), "1")
        app.screen.query_one("#presets").focus()
        await pilot.press("down")
        await until(pilot, lambda: settings_shown(app).get("task.modulus") == "13", "the second preset")
        assert "must be" not in explanation(app)
        await pilot.press("up")
        await until(pilot, lambda: settings_shown(app).get("task.modulus") == "1", "the draft")
        assert explanation(app).startswith("task.modulus must be at least 2")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: settings_shown(app).get("task.modulus") == "11", "the preset")
        assert listed(app)[2:6] == ["Aa 1999", "aa", "ab", "ac"]
        assert "ctrl+r" not in app.screen.active_bindings


@pytest.mark.usefixtures("presets")
async def test_a_draft_of_another_network_comes_back_with_its_fields() -> None:
    app = app_on_preset("aa")
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, control(app, "model.architecture"), "transformer")
        await until(pilot, lambda: "model.d_model" in settings_shown(app), "the fields of a transformer")
        app.screen.query_one("#presets").focus()
        await pilot.press("down")
        await until(pilot, lambda: "model.d_model" not in settings_shown(app), "the second preset")
        await pilot.press("up")
        await until(pilot, lambda: "model.d_model" in settings_shown(app), "the draft")
        assert form(app).experiment.model.architecture == "transformer"


@pytest.mark.usefixtures("presets")
async def test_a_draft_of_a_setting_that_is_folded_away_is_kept_too() -> None:
    app = app_on_preset("aa")
    async with app.run_test(size=SMALL) as pilot:
        await unfold(pilot, app)
        await type_into(pilot, control(app, "training.evaluate_every"), "7")
        app.screen.query_one(Collapsible).collapsed = True
        app.screen.query_one("#presets").focus()
        for key, modulus in (("down", "13"), ("up", "11"), ("down", "13"), ("up", "11")):
            await pilot.press(key)
            await until(pilot, lambda: settings_shown(app).get("task.modulus") == modulus, "the preset")  # noqa: B023
        assert form(app).experiment.training.evaluate_every == 7
        assert "device" not in settings_shown(app)
        await unfold(pilot, app)
        assert settings_shown(app)["training.evaluate_every"] == "7"


@pytest.mark.usefixtures("presets")
async def test_a_changed_preset_is_started_by_its_button_under_a_title_and_a_name_of_its_own() -> None:
    app = app_on_preset("aa")
    async with app.run_test(size=SMALL) as pilot:
        await type_into(pilot, control(app, "task.modulus"), "7")
        app.screen.query_one("#start").focus()
        await pilot.press("enter")
        await until(pilot, lambda: list_runs(Path("runs")), "the run")
    run = only_run()
    assert run.name.startswith("aa-modulus-7-2")
    assert run.experiment.title == "aa, but modulus=7"
    assert run.meta["preset"] == "aa"


@pytest.mark.usefixtures("presets")
async def test_enter_on_the_list_starts_what_is_highlighted() -> None:
    app = app_on_preset("aa")
    async with app.run_test(size=SMALL) as pilot:
        app.simulate_key("down")
        app.simulate_key("enter")
        await until(pilot, lambda: list_runs(Path("runs")), "the run")
    run = only_run()
    assert run.meta["preset"] == "ab"
    assert run.experiment == find_preset("ab").experiment


async def test_a_preset_that_breaks_a_rule_says_so_and_does_not_start(presets: Path) -> None:
    (presets / "ab.toml").write_text(BROKEN, encoding="utf-8")
    app = app_on_preset("aa")
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("down")
        await until(pilot, lambda: "modulus must be at least 2" in explanation(app), "the problem")
        assert app.screen.query_one("#explanation").has_class("-problem")
        assert str(app.screen.query_one("#title", Static).render()) == "ab"
        assert form(app).disabled
        await pilot.press("enter")
        await until(pilot, lambda: any("modulus must be at least 2" in text for text in said(app)), "the refusal")
        assert isinstance(app.screen, SetupScreen)
        await pilot.press("up")
        await until(pilot, lambda: not form(app).disabled, "the preset before it")
        assert explanation(app) == "Aa 1999"
        assert not app.screen.query_one("#explanation").has_class("-problem")


async def test_a_preset_that_cannot_be_read_is_listed_last_and_says_why(presets: Path) -> None:
    (presets / "ab.toml").write_bytes(b"title = \xff")
    app = app_on_preset("aa")
    async with app.run_test(size=SMALL) as pilot:
        assert settings_shown(app)["task.modulus"] == "11"
        await pilot.press("end")
        await until(pilot, lambda: "is not a text in UTF-8" in explanation(app), "the problem")
        assert form(app).disabled


@pytest.mark.usefixtures("presets")
async def test_q_on_the_form_leaves_at_once() -> None:
    app = app_on_preset("aa")
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running, "the end")
    assert app.return_value == 0


@pytest.mark.usefixtures("presets")
async def test_the_filter_leaves_the_presets_with_its_words_and_escape_shows_all_again() -> None:
    app = app_on_preset("aa")
    async with app.run_test(size=SMALL) as pilot:
        whole = listed(app)
        assert whole[:2] == ["to begin with", "quick"]
        await pilot.press("slash", *"title", "space", *"ac")
        await until(pilot, lambda: listed(app) == ["Aa 1999", "ac"], "the one whose title has these words")
        await until(pilot, lambda: settings_shown(app).get("task.modulus") == "17", "its form")
        await pilot.press(*"x")
        await until(pilot, lambda: listed(app) == ["no preset has these words"], "the word for nothing")
        await pilot.press("escape")
        await until(pilot, lambda: listed(app) == whole, "all presets")
        assert app.focused is app.screen.query_one("#presets")
        assert settings_shown(app)["task.modulus"] == "17"


@pytest.mark.usefixtures("presets")
async def test_a_slim_terminal_shows_the_list_or_the_form() -> None:
    app = app_on_preset("aa")
    async with app.run_test(size=(60, 20)) as pilot:
        assert not form(app).display
        await pilot.press("tab")
        await until(pilot, lambda: app.focused is control(app, "task.operation"), "the first field")
        assert not app.screen.query_one("#choosing").display
        assert form(app).size.width > 50
        await pilot.press("escape")
        await until(pilot, lambda: app.screen.query_one("#choosing").display, "the list")
        assert app.focused is app.screen.query_one("#presets")
        assert not form(app).display


@pytest.mark.usefixtures("presets")
async def test_the_footer_has_no_key_that_would_be_typed_and_the_last_line_follows_the_focus() -> None:
    app = app_on_preset("aa")
    async with app.run_test(size=SMALL) as pilot:
        keys = app.screen.query_one(KeyBar)
        of_list = ["start", "filter", "settings", "runs", "quit", "help"]
        await until(pilot, lambda: [hint.label for hint in keys.hints] == of_list, "those of the list")
        await pilot.press("tab")
        await until(pilot, lambda: "quit" in [hint.label for hint in keys.hints], "a list of values")
        await pilot.press("down")
        await until(pilot, lambda: "quit" not in [hint.label for hint in keys.hints], "a text")
        assert [hint.label for hint in keys.hints] == ["start", "settings", "presets", "help"]
        assert explanation(app).startswith("A polynomial in a and b")
        await pilot.press("escape")
        await until(pilot, lambda: explanation(app) == "Aa 1999", "the source")
        assert "quit" in [hint.label for hint in keys.hints]


@pytest.mark.usefixtures("presets")
@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_what_is_known_of_a_preset_is_shown_once_it_rests(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grokterm.tui.widgets.setup.prospect.REST_SECONDS", 0.01)
    monkeypatch.setattr("grokterm.runs.results.expected_time.estimate_run", lambda *_: Estimate(17.6, 1_408))
    run = create_run(Path("runs"), find_preset("aa").experiment, "aa", {})
    JournalWriter(run.journal).write(
        [
            Evaluated(step=step, train_loss=1.0, train_accuracy=1.0, val_loss=1.0, val_accuracy=float(step > 3))
            for step in (0, 9)
        ]
    )
    app = app_on_preset("aa")
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "about 18 s" in known(app), "the estimate")
        await pilot.press("question_mark", "escape")
        assert "about 18 s" in known(app)
        for words in ("just now", "▁", "█"):
            assert words in known(app)
        assert re.search(r"1,408 weights|weights +1,408", known(app))
