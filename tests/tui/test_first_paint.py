"""What is on the screen first, and how little has been loaded by then."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from textual._compositor import Compositor, CompositorUpdate
from textual.geometry import Size
from textual.widget import Widget

from tests.cli.process import SECONDS, environment
from tests.tui.driving import ENDLESS, LARGE, SMALL, app_on, training

HEAVY = {"torch", "numpy", "pydantic", "jaxtyping", "plotext", "matplotlib", "safetensors", "rich.markdown"}

SCRIPT = """
import asyncio, json, sys
from pathlib import Path
import grokterm.cli.main
from grokterm.experiment.reading.presets import find_preset
from grokterm.plots.palettes import PALETTES
from grokterm.tui.app import GroktermApp, Opening
from grokterm.tui.screens.setup import SetupScreen

async def show_what_is_painted(screen):
    print(json.dumps([sorted(sys.modules), [str(option.prompt) for option in screen.query_one("#presets").options]]))

async def look():
    async with GroktermApp(Opening(find_preset("liu-essay"), Path("runs"), PALETTES["256"])).run_test(size=(80, 24)) as pilot:
        await pilot.pause()

SetupScreen._load_form = show_what_is_painted
GroktermApp._load_in_background = lambda app: None
asyncio.run(look())
"""


def test_the_presets_are_shown_before_anything_heavy_is_loaded(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env=environment(),
        text=True,
        timeout=SECONDS,
    )
    modules, names = json.loads(done.stdout)
    assert HEAVY.isdisjoint(modules)
    unwanted = ("grokterm.tasks", "grokterm.runs.", "grokterm.session.state")
    # Messages write commands, and the help of `runs export` lists its formats, of which each loads what it needs when used.
    tables = {f"grokterm.runs.{name}" for name in ("command_line", "export", "export.source", "export.table")}
    assert not [name for name in modules if name.startswith(unwanted) and name not in tables]
    assert {" quick", " liu-essay", " gromov-gd"} <= set(names)


@pytest.mark.parametrize(("size", "layout"), [(SMALL, "-narrow"), (LARGE, "-wide")])
async def test_the_first_frame_of_the_lab_has_the_layout_of_its_size(
    size: tuple[int, int], layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid_out: list[frozenset[str]] = []
    reflow = Compositor.reflow

    def watched(compositor: Compositor, parent: Widget, size: Size) -> CompositorUpdate:
        if parent.id == "lab":
            laid_out.append(parent.app.classes)
        return reflow(compositor, parent, size)  # type: ignore[return-value]

    monkeypatch.setattr(Compositor, "reflow", watched)
    async with training(app_on(ENDLESS), size):
        assert laid_out
    assert all(layout in classes for classes in laid_out)
