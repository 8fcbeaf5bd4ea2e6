"""A sweep on the screen, with an engine that trains nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from grokterm.plots.palettes import PALETTES, PaletteName
from grokterm.runs.store import list_runs
from grokterm.sweeps.live import LiveSweep, SweepState
from grokterm.sweeps.members import Member
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.result import Result
from grokterm.sweeps.work import Work
from grokterm.tui.app import GroktermApp, Opening
from grokterm.tui.link import LINKS
from grokterm.tui.screens.help import keys_of
from grokterm.tui.screens.lab import LabScreen
from grokterm.tui.screens.setup import SetupScreen
from grokterm.tui.screens.sweep import SweepScreen
from grokterm.tui.widgets.key_bar import KeyBar
from grokterm.tui.widgets.runs.members import MemberTable
from grokterm.tui.widgets.runs.table import RunTable
from tests.sweeps.fixtures import tiny_sweep
from tests.sweeps.gated_engine import GatedEngine
from tests.tui.driving import BRIEF, LARGE, PATIENCE_SECONDS, SMALL, content, preset_of, state, until
from tests.tui.test_snapshots import compare, settled


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grokterm.sweeps.live.READ_SECONDS", 0.01)
    monkeypatch.setattr("grokterm.sweeps.scheduler.POLL_SECONDS", 0.01)
    monkeypatch.setattr("grokterm.tui.draw_budget.SHARE_OF_TIME", 1.0)
    monkeypatch.setattr("grokterm.sweeps.estimate.TimeLeft.seconds", lambda *_: 75.0)


def measured(member: Member) -> Result:
    share = member.point.values["task.train_fraction"]
    assert isinstance(share, float)
    if member.seed == 1 and share == 0.4:
        return Result(key=member.key, outcome="failed", problem="out of memory")
    grokked_at, accuracy = 1500 if share > 0.5 else None, round(share + member.seed / 20, 2)
    return Result(key=member.key, memorized_at=120, grokked_at=grokked_at, val_accuracy=accuracy, steps=3000, seconds=71.0)


class Driven:
    """An application on a sweep, and the engines that it made."""

    def __init__(self, sweep: SweepFolder, *, works: bool = True, palette: PaletteName = "256") -> None:
        self.engines: list[GatedEngine] = []
        self.live = LiveSweep(sweep, self._engine, works=works)
        self.app = GroktermApp(Opening(preset_of(BRIEF), sweep.path.parent, PALETTES[palette], sweep=self.live))

    def _engine(self, sweep: SweepFolder) -> GatedEngine:
        self.engines.append(GatedEngine(sweep, measured))
        return self.engines[-1]

    @property
    def shown(self) -> SweepState:
        """What the table shows."""
        return self.app.screen.query_one(MemberTable)._state

    @asynccontextmanager
    async def run(self, size: tuple[int, int] = SMALL) -> AsyncIterator[Pilot[int]]:
        async with self.app.run_test(size=size) as pilot:
            yield pilot
            self.live.leave(PATIENCE_SECONDS)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
async def test_a_sweep_looks_as_it_did(size: tuple[int, int], tmp_path: Path) -> None:
    grid = {"task.train_fraction": [0.3, 0.4, 0.5, 0.6, 0.7]}
    variants = {"plain": {}, "wide": {"model.width": 16}}
    driven = Driven(tiny_sweep(tmp_path, {"grid": grid, "variants": variants, "seeds": 3}))
    async with driven.run(size) as pilot:
        await until(pilot, lambda: driven.engines, "the engine")
        driven.engines[0].n_let = 19
        await until(pilot, lambda: driven.shown.n_done == 19 and driven.shown.working, "the results")
        compare(await settled(pilot, driven.app), f"sweep-{size[0]}x{size[1]}.txt")


async def test_keys_pause_a_sweep_add_seeds_and_retry_what_has_failed(tmp_path: Path) -> None:
    driven = Driven(tiny_sweep(tmp_path))
    async with driven.run() as pilot:
        await until(pilot, lambda: driven.engines and driven.shown.working, "the engine")
        assert "pause" in hints(driven.app)
        assert "retry" not in hints(driven.app)
        driven.engines[0].n_let = 3
        await until(pilot, lambda: driven.shown.n_done == 3, "three results")
        await pilot.press("space")
        await until(pilot, lambda: driven.shown.phase == "resting", "the pause")
        assert {"go on", "retry"} <= hints(driven.app)
        await pilot.press("plus")
        await until(pilot, lambda: len(driven.engines) == 2 and len(driven.shown.members) == 6, "more members")
        await pilot.press("r")
        await until(pilot, lambda: not driven.shown.n_failed, "the retry")
        driven.engines[1].n_let = 4
        await until(pilot, lambda: driven.shown.phase == "done", "the end")
        assert driven.shown.n_failed == 1
        assert not {"pause", "go on"} & hints(driven.app)


async def test_a_member_opens_in_the_lab_and_q_and_escape_come_back(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    first = sweep.members()[0]
    Work(sweep).on(first)
    driven = Driven(sweep, works=False)
    async with driven.run() as pilot:
        await until(pilot, lambda: driven.shown.n_done == 1, "the result")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(driven.app.screen, LabScreen) and state(driven.app).phase == "ended", "the lab")
        assert state(driven.app).step == 6
        assert "to the sweep" in hints(driven.app)
        assert state(driven.app).experiment.title == f"train fraction {first.point.values['task.train_fraction']}"
        await pilot.press("r")
        await until(pilot, lambda: list_runs(tmp_path), "another run, beside the sweep")
        assert [one.name for one in (sweep.path / "members").iterdir()] == [first.key]
        assert "quit" not in hints(driven.app)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(driven.app.screen, SweepScreen), "the sweep")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(driven.app.screen, LabScreen), "the lab")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(driven.app.screen, SweepScreen), "the sweep")
        await pilot.press("down", "enter")
        why_not = "it has not begun yet"
        await until(pilot, lambda: why_not in [one.message for one in driven.app._notifications], "why not")
        for checkpoint in (sweep.path / "members" / first.key / "checkpoints").iterdir():
            checkpoint.unlink()
        await pilot.press("up", "enter")
        await until(pilot, lambda: any("were not kept" in one.message for one in driven.app._notifications), "why not")
        assert isinstance(driven.app.screen, SweepScreen)


async def test_leaving_saves_the_sweep_and_says_how_to_go_on(tmp_path: Path) -> None:
    driven = Driven(tiny_sweep(tmp_path))
    async with driven.run() as pilot:
        await until(pilot, lambda: driven.engines and driven.shown.working, "the engine")
        await pilot.press("q")
        await until(pilot, lambda: driven.app.last_words, "the last words")
    assert driven.engines[0].is_stopped.is_set()
    assert "0 of 4 members have ended" in driven.app.last_words
    assert "grokterm sweep tiny-sweep --runs-dir . goes on with it" in driven.app.last_words


@pytest.mark.parametrize("palette", ["16", "mono", "ascii"])
async def test_a_map_takes_the_place_of_the_curve(tmp_path: Path, palette: PaletteName) -> None:
    grid = {"task.train_fraction": [0.4, 0.6], "optimizer.learning_rate": [1e-3, 1e-2]}
    driven = Driven(tiny_sweep(tmp_path, {"grid": grid}), palette=palette)
    async with driven.run() as pilot:
        await until(pilot, lambda: driven.engines and driven.shown.working, "the engine")
        driven.engines[0].n_let = 3
        await until(pilot, lambda: driven.shown.n_done == 3, "three results")
        assert "learning rate 0.001" in picture(driven.app)
        await pilot.press("m")
        await until(pilot, lambda: "not yet" in picture(driven.app), "the map")
        assert "lines" in hints(driven.app)
        await pilot.press("m")
        await until(pilot, lambda: "learning rate 0.001" in picture(driven.app), "the curve")


async def test_numbers_take_the_place_of_the_picture_on_a_slow_link(tmp_path: Path) -> None:
    driven = Driven(tiny_sweep(tmp_path))
    driven.app.link = LINKS["slow"]
    async with driven.run() as pilot:
        await until(pilot, lambda: driven.engines and driven.shown.working, "the engine")
        driven.engines[0].n_let = 4
        await until(pilot, lambda: "0.6250  0.6000 to 0.6500" in picture(driven.app), "the numbers")


def picture(app: GroktermApp) -> str:
    return content(app.screen.query_one("#swept"))


def hints(app: GroktermApp) -> set[str]:
    return {hint.label for hint in app.screen.query_one(KeyBar).hints}


async def test_a_sweep_opens_from_the_list_and_escape_leads_to_the_form(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    app = GroktermApp(Opening(preset_of(BRIEF), tmp_path, PALETTES["256"]))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("R")
        await until(pilot, lambda: app.screen.query_one(RunTable).row, "the sweep in the list")
        await pilot.press("space", "enter")
        await until(pilot, lambda: isinstance(app.screen, SweepScreen), "the sweep")
        assert [one.message for one in app._notifications] == ["a sweep has no curves of its own: enter shows it"]
        assert app.sweep is not None
        assert app.sweep.sweep.path == sweep.path
        shown = app.screen
        await pilot.press("R", "D", "enter")
        await until(pilot, lambda: app.screen is shown, "the same sweep")
        assert sweep.path.exists()
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SetupScreen), "the form")
        assert app.sweep is None


async def test_every_key_of_the_sweep_is_explained(tmp_path: Path) -> None:
    driven = Driven(tiny_sweep(tmp_path), works=False)
    async with driven.run():
        keys = dict(keys_of(driven.app.screen))
    assert {"enter", "space", "+", "r", "m", "p", "q"} <= keys.keys()
