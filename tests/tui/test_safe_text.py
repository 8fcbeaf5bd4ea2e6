"""What others wrote is shown as text; a terminal without line drawing gets none in its pictures."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.screen import Screen
from textual.widgets import OptionList, Static

import grokterm.tui
from grokterm.experiment.reading.presets import Preset
from grokterm.plots.palettes import PALETTES
from grokterm.plots.sanitize import plain_text
from grokterm.runs.listing.annotations import Annotations
from grokterm.runs.listing.index import list_rows
from grokterm.sweeps.engines.table import here
from grokterm.sweeps.live import LiveSweep
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.tui.app import GroktermApp, Opening
from grokterm.tui.control.departure import Departure
from grokterm.tui.screens.dialogs import Question, Waiting
from grokterm.tui.screens.lab import LabScreen
from grokterm.tui.screens.run_comparison import RunComparison
from grokterm.tui.screens.runs import RunsScreen
from grokterm.tui.screens.size import TooSmallScreen
from grokterm.tui.screens.sweep import SweepScreen
from grokterm.tui.widgets.lab.facts import Facts
from grokterm.tui.widgets.picture import Picture
from grokterm.views.comparison import ComparisonJob
from tests.sweeps.fixtures import tiny_sweep
from tests.tui.driving import (
    BRIEF,
    ENDLESS,
    LARGE,
    PATIENCE_SECONDS,
    SMALL,
    app_on,
    content,
    explanation,
    lab,
    said,
    state,
    training,
    until,
)
from tests.tui.saved_runs import made_run

WRITTEN = "[red]bold[/red] [link=x]"
HOSTILE = BRIEF.replace('"Brief"', f'"{WRITTEN}\\u001b]0;owned\\u0007\\u001b[2J"').replace('"ours"', f'"{WRITTEN}\\u001b[31m"')


async def test_a_hostile_title_is_plain_text_on_the_form() -> None:
    app = app_on(HOSTILE, start=False)
    async with app.run_test(size=SMALL):
        assert str(app.screen.query_one("#title", Static).render()) == WRITTEN
        assert explanation(app) == WRITTEN


async def test_a_hostile_title_is_plain_text_in_the_lab() -> None:
    app = app_on(HOSTILE)
    async with training(app, LARGE) as pilot:
        await until(pilot, lambda: WRITTEN in content(app.screen.query_one("#banner")), "the title")
        assert "\x1b" not in content(app.screen.query_one("#banner"))


NAME = 'x[a="]'
HOSTILE_NAME = f"{NAME}\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u200b"


def screens(above: type[Screen[Any]] = Screen) -> Iterator[type[Screen[Any]]]:
    """Every screen and dialog of the application that can be shown."""
    for module in pkgutil.walk_packages(grokterm.tui.__path__, "grokterm.tui."):
        importlib.import_module(module.name)
    for one in above.__subclasses__():
        if one.__module__.startswith("grokterm.") and one is not Question:  # of which others are
            yield one
        yield from screens(one)


async def test_a_name_that_would_be_markup_is_plain_text_on_every_screen(tmp_path: Path) -> None:
    made_run(f"{HOSTILE_NAME}-1", notes=Annotations(tags=(HOSTILE_NAME,), note=HOSTILE_NAME))
    (folder := tmp_path / "presets").mkdir(exist_ok=True)
    (folder / f"{HOSTILE_NAME}.toml").write_text(HOSTILE, encoding="utf-8")
    app = GroktermApp(Opening(Preset(HOSTILE_NAME, folder / f"{HOSTILE_NAME}.toml", HOSTILE), Path("runs"), PALETTES["256"]))
    seen = set[type]()

    def shows(text: str) -> bool:
        lines = ["".join(part.text for part in line) for line in app.screen._compositor.render_strips()]
        assert all(line == plain_text(line) for line in lines), app.screen
        seen.add(type(app.screen))
        return text in "\n".join(lines)

    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: shows(f"╭─ {NAME} ─"), "the form")
        await pilot.press("R")
        await until(pilot, lambda: shows(f"╭─ {NAME}-1 ─"), "the runs")
        for key in ("t", "n", "D"):
            await pilot.press(key)
            await until(pilot, lambda: not isinstance(app.screen, RunsScreen) and shows(NAME), "the name in a dialog")
            await pilot.press("escape")
        (row,) = list_rows(Path("runs"))
        sweep = tiny_sweep(Path("runs"), {"variants": {HOSTILE_NAME: {"model.width": 9}, "other": {"model.width": 8}}})
        live = LiveSweep(SweepFolder(sweep.path.rename(Path("runs", f"{HOSTILE_NAME}-2"))), here, works=False)
        for screen, text in (
            (RunComparison(row, row, "log"), f"{NAME}-1"),
            (SweepScreen(live), f"sweep {NAME}-2"),
            (Departure(HOSTILE_NAME), NAME),
            (Waiting(HOSTILE_NAME), NAME),
        ):
            await app.push_screen(screen)
            await until(pilot, lambda: shows(text), "the screen")  # noqa: B023
            await app.pop_screen()
        live.leave(PATIENCE_SECONDS)
        await pilot.resize_terminal(20, 5)
        await until(
            pilot, lambda: isinstance(app.screen, TooSmallScreen) and shows("grokterm needs"), "the size that is needed"
        )
        await pilot.resize_terminal(*LARGE)
        await until(pilot, lambda: isinstance(app.screen, RunsScreen), "the runs")
        await pilot.press("R", "ctrl+s")
        await until(pilot, lambda: app.screen.query(Facts) and state(app).phase == "ended", "the end")
        for key in ("w", "h", "b", "ctrl+p", "question_mark", "c"):
            await pilot.press(key)
            await until(pilot, lambda: not isinstance(app.screen, LabScreen), f"what {key} opens")
            shows("")
            await until(pilot, lambda: key != "c" or shows(f"▐ ▌ {NAME}-1"), "the runs to compare with")  # noqa: B023
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, LabScreen), "the lab")
        run = lab(app).training.saved_run
        assert run is not None
        lab(app).put_beside(ComparisonJob(run, 0))
        await until(pilot, lambda: shows(f"╭─ {run.name}"), "the network beside")
    assert {*screens()} <= seen


async def test_a_hostile_problem_is_plain_text_in_the_notification(tmp_path: Path) -> None:
    (folder := tmp_path / "[red]x[bold]").touch()
    app = app_on(BRIEF, runs_dir=folder)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: said(app), "the notification")
        await pilot.pause()
        assert "[red]x[bold]" in said(app)[0]


async def test_the_pictures_of_a_plain_terminal_are_ascii() -> None:
    app = app_on(ENDLESS, palette="ascii")
    async with training(app, LARGE) as pilot:
        pictures = [picture for picture in app.screen.query(Picture) if picture.display]
        network = app.screen.query_one("#present", Picture)
        for key in "234567":
            await pilot.press(key)
            await until(pilot, lambda: "step" in f"{network.border_subtitle}", f"the picture of tab {key}")
            await until(pilot, lambda: all(content(picture).strip() for picture in pictures), "all pictures")
            assert all(content(picture).isascii() for picture in pictures)
            assert f"{network.border_title}{network.border_subtitle}".isascii()
        assert content(app.screen.query_one("#status")).isascii()
        assert state(app).phase == "training"


async def test_the_chosen_preset_stands_out_without_colors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_on(BRIEF, start=False, palette="ascii")
    async with app.run_test(size=SMALL):
        picker = app.screen.query_one(OptionList)
        lines = [picker.render_line(line) for line in range(picker.size.height)]
        underlined = [line for line in lines if any(segment.style and segment.style.underline for segment in line)]
        assert [line.text.strip() for line in underlined] == ["tried"]
