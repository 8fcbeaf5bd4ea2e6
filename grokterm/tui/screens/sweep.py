"""A sweep on the screen: its curve while it forms, its members, and the keys that act on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import Screen

from grokterm.errors import GroktermError, StorageError
from grokterm.plots.cells import Rows
from grokterm.plots.estimates import EstimateChart, draw_estimates
from grokterm.plots.sanitize import plain_text
from grokterm.runs.command_line import near
from grokterm.runs.storage.durable import make_folder, write_durably
from grokterm.session.background import BackgroundWorker
from grokterm.sweeps.layout import SweptMap, map_of
from grokterm.sweeps.live import LiveSweep, SweepState
from grokterm.sweeps.members import Member
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.tui.appearance.theme import palette_of
from grokterm.tui.control.notifications import Severity
from grokterm.tui.draw_budget import DrawBudget
from grokterm.tui.link import link_of
from grokterm.tui.widgets.key_bar import ALL_KEYS, KeyBar, hints_of
from grokterm.tui.widgets.one_line import Part
from grokterm.tui.widgets.picture import Picture
from grokterm.tui.widgets.runs.members import MemberTable
from grokterm.tui.widgets.runs.sweep_line import SweepLine
from grokterm.views.sweep.curve import chart_of, said_of
from grokterm.views.sweep.heat_map import draw_map, prefers_map
from grokterm.views.sweep.members import ordered
from grokterm.views.sweep.numbers import draw_numbers
from grokterm.views.sweep.words import counted, phase_word

POLL_SECONDS = 0.1
TABLE_BYTES = 2000  # of the lines that change in one look


@dataclass(frozen=True, eq=False)
class Shown:
    """What is drawn of a state, which takes long to find of many members."""

    state: SweepState
    picture: EstimateChart | SweptMap
    members: Sequence[Member]


class SweepScreen(Screen[None]):
    """The curve or the map of a sweep above the table of its members."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", tooltip="open the lab on the member under the cursor; escape comes back"),
        Binding("space", "pause", "Pause", tooltip="save what is trained and begin nothing more; again: go on"),
        Binding("plus", "add_seed", "Seed", key_display="+", tooltip="train one more seed at each point"),
        Binding("r", "retry", "Retry", tooltip="train the members again that have failed"),
        Binding("m", "turn", "Map", tooltip="show a map over two axes, or lines over one"),
        Binding("p", "picture", "Picture", tooltip="save the screen as SVG in the folder of the sweep"),
        Binding("q", "app.quit", "Quit", id="quit", tooltip="leave; what is trained is saved first"),
        Binding("R", "app.runs", "Runs", id="runs", tooltip="the runs and sweeps that are saved: find and open another"),
        Binding("escape", "leave", "Back", show=False, tooltip="back to the form, unless this screen works on the sweep"),
    ]

    @dataclass
    class Opened(Message):
        """A member is to be opened in the lab."""

        sweep: SweepFolder
        member: Member

    class Left(Message):
        """The user wants to see something else."""

    def __init__(self, live: LiveSweep) -> None:
        super().__init__(id="sweep")
        self.live = live
        self._worker = BackgroundWorker()
        self._budget = DrawBudget()
        self._banner, self._status = SweepLine(id="banner"), SweepLine(id="status")
        self._picture = Picture(self._budget, id="swept", classes="picture")
        self._table = MemberTable()
        self._wants_map: bool | None = None  # as suits the sweep
        self._asked: SweepState | None = None
        self._n_asked = 0
        self._problem = ""  # that was said
        self._shown: Shown | None = None

    def compose(self) -> ComposeResult:
        """Compose the picture, and the table below it."""
        yield self._banner
        yield self._picture
        with Vertical(id="listed"):
            yield self._table
        yield self._status
        yield KeyBar()

    def on_mount(self) -> None:
        """Work on the sweep, or look into its folder, and show how far it is."""
        self.query_one("#listed").border_title = "members"
        self._table.focus()
        self._worker.start()
        if self.live.ident is None:
            self.live.start()
        self.set_interval(POLL_SECONDS, self.look)
        self._say()

    def on_unmount(self) -> None:
        """Stop the thread that prepares what is drawn."""
        self._worker.stop()

    def look(self) -> None:
        """Show the latest state, if drawing is due."""
        for thread in (self.live, self._worker):
            if thread.bug is not None:
                raise thread.bug
        if (state := self.live.state) is not self._asked and self._worker.is_idle:
            self._ask(state)
        found = self._worker.answer.value if self._worker.answer is not None else None
        self._budget.link = link_of(self)
        if not self.is_current:
            return
        if isinstance(found, Shown) and found is not self._shown and self._budget.is_due():
            self._show(found)
        if self._shown is not None:
            self._picture.offer((self._shown, self._budget.link.has_pictures), self._draw)

    def _ask(self, state: SweepState) -> None:
        self._asked = state
        sweep, wants_map = self.live.sweep.sweep, self._wants_map

        def find() -> Shown:
            found = map_of(sweep, state.outcomes) if wants_map is not False else None
            if found is None or not (wants_map or prefers_map(sweep, state.outcomes)):
                return Shown(state, chart_of(sweep, state.outcomes, state.crossings), ordered(state))
            return Shown(state, found, ordered(state))

        self._n_asked += 1
        self._worker.ask(self._n_asked, find)

    def _show(self, shown: Shown) -> None:
        self._shown = shown
        self._budget.spend(TABLE_BYTES)
        self._table.show(self.live.sweep.sweep, shown.members, shown.state)
        self._say()

    def _draw(self, width: int, height: int) -> Rows:
        assert self._shown is not None
        picture, palette = self._shown.picture, palette_of(self)
        if not self._budget.link.has_pictures:
            sweep, points = self.live.sweep.sweep, self._shown.state.outcomes
            return draw_numbers(sweep, points, width=width, height=height, palette=palette)
        if isinstance(picture, SweptMap):
            return draw_map(picture, width=width, height=height, palette=palette)
        return draw_estimates(picture, width=width, height=height, palette=palette)

    def _say(self) -> None:
        """Write the lines above and below, and the keys that do something."""
        live, state = self.live, self.live.state
        sweep = live.sweep
        crossings = " · ".join(said_of(one) for one in state.crossings)
        self._picture.caption(plain_text(crossings), "")
        name = Part(0, (f"sweep {sweep.name}",))
        of = Part(2, (sweep.preset,) if sweep.preset not in ("", sweep.name) else ())
        self._banner.parts = (name, of, Part(1, (f"● {phase_word(state)}",), is_right=True))
        told = [Part(rank, (text,)) for rank, text in enumerate(counted(state))]
        self._status.parts = (*told, Part(9, (state.problem,) if state.problem else (), is_right=True))
        if state.problem != self._problem:
            self._problem = state.problem
            self.say(state.problem, "Stopped", "error") if state.problem else None
        is_map = self._shown is not None and isinstance(self._shown.picture, SweptMap)
        now = {"pause": "pause" if state.phase == "working" else "go on", "map": "lines" if is_map else "map"}
        hints = [one._replace(label=now.get(one.label, one.label)) for one in hints_of(self)]
        self.query_one(KeyBar).hints = (*hints, ALL_KEYS)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Offer what does something now."""
        del parameters
        phase = self.live.state.phase
        match action:
            case "open":
                return self._table.row is not None
            case "pause":
                return phase not in ("stopping", "done")
            case "add_seed":
                return phase != "stopping"
            case "retry":
                return phase != "stopping" and self.live.state.n_failed > 0
            case "turn":
                if self._shown is None or not link_of(self).has_pictures:
                    return False
                return map_of(self.live.sweep.sweep, self._shown.state.outcomes[:1]) is not None
            case _:
                return True

    @on(MemberTable.Chosen)
    def action_open(self) -> None:
        """Open the member under the cursor in the lab."""
        if (member := self._table.row) is not None:
            self.post_message(self.Opened(self.live.sweep, member))

    def action_pause(self) -> None:
        """Save and end what is trained, or go on."""
        (self.live.rest if self.live.state.phase == "working" else self.live.go_on)()
        self._say()

    def action_add_seed(self) -> None:
        """Train one more seed at each point."""
        try:
            self.live.add_seed()
        except GroktermError as error:
            self.say(str(error), "Not changed", "error")
            return
        self.say(f"{self.live.sweep.sweep.seeds} at each point", "Seeds")

    def action_leave(self) -> None:
        """Leave the sweep as it is."""
        self.post_message(self.Left())

    def action_retry(self) -> None:
        """Train again what has failed."""
        self.live.retry()

    def action_turn(self) -> None:
        """Show a map, or lines."""
        if self._shown is not None:
            self._wants_map = not isinstance(self._shown.picture, SweptMap)
            self._asked = None

    def action_picture(self) -> None:
        """Save the screen."""
        svg = self.app.export_screenshot(title=f"grokterm: sweep {self.live.sweep.name}")
        self._save_picture(svg, f"sweep-{self.live.state.n_done:08}.svg")

    @work(thread=True)
    def _save_picture(self, svg: str, name: str) -> None:
        folder = self.live.sweep.path / "pictures"
        try:
            make_folder(folder)
            write_durably(folder / name, svg.encode())
        except (OSError, StorageError) as error:
            self.app.call_from_thread(self.say, f"{near(folder)} cannot be written: {error}", "Picture not saved", "error")
        else:
            self.app.call_from_thread(self.say, f"SVG in {near(folder)}", "Picture saved")

    def say(self, text: str, title: str, severity: Severity = "information") -> None:
        """Show a notification."""
        self.notify(plain_text(text), title=title, severity=severity, markup=False)
