"""The application: which of its screens is shown, and in which colors.

It paints before most of the program is loaded: the lab, and all that knows an experiment, are imported where they are used.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.events import Event, Key, Resize
from textual.filter import Monochrome, NoColor
from textual.screen import Screen
from textual.theme import Theme

from grokterm.errors import GroktermError
from grokterm.experiment.reading.presets import Preset
from grokterm.plots.palettes import Palette
from grokterm.plots.sanitize import plain_text
from grokterm.tui.appearance.plain_screen import PlainScreen
from grokterm.tui.appearance.remembered import preferences_path, remembered_theme
from grokterm.tui.appearance.theme import DARK, LIGHT
from grokterm.tui.exits import Exits
from grokterm.tui.link import FULL, Link
from grokterm.tui.loading import load_modules, load_torch
from grokterm.tui.palette_commands import key_commands, link_commands
from grokterm.tui.screens.setup import SetupScreen
from grokterm.tui.screens.size import fit

if TYPE_CHECKING:
    from rich.console import RenderableType

    from grokterm.runs.naming import Named
    from grokterm.runs.store import Run
    from grokterm.session.control import Training
    from grokterm.sweeps.live import LiveSweep
    from grokterm.tui.appearance.preferences import RememberedPreferences
    from grokterm.tui.control.notifications import Severity
    from grokterm.tui.screens.lab import LabScreen
    from grokterm.tui.screens.runs import RunsScreen
    from grokterm.tui.screens.sweep import SweepScreen

READING_SECONDS = 15.0

FIRST_PICTURES_SECONDS = 1.0  # within which those of an attached training are drawn

UNOPENED = 2  # exit code, as of every other wrong argument


@dataclass(frozen=True)
class Opening:
    """What the application shows first."""

    preset: Preset
    runs_dir: Path
    palette: Palette
    start: bool = False  # train at once
    run: "Run | None" = None  # a run to open
    training: "Training | None" = None  # of that run, in another process
    notice: str = ""  # what to know of that run
    link: Link = FULL
    sweep: "LiveSweep | None" = None  # to show instead of a run


class GroktermApp(App[int]):
    """The setup, the lab and what lies over them."""

    TITLE = "grokterm"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
        Binding("question_mark", "help", "Help", key_display="?", tooltip="this manual"),
    ]

    def __init__(self, opening: Opening) -> None:
        # Textual's own sixteen colors would replace the terminal's, and be rounded to others of them.
        super().__init__(ansi_color=True if opening.palette.has_16_colors else None)
        self._opening = opening
        self.link = opening.link
        self.own_keys: Mapping[str, str] = {}  # by action
        self._has_pixels = True  # except in a screenshot
        self.last_words = ""  # for standard error, after the screen has closed
        self._exits = Exits(self)
        self.sweep: LiveSweep | None = None  # that is shown, also below a lab
        self._home: SweepScreen | None = None  # its screen, to which others return instead of the setup
        self._first: Training | None = None  # of the run that was asked for on the command line
        self._listed: Training | None = None  # of the last run that was opened from the list
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = remembered_theme(preferences_path(), self.available_themes) or DARK.name
        # Textual answers NO_COLOR with shades of gray, which are color codes too.
        self._filters = [NoColor() if isinstance(known, Monochrome) else known for known in self._filters]
        self._filters += [PlainScreen()] if opening.palette.is_ascii else []

    def on_mount(self) -> None:
        """Show the first screen, then load torch in the background."""
        self.theme_changed_signal.subscribe(self, self._follow_theme)
        self._exits.watch()
        fit(self, self.size)
        opening = self._opening
        if opening.sweep is not None:
            self._show_sweep(opening.sweep)
        elif opening.run is not None:
            self._first = self._open(opening.run, opening.training)
        elif opening.start:
            from grokterm.runs.naming import named

            self._train(named(opening.preset.experiment, opening.preset))
        else:
            self.push_screen(SetupScreen(opening.preset, opening.runs_dir))
        fit(self, self.size)
        self.call_after_refresh(self._load_in_background)

    def on_resize(self, event: Resize) -> None:
        """Lay the screens out for another size; where nothing fits, say so."""
        fit(self, event.size)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Add the keys of the screen to the palette."""
        # Textual's screenshot goes to another folder than `p`, and fails where there is none.
        yield from (command for command in super().get_system_commands(screen) if command.title != "Screenshot")
        yield from key_commands(screen)
        yield from link_commands(self.link, self._draw_for)

    def _draw_for(self, link: Link) -> None:
        """Draw as much as another link carries."""
        self.link = link
        if (lab := self.lab) is not None:
            lab.redraw()

    def _display(self, screen: Screen[object], renderable: "RenderableType | None") -> None:
        """Paint, and then pixels over it."""
        super()._display(screen, renderable)
        if self.palette.graphics is not None:
            from grokterm.tui.graphics.painting import follow_painting

            follow_painting(screen, renderable)

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        """Draw the screen as SVG, in a font of the machine that shows it: none is fetched."""
        self._has_pixels = False
        try:
            svg = super().export_screenshot(title=title, simplify=simplify)
        finally:
            self._has_pixels = True
        return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)

    @cached_property
    def preferences(self) -> "RememberedPreferences":
        """What is remembered from one start to the next."""
        from grokterm.tui.appearance.preferences import RememberedPreferences

        preferences = RememberedPreferences(preferences_path(), partial(self._say, "Settings"))
        self.own_keys = preferences.values.keys
        self.set_keymap(self.own_keys)  # of the screens that know these names
        if problem := preferences.problem:
            self._say("Settings", problem)
        return preferences

    @property
    def lab(self) -> "LabScreen | None":
        """The lab, if there is one on the screen or below it."""
        from grokterm.tui.screens.lab import LabScreen

        return next((screen for screen in reversed(self.screen_stack) if isinstance(screen, LabScreen)), None)

    @property
    def palette(self) -> Palette:
        """The colors of the pictures, which follow the theme."""
        palette = self._opening.palette.on_ground(dark=self.current_theme.dark)
        return palette if self._has_pixels else palette.with_graphics(None)

    def _follow_theme(self, theme: Theme) -> None:
        """Draw every picture in the colors of another theme, and remember it."""
        from grokterm.tui.widgets.picture import Picture

        self.preferences.change(theme=theme.name)
        for screen in self.screen_stack:
            for picture in screen.query(Picture):
                picture.redraw()

    def _say(self, title: str, text: str, severity: "Severity" = "warning") -> None:
        """Show a notification for long enough to read a path or a command in it."""
        self.notify(plain_text(text), title=title, severity=severity, timeout=READING_SECONDS, markup=False)

    @work
    async def _load_in_background(self) -> None:
        await load_modules()
        if not self.screen_stack:  # it was left meanwhile
            return
        _ = self.preferences  # says if they cannot be read
        if (lab := self.lab) is not None and lab.training.is_elsewhere:
            await asyncio.sleep(FIRST_PICTURES_SECONDS)  # which need no torch, and would wait for it
        await load_torch()

    @on(SetupScreen.Chosen)
    def _train_chosen(self, event: SetupScreen.Chosen) -> None:
        self._train(event.named)

    def _train(self, chosen: "Named") -> None:
        from grokterm.tui.control.opening import new_training
        from grokterm.tui.screens.lab import LabScreen

        start = partial(new_training, chosen, self._opening.runs_dir)
        self.push_screen(LabScreen(start(), start, self.preferences))

    def _open(self, run: "Run", training: "Training | None" = None) -> "Training":
        """Open a run: attached to the process that trains it, or as it was saved."""
        from grokterm.session.attaching import watched
        from grokterm.tui.control.opening import saved_training, training_anew
        from grokterm.tui.screens.lab import LabScreen

        training = training or watched(run) or saved_training(run)
        self.push_screen(LabScreen(training, training_anew(run), self.preferences))
        if (notice := self._opening.notice) and run is self._opening.run:
            self._say("Not ended", notice)
        return training

    def on_lab_screen_failed(self, event: "LabScreen.Failed") -> None:
        """Say why a training did not start, and return to the list or the form; leave if nothing else was wanted."""
        training = self.lab.training if self.lab is not None else None
        is_unopened = training is not None and event.is_unopened
        if is_unopened and training is self._first:
            self.last_words = plain_text(event.problem)
            self.exit(UNOPENED)
            return
        self._say(event.title, event.problem, "error")
        self._set_up()
        if is_unopened and training is self._listed:
            self.action_runs()

    def _set_up(self) -> None:
        """Return from the lab to the form, as it was left."""
        while self.lab is not None:
            self.pop_screen()
        if not self._is_home(self.screen):
            self.push_screen(SetupScreen(self._opening.preset, self._opening.runs_dir))

    def _show_sweep(self, sweep: "LiveSweep") -> None:
        from grokterm.tui.screens.sweep import SweepScreen

        self.sweep, self._home = sweep, SweepScreen(sweep)
        self.push_screen(self._home)

    @property
    def _is_working(self) -> bool:
        """Whether this process works on the sweep that is shown."""
        return self.sweep is not None and self.sweep.state.phase in ("working", "stopping")

    @work(exclusive=True)
    async def on_runs_screen_sweep_opened(self, event: "RunsScreen.SweepOpened") -> None:
        """Show a sweep, in the place of the one before."""
        from grokterm.sweeps.engines.table import here
        from grokterm.sweeps.live import LiveSweep
        from grokterm.sweeps.storage.folder import SweepFolder

        found, before = SweepFolder(event.path.resolve()), self.sweep
        is_shown = before is not None and before.sweep.path.resolve() == found.path
        if before is not None and self._is_working and not is_shown:
            self._say("Not opened", f"this screen works on sweep {before.sweep.name}: pause it with space first")
            return
        if not await self._may_leave_lab():
            return
        while len(self.screen_stack) > 1 and not self._is_home(self.screen):
            await self.pop_screen()
        if not is_shown:
            await self._close_sweep()
            self._show_sweep(LiveSweep(found, here, works=False))

    async def _close_sweep(self) -> None:
        """Take the sweep off the screen."""
        if self.sweep is not None:
            self.sweep.leave(0.0)
            await self.pop_screen()
            self.sweep = self._home = None

    async def on_sweep_screen_left(self) -> None:
        """Return from a sweep to the form."""
        if self._is_working:
            self._say("Not left", "this screen works on the sweep: space pauses it, and q saves and quits")
            return
        await self._close_sweep()
        self._set_up()

    async def _may_leave_lab(self) -> bool:
        """Leave the training of the lab, if there is one; first ask what becomes of it."""
        from grokterm.tui.control.departure import may_leave

        if (lab := self.lab) is None:
            return True
        if not await may_leave(lab.control):
            return False
        lab.training.leave(0.0)
        self._exits.last_left = lab.training
        return True

    def _is_home(self, screen: Screen[object]) -> bool:
        """Tell whether a screen is the one to which others return."""
        return isinstance(screen, SetupScreen) or screen is self._home

    def on_sweep_screen_opened(self, event: "SweepScreen.Opened") -> None:
        """Open a member of the sweep: one that trains is followed; one without checkpoints would be trained anew."""
        from grokterm.runs.command_line import command_line

        sweep, key = event.sweep, event.member.key
        run, has_ended = sweep.run_of(key), sweep.result_of(key) is not None
        if run is None:
            self._say("Not opened", "only its result was kept" if has_ended else "it has not begun yet")
        elif has_ended and not sweep.has_checkpoints(key):
            self._say("Not opened", f"its checkpoints were not kept: {command_line('plot', run.path)} draws its curves")
        else:
            self._open(run)

    @work(exclusive=True)
    async def on_lab_screen_left(self) -> None:
        """Return from a member to its sweep."""
        if self.lab is not None and self._home is not None and await self._may_leave_lab():
            while self.screen is not self._home:
                await self.pop_screen()

    @cached_property
    def _runs(self) -> "RunsScreen":
        """The list of runs, with filter, order and marks as they were left."""
        from grokterm.tui.screens.runs import RunsScreen

        screen = RunsScreen(self._opening.runs_dir, self.preferences.values.x_scale, lambda: self._opened_paths)
        self.install_screen(screen, screen.id or "")
        return screen

    @property
    def _opened_path(self) -> Path | None:
        """The folder of the run that the lab shows."""
        run = self.lab.training.saved_run if self.lab is not None else None
        return None if run is None else run.path.resolve()

    @property
    def _opened_paths(self) -> set[Path]:
        """The folders of the run and the sweep that are on the screen, or below the list."""
        sweep = {self.sweep.sweep.path.resolve()} if self.sweep is not None else set()
        return {path for path in (self._opened_path,) if path is not None} | sweep

    def action_runs(self) -> None:
        """List the runs over what is on the screen."""
        if self._runs not in self.screen_stack:
            self.push_screen(self._runs)

    def on_runs_screen_overlaid(self, event: "RunsScreen.Overlaid") -> None:
        """Draw runs behind the curves of this lab, and of the next."""
        self.preferences.change(overlays=tuple(map(str, event.paths)))
        if self.lab is not None:
            self.lab.overlay()

    @work(exclusive=True)
    async def on_runs_screen_opened(self, event: "RunsScreen.Opened") -> None:
        """Open a run, maybe with another beside it; first ask what becomes of a training of another run."""
        from grokterm.runs.store import Run
        from grokterm.views.comparison import ComparisonJob

        lab = self.lab
        is_open = self._opened_path == event.path.resolve()
        run = Run(event.path)
        try:
            run.experiment  # noqa: B018 - read, before anything is left for it
        except GroktermError as error:
            self._say("Not opened", str(error))
            return
        if not is_open and not await self._may_leave_lab():
            return
        while self.screen is not lab if is_open else len(self.screen_stack) > 1 and not self._is_home(self.screen):
            await self.pop_screen()
        if not is_open:
            self._listed = self._open(run)
        if event.beside is not None and (lab := self.lab) is not None:
            lab.call_after_refresh(lab.put_beside, ComparisonJob(Run(event.beside), None))

    async def on_event(self, event: Event) -> None:
        """Open the manual at a question mark, also over a dialog and while typing, but not in the command palette."""
        if isinstance(event, Key) and event.key == "question_mark" and not isinstance(self.screen, CommandPalette):
            self.action_help()
        else:
            await super().on_event(event)

    def action_help(self) -> None:
        """Open the manual at the keys of the present screen, or close it."""
        from grokterm.tui.screens.help import HelpScreen, guide_of

        if isinstance(self.screen, HelpScreen):
            self.pop_screen()
        else:
            self.push_screen(HelpScreen(guide_of(self.screen)))

    @work
    async def action_another(self) -> None:
        """Set up another experiment; first ask whether the present training may end."""
        from grokterm.tui.control.departure import may_end

        if (lab := self.lab) is not None and await may_end(lab.control, "leave"):
            lab.control.leave(0.0)
            self._exits.last_left = lab.training
            self._set_up()

    @work(exclusive=True, group="quit")
    async def action_detach(self) -> None:
        """Leave the lab, while its training goes on in the background."""
        await self._exits.detach()

    async def action_quit(self) -> None:
        """Quit; first ask whether the training may end."""
        from grokterm.tui.screens.dialogs import Confirm, Waiting

        if not isinstance(self.screen, Confirm | Waiting):
            self._quit()

    @work(exclusive=True, group="quit")
    async def _quit(self) -> None:
        await self._exits.quit()
