"""What others wrote is shown as text; a terminal without line drawing gets none in its pictures."""

from pathlib import Path

import pytest
from textual.widgets import OptionList, Static

from grokterm.experiment.reading.presets import Preset
from grokterm.plots.palettes import PALETTES
from grokterm.plots.sanitize import plain_text
from grokterm.runs.listing.annotations import Annotations
from grokterm.tui.app import GroktermApp, Opening
from grokterm.tui.screens.lab import LabScreen
from grokterm.tui.widgets.lab.facts import Facts
from grokterm.tui.widgets.picture import Picture
from grokterm.views.comparison import ComparisonJob
from tests.tui.driving import BRIEF, ENDLESS, LARGE, SMALL, app_on, content, explanation, lab, said, state, training, until
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


async def test_a_name_that_would_be_markup_is_plain_text_on_every_screen(tmp_path: Path) -> None:
    name = 'x[a="]'
    written = f"{name}\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u200b"
    made_run(f"{written}-1", notes=Annotations(tags=(written,), note=written))
    (folder := tmp_path / "presets").mkdir(exist_ok=True)
    (folder / f"{written}.toml").write_text(HOSTILE, encoding="utf-8")
    app = GroktermApp(Opening(Preset(written, folder / f"{written}.toml", HOSTILE), Path("runs"), PALETTES["256"]))

    def shows(text: str) -> bool:
        lines = ["".join(part.text for part in line) for line in app.screen._compositor.render_strips()]
        assert all(line == plain_text(line) for line in lines)
        return text in "\n".join(lines)

    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: shows(f"╭─ {name} ─"), "the form")
        await pilot.press("R")
        await until(pilot, lambda: shows(f"╭─ {name}-1 ─"), "the runs")
        await pilot.press("R", "ctrl+s")
        await until(pilot, lambda: app.screen.query(Facts) and state(app).phase == "ended", "the end")
        for key in ("w", "h", "b", "ctrl+p", "question_mark", "c"):
            await pilot.press(key)
            await until(pilot, lambda: not isinstance(app.screen, LabScreen), f"what {key} opens")
            shows("")
            await until(pilot, lambda: key != "c" or shows(f"▐ ▌ {name}-1"), "the runs to compare with")  # noqa: B023
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, LabScreen), "the lab")
        run = lab(app).training.saved_run
        assert run is not None
        lab(app).put_beside(ComparisonJob(run, 0))
        await until(pilot, lambda: shows(f"╭─ {run.name}"), "the network beside")


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
