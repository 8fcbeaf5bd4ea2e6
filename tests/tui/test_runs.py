"""The list of runs: found, opened, compared, written to and thrown away by keys."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from grokterm.experiment.experiment import Experiment
from grokterm.plots.palettes import PALETTES, PaletteName
from grokterm.runs.listing import reading
from grokterm.runs.listing.annotations import Annotations, read_annotations
from grokterm.runs.listing.index import list_rows
from grokterm.runs.listing.reading import read_facts
from grokterm.runs.listing.trash import trashed
from grokterm.session.start import start_session
from grokterm.session.thread import TrainingThread
from grokterm.tui.app import GroktermApp, Opening
from grokterm.tui.appearance.remembered import preferences_path
from grokterm.tui.control.departure import Departure
from grokterm.tui.screens.help import keys_of
from grokterm.tui.screens.lab import LabScreen
from grokterm.tui.screens.run_comparison import RunComparison
from grokterm.tui.screens.runs import RunsScreen
from grokterm.tui.screens.setup import SetupScreen
from grokterm.tui.widgets.key_bar import KeyBar
from grokterm.tui.widgets.runs.table import RunTable
from tests.tui.driving import (
    BRIEF,
    ENDLESS,
    PATIENCE_SECONDS,
    SMALL,
    app_on,
    app_on_run,
    content,
    lab,
    only_run,
    preset_of,
    said,
    state,
    training,
    until,
)
from tests.tui.saved_runs import made_run

HOSTILE = "[red]x[b]" + "y" * 200


def app_on_presets(palette: PaletteName = "256") -> GroktermApp:
    return GroktermApp(Opening(preset_of(BRIEF), Path("runs"), PALETTES[palette]))


def table(app: GroktermApp) -> RunTable:
    return app.screen.query_one(RunTable)


def chosen(app: GroktermApp) -> str:
    row = table(app).row
    return "" if row is None else row.name


def counted(app: GroktermApp) -> str:
    return str(app.screen.query_one("#listing").border_subtitle)


async def list_runs(pilot: Pilot[int], app: GroktermApp, words: str) -> None:
    await pilot.press("R")
    await until(pilot, lambda: isinstance(app.screen, RunsScreen) and counted(app) == words, words)


def shown(app: GroktermApp) -> Callable[[], str]:
    return lambda: "\n".join(content(widget) for widget in app.screen.query("RunTable, RunDetails"))


async def test_runs_are_found_sorted_and_opened() -> None:
    for number, name in enumerate(("aa-1", "ab-2", "ab-3")):
        made_run(name, seed=number, age=60.0 * number)
    app = app_on_presets()
    async with app.run_test(size=SMALL) as pilot:
        await list_runs(pilot, app, "3")
        assert chosen(app) == "aa-1"
        assert [command.help for command in app.get_system_commands(app.screen) if command.title == "Back"] == [
            "keys R, escape"
        ]
        await pilot.press("slash", *"val", "colon")
        await until(pilot, lambda: "val: needs a number" in counted(app), "the problem")
        assert content(app.screen.query_one(KeyBar)).rstrip() == " enter to the list  escape all runs  ? help"
        app.screen.query_one(Input).value = "zz"
        await until(pilot, lambda: "nothing found: escape shows all" in content(table(app)), "what to do")
        app.screen.query_one(Input).value = "ab"
        await until(pilot, lambda: counted(app) == "2 of 3", "those with these letters")
        await pilot.press("down", "enter", "s", "s")
        assert "name↑" in content(table(app))
        assert chosen(app) == "ab-3"
        await pilot.press("escape", "R")
        assert isinstance(app.screen, SetupScreen)
        await pilot.press("R", "enter")
        await until(pilot, lambda: isinstance(app.screen, LabScreen) and lab(app).training.run_name == "ab-3", "the lab")


async def test_what_is_written_to_a_run_is_kept_in_its_folder() -> None:
    paths = [made_run(name, age=age).path for name, age in (("new", 1), ("old", 90))]
    app = app_on_presets()
    async with app.run_test(size=SMALL) as pilot:
        await list_runs(pilot, app, "2")
        await pilot.press("down", "p", "n", *"why", "enter", "t", *"one", "enter")
        assert read_annotations(paths[1]) == Annotations(is_pinned=True, tags=("one",), note="why")
        await until(pilot, lambda: "#one" in shown(app)() and table(app).cursor == 0, "the pinned run on top")
        await pilot.press("space", "space", "t", *"two", "enter")
        assert [read_annotations(path).tags for path in paths] == [("two",), ("one", "two")]
        await pilot.press("t", *"a,b", "enter")
        assert "a tag is a word" in str(app.screen.query_one("#problem", Static).render())


async def test_a_run_is_thrown_into_the_trash_once_that_is_agreed_to() -> None:
    made_run("old", age=90)
    gone = made_run("new", age=1).path
    app = app_on_presets()
    async with app.run_test(size=SMALL) as pilot:
        await list_runs(pilot, app, "2")
        await pilot.press("D", "enter")
        assert gone.exists()
        await pilot.press("D", "left", "enter")  # from Cancel
        await until(pilot, lambda: counted(app) == "1", "the other one")
        assert trashed(Path("runs")) == ["new"]
        assert not gone.exists()


@pytest.mark.parametrize("goes_on", [False, True], ids=["saved", "in the background"])
async def test_the_lab_goes_on_below_the_list_and_is_left_as_one_wants(goes_on: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    handed_over: list[str] = []

    def hand_over(training: TrainingThread) -> None:
        training.leave(PATIENCE_SECONDS)
        handed_over.append(training.run_name)

    monkeypatch.setattr("grokterm.tui.control.departure.hand_over", hand_over)
    made_run("other")
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        await list_runs(pilot, app, "2")
        own = lab(app).training.run_name
        await pilot.press("slash", *own, "enter", "D")
        await until(pilot, lambda: any("this lab trains it" in text for text in said(app)), "the refusal")
        await pilot.press("escape", "slash", *"other", "enter", "enter")
        assert isinstance(app.screen, Departure)
        await pilot.press("n")
        assert isinstance(app.screen, RunsScreen)
        step = state(app).step
        await until(pilot, lambda: state(app).step > step, "more steps")
        await pilot.press("enter", "d" if goes_on else "y")
        await until(pilot, lambda: isinstance(app.screen, LabScreen) and lab(app).training.run_name == "other", "the other run")
    assert handed_over == [own] * goes_on


async def test_two_marked_runs_are_compared_and_opened_beside_each_other() -> None:
    for number, name in enumerate(("first", "second", "third")):
        made_run(name, seed=number, age=60.0 * number)
    app = app_on_presets()
    async with app.run_test(size=(120, 35)) as pilot:
        await list_runs(pilot, app, "3")
        await pilot.press("c")
        assert any("mark two runs" in text for text in said(app))
        await pilot.press("space", "space", "space", "c")
        assert any("3 are marked" in text for text in said(app))
        await pilot.press("up", "up", "space", "space", "space")
        await pilot.press("up", "space", "space", "o", "c")
        assert isinstance(app.screen, RunComparison)
        pairs = content(app.screen.query_one("#pairs"))
        assert pairs.index("second") < pairs.index("third")
        assert any(line.split() == ["seed", "1", "2"] for line in pairs.splitlines())
        await until(pilot, lambda: "third" in content(app.screen.query_one("#curves")), "the curves of both")
        await pilot.press("tab", "enter")
        await until(pilot, lambda: isinstance(app.screen, LabScreen) and lab(app).training.run_name == "third", "the lab")
        await until(pilot, lambda: app.screen.has_class("-comparing"), "the other beside it")
        assert app.preferences.values.overlays == tuple(str(Path("runs", name)) for name in ("second", "third"))


@pytest.mark.parametrize("from_list", [True, False], ids=["from the list", "from the command line"])
async def test_a_run_with_a_damaged_checkpoint_is_no_way_to_another_training(*, from_list: bool) -> None:
    for _ in start_session(Experiment.from_toml(BRIEF), Path("runs"), "tried").records():
        pass
    run = only_run()
    for checkpoint in run.checkpoints.iterdir():
        checkpoint.write_bytes(b"torn")
    app = app_on_presets() if from_list else app_on_run(run)
    async with app.run_test(size=SMALL) as pilot:
        if from_list:
            await list_runs(pilot, app, "1")
            await pilot.press("enter")
            await until(pilot, lambda: said(app), "why not")
            assert "cannot be read" in said(app)[0]
            await until(pilot, lambda: isinstance(app.screen, RunsScreen), "the list")
        else:
            await until(pilot, lambda: not app.is_running, "the end")
            assert app.return_value == 2
            assert "cannot be read" in app.last_words


async def test_own_keys_of_the_lab_hold_in_the_list_and_the_form() -> None:
    preferences_path().parent.mkdir(parents=True, exist_ok=True)
    preferences_path().write_text('[keys]\nruns = "L"\nquit = "Q"', encoding="utf-8")
    async with (app := app_on_presets()).run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "L runs" in content(app.screen.query_one(KeyBar)), "the own keys in the footer")
        await pilot.press("R", "q")
        assert isinstance(app.screen, SetupScreen)
        await pilot.press("L")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen), "the list")
        assert "L back  Q quit" in content(app.screen.query_one(KeyBar))
        assert {"L", "Q"} <= {key for key, _ in keys_of(app.screen)}
        await pilot.press("R", "q")
        assert isinstance(app.screen, RunsScreen)
        await pilot.press("L")
        assert isinstance(app.screen, SetupScreen)
        await pilot.press("Q")
        await until(pilot, lambda: not app.is_running, "the end")


async def test_runs_are_listed_before_what_has_changed_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    made_run("known")
    list_rows(Path("runs"))
    made_run("new", age=1)
    may_read = Event()
    monkeypatch.setattr(reading, "read_facts", lambda *given: may_read.wait(PATIENCE_SECONDS) and read_facts(*given))
    app = app_on_presets()
    async with app.run_test(size=SMALL) as pilot:
        await list_runs(pilot, app, "1")
        assert chosen(app) == "known"
        may_read.set()
        await until(pilot, lambda: counted(app) == "2", "the new one")
        assert chosen(app) == "known"


async def test_a_folder_without_runs_says_so() -> None:
    app = app_on_presets()
    async with app.run_test(size=SMALL) as pilot:
        await list_runs(pilot, app, "no runs in runs")
        assert "no run yet: enter on a preset trains one" in content(table(app))
        assert content(app.screen.query_one(KeyBar)).split("  ") == [" / filter", "o overlay", "R back", "q quit", "? help"]
        await pilot.press("enter", "space", "p", "t", "n", "D", "c", "s", "pagedown", "end", "up")
        assert isinstance(app.screen, RunsScreen)


async def test_hostile_names_and_notes_and_what_cannot_be_read_are_text_on_a_plain_terminal() -> None:
    made_run(HOSTILE, notes=Annotations(tags=("[b]",), note="[link=x]\x1b[31mred"))
    (made_run("broken").path / "experiment.toml").write_text("title = [", encoding="utf-8")
    app = app_on_presets("ascii")
    async with app.run_test(size=SMALL) as pilot:
        await list_runs(pilot, app, "2")
        for _ in range(2):
            await pilot.press("down")
            text = shown(app)()
            assert text.replace("\n", "").isprintable()
            assert text.isascii()
        assert "[red]x[b]yyy" in content(table(app))
        assert "unreadable" in content(table(app))
        await pilot.press("enter")
        await until(pilot, lambda: said(app), "why it cannot be opened")
        assert app.screen.query_one(Input).value == ""


async def test_a_run_that_the_lab_has_open_is_not_thrown_away() -> None:
    run = made_run("open")
    app = app_on_run(run)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await list_runs(pilot, app, "1")
        await pilot.press("D")
        await until(pilot, lambda: any("this lab has it open" in text for text in said(app)), "the refusal")
        assert isinstance(app.screen, RunsScreen)
        assert lab(app).control.leave(PATIENCE_SECONDS)
