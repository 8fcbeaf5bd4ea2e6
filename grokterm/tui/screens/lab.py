"""The lab: one training on the screen, and the keys that act on it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from textual import on, work
from textual._styles_cache import StylesCache
from textual.app import ComposeResult
from textual.binding import BindingsMap
from textual.containers import Horizontal
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen

from grokterm.runs.store import Run
from grokterm.session.commands import Analyze
from grokterm.session.control import Training
from grokterm.session.state import LabState
from grokterm.tui.appearance.preferences import RememberedPreferences
from grokterm.tui.control.branching import branch
from grokterm.tui.control.departure import may_end
from grokterm.tui.control.farewell import open_command
from grokterm.tui.control.pictured import Pictured, Stride
from grokterm.tui.control.training import TrainingControl
from grokterm.tui.keyboard import guide, hints, keys
from grokterm.tui.layout import LabLayout, Scene
from grokterm.tui.link import link_of
from grokterm.tui.panes import panes
from grokterm.tui.screens.compare import CompareDialog, Comparing
from grokterm.tui.screens.help import Guide
from grokterm.tui.situation import Situation
from grokterm.tui.widgets.key_bar import KeyBar
from grokterm.tui.widgets.lab.curves import CurvesView
from grokterm.tui.widgets.tab_bar import TabBar
from grokterm.views.comparison import ComparisonJob
from grokterm.views.table import VIEWS
from grokterm.views.view import Move

POLL_SECONDS = 0.05
EAGER_SECONDS, EAGER_POLLS = 0.01, 20  # after a key
LOOK_SECONDS = 1.0


class LabScreen(Screen[None]):
    """Shows the latest state of a training, wherever it trains."""

    view: reactive[str] = reactive("curves")

    class Left(Message):
        """There is nothing to zoom out of: the user may want to go back to where the lab was opened from."""

    class Failed(Message):
        """The training could not be opened, or could not go on."""

        def __init__(self, problem: str, run: Run | None) -> None:
            super().__init__()
            self.problem = f"{problem}: {open_command(run)} shows what was saved" if run is not None else problem
            self.is_unopened = run is None
            self.title = "Ended early" if run is not None else "Not started"

    def __init__(
        self,
        training: Training,
        again: Callable[[], Training],
        preferences: RememberedPreferences,
    ) -> None:
        super().__init__(id="lab")
        bindings = BindingsMap(binding for key in keys(preferences.values.keys) for binding in key.bindings)
        self._bindings.key_to_bindings |= bindings.key_to_bindings  # not in BINDINGS: VIEWS may have grown
        self.control = TrainingControl(self, training, again, bell=preferences.values.bell)
        self._preferences = preferences
        self._layout = LabLayout(preferences.values.order, preferences.values.third_chart)
        self._views = TabBar(panes(), id="views")
        self._keys = KeyBar()
        self._hinted: Situation | None = None  # what the keys are shown for
        self._looked_at: tuple[int, int] | None = None
        self._pictured = Pictured(partial(self.control.notifier.say, severity="warning"))
        self.x_scale = preferences.values.x_scale
        self.set_reactive(LabScreen.view, preferences.values.view)

    def compose(self) -> ComposeResult:
        """Compose facts, curves and network; a narrow terminal shows one of them at a time."""
        yield self._layout.banner
        yield self._views
        with Horizontal(id="body"):
            yield self._layout.facts
            yield self._layout.curves
            yield self._layout.network
        yield self._layout.status
        yield self._keys

    def on_mount(self) -> None:
        """Start training, and poll its state twenty times a second."""
        self.watch_view(self.view)
        self._layout.draw_for(link_of(self))
        self._layout.curves.overlay(self._overlays)
        self.training.start()
        self._watching = self.set_interval(POLL_SECONDS, self._poll)
        self.set_interval(LOOK_SECONDS, self._look)

    @property
    def training(self) -> Training:
        """The training on the screen."""
        return self.control.training

    @property
    def state(self) -> LabState:
        """The latest state of the training."""
        return self.control.state

    def _poll(self) -> None:
        if self.training.bug is not None:
            raise self.training.bug
        if self.training.failure:
            self._watching.stop()
            self.post_message(self.Failed(self.training.failure, self.training.saved_run))
            return
        is_over = self.training.is_over  # before the state is looked at, which is the last one then
        self._layout.follow(self._scene)
        self._show_keys(self._situation)
        self.control.report()
        if is_over:
            self.control.stay()

    def _show_keys(self, situation: Situation) -> None:
        """Show which keys do something, once that has changed: listing them takes longer than all else of a poll."""
        if situation != self._hinted:
            self._hinted = situation
            self._keys.hints = hints(situation, self._preferences.values.keys)

    def _look(self) -> None:
        """Request a snapshot, if the network is on the screen and has changed since the last one."""
        now = self.state.step, len(self.state.events)
        is_old = self.training.analysis is None or (now != self._looked_at and not self._pictured.is_held)
        if self._layout.network.is_watched and is_old:
            self._looked_at = now
            self.training.send(Analyze())

    @property
    def _scene(self) -> Scene:
        return self._pictured.scene(self.training, self.x_scale)

    @property
    def guide(self) -> Guide:
        """What the help says of this screen."""
        return guide(self._situation, self._preferences.values.keys)

    @property
    def _situation(self) -> Situation:
        situation = self._layout.situation(self._scene, self.view, is_wide=self._is_wide)
        return replace(situation, is_above_sweep=getattr(self.app, "sweep", None) is not None)

    @property
    def _is_wide(self) -> bool:
        """Whether curves, network and facts are on the screen at once."""
        return self.app.has_class("-wide")

    def watch_view(self, view: str) -> None:
        """Show one pane of a narrow terminal; in a wide one, choose the view of the network."""
        for pane in ("curves", "network", "facts"):
            self.set_class(pane == self._pane, f"-view-{pane}")
        self._views.shown = view
        self._preferences.change(view=view)
        if view in VIEWS:
            self._layout.network.tab = view
        self.call_after_refresh(self._turn_to_view)

    @property
    def _pane(self) -> str:
        return "network" if self.view in VIEWS else self.view

    def _turn_to_view(self) -> None:
        self._look()
        self._layout.show(self._scene)

    def action_view(self, view: str) -> None:
        """Choose a pane."""
        self.view = view

    @on(TabBar.Chosen)
    def _choose_view(self, event: TabBar.Chosen) -> None:
        self.view = event.name

    def action_turn(self, by: int) -> None:
        """Go to the next or previous pane; in a wide terminal, to the next view of the network."""
        names = list(VIEWS) if self._is_wide else list(panes())
        now = self.view if self.view in names else self._layout.network.tab
        self.view = names[(names.index(now) + by) % len(names)]

    async def action_quit(self) -> None:
        """Return to the sweep from which this was opened, or quit."""
        if self._situation.is_above_sweep:
            self.post_message(self.Left())
        else:
            await self.app.action_quit()

    def action_network(self, what: str) -> None:
        """Change how the network is shown."""
        if what == "unzoom" and not self._is_zoomed:
            self.post_message(self.Left())
        getattr(self._layout.network, what)()
        if what == "unzoom":
            self._layout.curves.leave()
            self._pictured.to_present()
        self._preferences.change(order=self._layout.network.choice.order)
        self._layout.show(self._scene)

    @property
    def _is_zoomed(self) -> bool:
        """Whether something else is looked at than the whole of the present."""
        has_cursor = self._layout.curves.choice.cursor is not None
        return self._layout.network.choice.is_zoomed or has_cursor or self._pictured.step is not None

    @on(CurvesView.Changed)
    def redraw(self) -> None:
        """Draw everything that is shown otherwise than before."""
        self._layout.draw_for(link_of(self))
        self._layout.show(self._scene)

    @on(CurvesView.Pointed)
    def _choose_curves(self) -> None:
        self.view = "curves"

    def action_curves(self, what: str) -> None:
        """Change how the curves are shown."""
        getattr(self._layout.curves, what)()
        self._preferences.change(third_chart=self._layout.curves.choice.third)
        self._layout.show(self._scene)

    def action_move(self, down: int, right: int, pages: int = 0) -> None:
        """Move the cursor of the curves, or over the picture of the network, or scroll the pane."""
        if self.view == "curves" and right:
            self.action_curves("right" if right > 0 else "left")
            return
        if self._pane == "network":
            self._layout.network.move(Move(down, right, pages))
            self._layout.show(self._scene)
        else:
            pane = self.query_one(f"#{self._pane}")
            pane.scroll_relative(y=down + pages * pane.size.height, animate=False)

    def action_compare(self) -> None:
        """Take the second network away; or ask for one, and for earlier runs on the curves."""
        network, run = self._layout.network, self.training.saved_run
        if network.comparison is not None:
            network.end_comparison()
            self.remove_class("-comparing")
        elif run is not None:
            self.app.push_screen(CompareDialog(run, self._overlays), self._compare)

    def _compare(self, chosen: Comparing | None) -> None:
        if chosen is None:
            return
        self._preferences.change(overlays=tuple(map(str, chosen.overlays)))
        self.overlay()
        if chosen.network is not None:
            self.put_beside(chosen.network)

    def overlay(self) -> None:
        """Draw the runs that the preferences name behind the curves."""
        self._layout.curves.overlay(self._overlays)

    def put_beside(self, network: ComparisonJob) -> None:
        """Show another network beside the present one."""
        if self.view not in VIEWS:
            self.view = self._layout.network.tab
        self._layout.network.compare(network)
        self.add_class("-comparing")

    @property
    def _overlays(self) -> list[Path]:
        return [Path(path) for path in self._preferences.values.overlays]

    def action_training(self, what: str) -> None:
        """Act on the training."""
        getattr(self.control, what)()
        if what == "step":
            self.control.send(Analyze())
        self.set_interval(EAGER_SECONDS, self._poll, repeat=EAGER_POLLS)  # its effect is seen as soon as it is there

    async def action_restart(self) -> None:
        """Save and leave this run, which is asked for; start again with the same settings and seed."""
        if self.is_current:
            self._restart()

    @work(exclusive=True)
    async def _restart(self) -> None:
        if not await may_end(self.control, "restart"):
            return
        await self.control.restart()
        self._begin_anew()

    async def action_branch(self) -> None:
        """Begin a new run from the step that is looked at, or the present one; from the last good one if that is of no use."""
        if self.is_current:
            self._branch()

    @work(exclusive=True)
    async def _branch(self) -> None:
        trouble, step = self.state.trouble, self._pictured.step
        if step is None and trouble is not None and not trouble.can_be_retried:
            step = trouble.last_good
            if step is None:
                self.control.notifier.say(trouble.message, "Not branched", "warning")
                return
        if await branch(self.control, step):
            self._begin_anew()

    def _begin_anew(self) -> None:
        self._layout.forget()
        self._looked_at = None
        self._pictured.forget()
        self.remove_class("-frozen")

    def action_picture(self) -> None:
        """Save what is on the screen, and the data of its curves, in the folder of the run."""
        view = self._layout.network.tab if self._is_wide else self.view
        self.control.save_picture(view, self._scene.pictured)

    def action_freeze(self) -> None:
        """Freeze the pictures at a snapshot of this moment, or release them; every key still works on a frozen network."""
        self._pictured.freeze(self.training)
        self.set_class(self._pictured.is_frozen, "-frozen")
        self.training.send(Analyze())
        self._layout.show(self._scene)

    def action_look(self, by: int, stride: Stride) -> None:
        """Look at an earlier step, or a later one again, while the training goes on."""
        self._pictured.turn(self.training, by, stride)
        self.remove_class("-frozen")
        self._layout.show(self._scene)
        self.set_interval(EAGER_SECONDS, self._poll, repeat=EAGER_POLLS)

    def on_unmount(self) -> None:
        """Stop the thread that replays, and forget what was drawn: Textual 8 keeps the lines of the last 1,024 widgets."""
        self._pictured.leave()
        StylesCache.get_inner_outer.cache_clear()

    def action_scale(self) -> None:
        """Switch the axis of steps between logarithmic and linear."""
        self.x_scale = "linear" if self.x_scale == "log" else "log"
        self._preferences.change(x_scale=self.x_scale)
        self._layout.show(self._scene)
