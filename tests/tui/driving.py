"""The lab without a terminal: built on tiny presets, driven by keys, waited for by conditions."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

from textual.app import App
from textual.driver import Driver
from textual.events import Key, Resize
from textual.geometry import Size
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Collapsible, Input, Select, Static

from grokterm.experiment.reading.presets import Preset
from grokterm.experiment.recording.records import Record
from grokterm.plots.palettes import PALETTES, PaletteName
from grokterm.runs.store import Run, list_runs
from grokterm.session.commands import SetPace
from grokterm.session.control import Training
from grokterm.session.state import LabState
from grokterm.session.thread import TrainingThread
from grokterm.tui.app import GroktermApp, Opening
from grokterm.tui.control.notifications import MILESTONES
from grokterm.tui.screens.lab import LabScreen
from grokterm.tui.widgets.setup.form import ExperimentForm
from tests.runs.records import journaled

SMALL, LARGE = (80, 24), (160, 45)
PATIENCE_SECONDS = 120.0
"""How long to wait for what comes at once: only a guard against waiting for ever."""

BRIEF = """
title = "Brief"
source = "ours"
[task]
modulus = 11
train_fraction = 0.6
[model]
architecture = "mlp"
width = 16
scaling = "doshi"
[optimizer]
kind = "adamw"
learning_rate = 1e-2
[training]
steps = 40
evaluate_every = 5
"""
"""Ends at once."""

KERNEL = """
title = "Kernel"
source = "ours"
[task]
modulus = 11
train_fraction = 0.6
[model]
architecture = "kernel"
[optimizer]
kind = "agop"
[training]
steps = 1000000
evaluate_every = 1
"""
"""Has no learning rate, and nothing that could be changed."""

ENDLESS = BRIEF.replace("Brief", "Endless").replace("steps = 40", "steps = 1000000").replace("every = 5", "every = 100")
"""Trains for as long as any test needs."""


def preset_of(text: str, name: str = "tried") -> Preset:
    """Stand in for a file."""
    return Preset(name, Path(f"{name}.toml"), text)


def app_on(text: str, *, runs_dir: Path = Path("runs"), palette: PaletteName = "256", start: bool = True) -> GroktermApp:
    """Open the lab on a preset; it trains at once unless the form is wanted."""
    return GroktermApp(Opening(preset_of(text), runs_dir, PALETTES[palette], start=start))


def app_on_run(run: Run, notice: str = "", training: Training | None = None) -> GroktermApp:
    """Open the lab on a saved run, or on one with the training of another process."""
    preset = replace(preset_of(run.experiment.to_toml(), run.name), followed=run.preset)
    return GroktermApp(Opening(preset, run.path.parent, PALETTES["256"], run=run, training=training, notice=notice))


async def until(pilot: Pilot[Any], condition: Callable[[], object], what: str = "") -> None:
    """Let the application work until a condition holds."""
    deadline = monotonic() + PATIENCE_SECONDS
    while not condition():
        assert monotonic() < deadline, f"waited too long for {what or 'a condition'}"
        await pilot.pause(0.01)


async def resize(pilot: Pilot[Any], width: int, height: int) -> None:
    """Resize the terminal, and wait until the screen has that size; sooner done than by pilot, which waits for idleness."""
    app, size = pilot.app, Size(width, height)
    assert isinstance(app._driver, Driver)
    app._driver._size = size
    app.post_message(Resize(size, size))
    while app.screen.size != size:
        await asyncio.sleep(0)  # the turn of the application


@asynccontextmanager
async def training(app: GroktermApp, size: tuple[int, int] = SMALL, pace: float | None = 30.0) -> AsyncIterator[Pilot[int]]:
    """Run an application that trains at once, from its first evaluation on.

    Pilot waits after each key until the process is idle for most of 20 ms, or for a second: at this pace it is, between steps.
    """
    async with app.run_test(size=size) as pilot:
        lab(app).training.send(SetPace(steps_per_second=pace))
        await until(pilot, lambda: len(state(app).curves) and state(app).pace == pace, "the first evaluation")
        yield pilot
        for screen in app.screen_stack:
            if isinstance(screen, LabScreen):
                screen.control.leave(PATIENCE_SECONDS)


async def paused(pilot: Pilot[int], app: GroktermApp) -> int:
    """Pause, and return the step it stands at."""
    await pilot.press("space")
    await until(pilot, lambda: state(app).phase == "paused", "the pause")
    return state(app).step


def lab(app: GroktermApp) -> LabScreen:
    """Return the lab, also while a dialog covers it."""
    return next(screen for screen in app.screen_stack if isinstance(screen, LabScreen))


def training_thread(app: GroktermApp) -> TrainingThread:
    """Return the training of the lab, which is one of this process."""
    thread = lab(app).training
    assert isinstance(thread, TrainingThread)
    return thread


def state(app: GroktermApp) -> LabState:
    """Return the latest state of the training."""
    return lab(app).state


def form(app: GroktermApp) -> ExperimentForm:
    """Return the form of the setup."""
    return app.screen.query_one(ExperimentForm)


def control(app: App[Any], name: str) -> Input | Select[str]:
    """Return the field of a setting."""
    controls: Iterable[Input | Select[str]] = app.screen.query("#form Input, #form Select").results()  # type: ignore[assignment]
    return next(one for one in controls if one.name == name)


def settings_shown(app: GroktermApp) -> dict[str, str]:
    """Return every setting of the form, and what it says."""
    return {str(field.name): str(field.value) for field in app.screen.query(Input) if field.name} | {
        str(field.name): str(field.value) for field in app.screen.query(Select) if field.name
    }


async def unfold(pilot: Pilot[int], app: GroktermApp) -> None:
    """Show the further settings, which are not made before."""
    app.screen.query_one(Collapsible).collapsed = False
    await until(pilot, lambda: "device" in settings_shown(app), "the further settings")


async def type_into(pilot: Pilot[int], field: Input | Select[str], text: str) -> None:
    """Replace the text of a field, as a user types it."""
    assert isinstance(field, Input)
    field.focus()
    field.select_all()
    await pilot.press("delete")
    for character in text:
        pilot.app.simulate_key(character)
    await until(pilot, lambda: field.value == text, f"{text!r}")
    await pilot.pause()


def press_at_once(app: App[Any], *keys: str) -> None:
    """Press keys as they come over a slow link: none waits until the one before has done its work."""
    for key in keys:
        app.post_message(Key(key, key if len(key) == 1 else None))


async def choose(pilot: Pilot[int], field: Input | Select[str], value: str) -> None:
    """Choose from a list of values."""
    assert isinstance(field, Select)
    field.focus()
    field.value = value
    await pilot.pause()
    await pilot.pause()


def explanation(app: GroktermApp) -> str:
    """Return the lines under the form, as one."""
    return " ".join(str(app.screen.query_one("#explanation").render()).split("\n"))


def structure(app: GroktermApp) -> str:
    """Return the line that says what the operation is."""
    return str(app.screen.query_one("#structure", Static).render())


def said(app: GroktermApp) -> list[str]:
    """List what the notifications say, without those of milestones and ends, which come when they come."""
    own = (*MILESTONES, "ended")
    lines = [
        line
        for one in app._notifications
        for line in zip(one.title.split(", "), one.message.split("\n") if ", " in one.title else [one.message], strict=True)
    ]
    return [text for title, text in lines if title not in own]


def only_run(runs_dir: Path = Path("runs")) -> Run:
    """Return the one run that was made."""
    (run,) = list_runs(runs_dir)
    return run


def journal(run: Run) -> list[Record]:
    """Read what a run wrote down."""
    return journaled(run.journal)


def content(widget: Widget) -> str:
    """Return the characters that a widget shows, line by line."""
    return "\n".join(widget.render_line(y).text for y in range(widget.size.height))
