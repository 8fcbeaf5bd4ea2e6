"""`grokterm` and `grokterm open RUN`: the lab."""

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from grokterm.cli.console import print_status
from grokterm.cli.options import RUNS, Ascii, LinkOption, NoPixels, RunOrSweep, RunsDir
from grokterm.errors import ConfigError
from grokterm.runs.command_line import command_line

if TYPE_CHECKING:
    from grokterm.experiment.reading.presets import Preset
    from grokterm.runs.store import Run
    from grokterm.session.control import Training
    from grokterm.sweeps.engines.table import EngineOf
    from grokterm.sweeps.live import LiveSweep
    from grokterm.sweeps.storage.folder import SweepFolder
    from grokterm.tui.link import LinkChoice

DEFAULT_PRESET = "liu-essay"


def open_lab(
    preset: str | None, *, start: bool, ascii_only: bool, no_pixels: bool, link: "LinkChoice | None", runs_dir: Path
) -> None:
    """Open the lab on a preset, or on the one by default."""
    from grokterm.experiment.reading.presets import find_preset

    found = find_preset(DEFAULT_PRESET if preset is None else preset)
    if start or preset is not None:
        found.experiment  # noqa: B018 - refuses a broken preset; without one, the first paint need not wait for what validates
    _show(found, runs_dir, ascii_only=ascii_only, no_pixels=no_pixels, link=link, start=start)


def open_run(
    name: RunOrSweep,
    *,
    ascii_only: Ascii = False,
    no_pixels: NoPixels = False,
    link: LinkOption = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Open the lab on a run: a saved one, to look at it or to resume it, or one that another process trains; or a sweep."""
    from grokterm.cli.finding import run_or_sweep
    from grokterm.runs.store import Run
    from grokterm.session.attaching import watched

    run = run_or_sweep(runs_dir, name)
    if not isinstance(run, Run):
        from grokterm.sweeps.engines.table import here

        show_sweep(run, runs_dir, ascii_only=ascii_only, no_pixels=no_pixels, link=link, engine_of=here, works=False)
    show_run(run, runs_dir, ascii_only=ascii_only, no_pixels=no_pixels, link=link, training=watched(run))


def show_run(
    run: "Run", runs_dir: Path, *, ascii_only: bool, no_pixels: bool, link: "LinkChoice | None", training: "Training | None"
) -> None:
    """Open the lab on a run, with the process that trains it if there is one."""
    from grokterm.experiment.reading.presets import Preset
    from grokterm.plugins.registry import changed
    from grokterm.reports.run import caution
    from grokterm.runs.listing.skim import Skim
    from grokterm.runs.results.summarizing import summarize_means

    notice = caution(summarize_means(run, Skim.of(run.journal).records(run.journal))) if training is None else ""
    notice = changed(run.meta.get("plugins")) or notice
    preset = Preset(run.name, run.path / "experiment.toml", run.experiment.to_toml(), followed=run.preset)
    _show(preset, runs_dir, ascii_only=ascii_only, no_pixels=no_pixels, link=link, run=run, training=training, notice=notice)


def show_sweep(
    sweep: "SweepFolder",
    runs_dir: Path,
    *,
    ascii_only: bool,
    no_pixels: bool,
    link: "LinkChoice | None",
    engine_of: "EngineOf",
    works: bool,
) -> NoReturn:
    """Show a sweep, and work on it at once or when that is asked for."""
    from grokterm.experiment.reading.presets import Preset
    from grokterm.experiment.reading.toml import format_toml
    from grokterm.sweeps.live import LiveSweep

    preset = Preset(sweep.name, sweep.path / "sweep.toml", format_toml(sweep.settings), followed=sweep.preset)
    live = LiveSweep(sweep, engine_of, works=works)
    _show(preset, runs_dir, ascii_only=ascii_only, no_pixels=no_pixels, link=link, sweep=live)


def _show(
    preset: "Preset",
    runs_dir: Path,
    *,
    ascii_only: bool,
    no_pixels: bool,
    link: "LinkChoice | None",
    start: bool = False,
    run: "Run | None" = None,
    training: "Training | None" = None,
    notice: str = "",
    sweep: "LiveSweep | None" = None,
) -> NoReturn:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        if training is not None:
            training.leave(0.0)
        without = (
            "grokterm run --preset NAME trains"
            if sweep is None
            else f"{command_line('runs show', sweep.sweep.path)} sums it up"
        )
        raise ConfigError(f"the lab needs a terminal: {without} without one")
    from grokterm.tui.appearance.remembered import preferences_path, remembered_link
    from grokterm.tui.graphics.asking import begin_asking, is_remote
    from grokterm.tui.link import choose_link

    chosen = link or remembered_link(preferences_path())
    asked = begin_asking(os.environ, pixels=not (ascii_only or no_pixels), link=chosen == "auto")
    gc.disable()  # until the application has loaded torch: a quarter of the time to the first paint
    from grokterm.plots.palettes import choose_palette
    from grokterm.tui.app import GroktermApp, Opening

    sys.setswitchinterval(0.001)  # shortens the screen's waits for the training threads
    answer = asked()
    palette = choose_palette(os.environ, ascii_only=ascii_only).with_graphics(answer.graphics)
    far = choose_link(chosen, answer.round_trip if is_remote(os.environ) else None)
    app = GroktermApp(Opening(preset, runs_dir, palette, start, run, training, notice, far, sweep))
    code = app.run() or app.return_code or 0
    if app.last_words:
        print_status(app.last_words)
    raise typer.Exit(code)
