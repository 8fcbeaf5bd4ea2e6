"""The network: one view of it at a time, and of a second network beside it."""

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.reactive import reactive

from grokterm.plots.mosaic import Mosaic, fit_mosaic
from grokterm.plots.palettes import Palette
from grokterm.runs.store import Run
from grokterm.session.state import LabState
from grokterm.tui.draw_budget import DrawBudget
from grokterm.tui.screens.dialogs import compare_dialog
from grokterm.tui.view_requests import Side, ViewRequests
from grokterm.tui.widgets.network_picture import NetworkPicture
from grokterm.tui.widgets.tab_bar import TabBar
from grokterm.views.comparison import ComparisonJob
from grokterm.views.history import History
from grokterm.views.lab.activations import Maps, place_of, places_of
from grokterm.views.pictures import layer_names, layer_of
from grokterm.views.table import VIEWS, inspected_in
from grokterm.views.view import ORDERS, Choice, Subject, View

if TYPE_CHECKING:
    from grokterm.inspection.analysis import NetworkAnalysis
    from grokterm.plots.axis import Scale

FAR = 8
"""Residues that a part of a map or of the table moves by at a key."""

FIRST_KEY = 2
"""Of the tabs; 1 is for the curves."""


class NetworkPane(Vertical):
    """The names of the tabs, and the pictures."""

    tab: reactive[str] = reactive(next(iter(VIEWS)))

    def __init__(self, palette: Palette, draw_budget: DrawBudget) -> None:
        super().__init__(id="network")
        self.choice = Choice()
        self.approach: ComparisonJob | None = None
        """The second network, or the way to it."""

        self._view_requests = ViewRequests()
        self._pinned = NetworkPicture("pinned", self._view_requests, palette, draw_budget)
        self._present = NetworkPicture("present", self._view_requests, palette, draw_budget)
        self._subject: Subject | None = None
        self._histories: dict[Side, History] = {"pinned": History(), "present": History()}

    def compose(self) -> ComposeResult:
        """Compose the names of the tabs, and a picture for each network."""
        yield TabBar(list(enumerate(VIEWS, start=FIRST_KEY)), id="tabs")
        with Horizontal():
            yield self._pinned
            yield self._present

    def on_mount(self) -> None:
        """Let the worker begin."""
        self._view_requests.start()
        self._pinned.display = False

    def on_unmount(self) -> None:
        """End what was begun."""
        self._view_requests.leave()
        if self.approach is not None:
            self.approach.give_up()

    @property
    def is_watched(self) -> bool:
        """Whether somebody can see the present network."""
        return self._present.is_on_screen

    @property
    def is_answered(self) -> bool:
        """Whether something that was asked of a network has been worked out since it was last shown."""
        return self._view_requests.is_answered

    def watch_tab(self, tab: str) -> None:
        """Begin a view at its beginning."""
        self.query_one(TabBar).shown = tab
        self.choice = replace(self.choice, is_zoomed=False, corner=(0, 0))

    def show(self, state: LabState, analysis: "NetworkAnalysis | None", x_scale: "Scale") -> bool:
        """Show the network as it was at the last look, and have found out what is not known of it.

        Returns whether anything had to be drawn.
        """
        found = self._view_requests.collect()
        if found is not None and (said := inspected_in(found.value)) is not None:
            self._histories[found.side].add(said)
        self.choice = replace(self.choice, x_scale=x_scale)
        view, is_idle = VIEWS[self.tab], state.phase != "training"
        has_drawn = self.approach is not None and self._show_pinned(self.approach, view, is_idle=is_idle)
        if analysis is None:
            return self._present.say(self.tab, ["waiting for the first look"]) or has_drawn
        history = self._histories["present"].since(state.inspections, state.swaps)
        self._subject = Subject(state, analysis, history)
        return self._present.show(view, self._subject, self.choice, is_idle=is_idle) or has_drawn

    def _show_pinned(self, approach: ComparisonJob, view: View, *, is_idle: bool) -> bool:
        """Show the second network, or say how far it is, or why it cannot be had."""
        if approach.bug is not None:
            raise approach.bug
        if approach.problem:
            return self._pinned.say(self.tab, [approach.problem, "c takes it away"])
        if (pinned := approach.subject) is not None:
            pinned = replace(pinned, history=self._histories["pinned"].since(pinned.history, pinned.state.swaps))
            return self._pinned.show(view, pinned, self.choice, is_idle=is_idle)
        goal = "its newest checkpoint" if approach.wanted is None else f"{approach.wanted:,}"
        at = "loading" if approach.step is None else f"step {approach.step:,} of {goal}"
        return self._pinned.say(self.tab, [at, "c gives it up"])

    def forget(self) -> None:
        """Take what comes next for a new training."""
        self._view_requests.forget()
        self._histories["present"] = History()
        self._subject = None
        self._present.forget()

    def compare(self, run: Run | None) -> None:
        """Ask which network to put beside the present one, or take it away, or give it up."""
        if self.approach is not None:
            self.approach.give_up()
            self.approach = None
            self._pinned.display = False
            self.screen.remove_class("-comparing")
        elif run is not None:
            self.app.push_screen(compare_dialog(run), self._pin)

    def _pin(self, approach: ComparisonJob | None) -> None:
        """Put a second network beside the present one; both get the color ranges that suit them now."""
        if approach is None:
            return
        self.approach = approach
        self._histories["pinned"] = History()
        self._pinned.name_shown = approach.run.name
        self._pinned.rescale()
        self._present.rescale()
        self._pinned.display = True
        self.screen.add_class("-comparing")
        approach.start()

    def next_layer(self) -> None:
        """Look at the next layer, or at the next place where neurons are observed."""
        if self._subject is None:
            return
        analysis = self._subject.analysis
        if self.tab == "activations":
            places = places_of(analysis)
            if places:
                now = places.index(place_of(analysis, self.choice.place))
                self.choice = replace(self.choice, place=places[(now + 1) % len(places)], chosen=0)
            return
        names = layer_names(analysis.snapshot)
        now = names.index(layer_of(analysis.snapshot, self.choice.layer))
        self.choice = replace(self.choice, layer=names[(now + 1) % len(names)])

    def next_order(self) -> None:
        """Sort the neurons another way."""
        orders = list(ORDERS)
        self.choice = replace(self.choice, order=orders[(orders.index(self.choice.order) + 1) % len(orders)], chosen=0)

    def rescale(self) -> None:
        """SingleNetwork the color ranges to what is shown now; a table has none, and changes between shares and cells."""
        if self.tab == "table":
            self.zoom()
        self._present.rescale()
        self._pinned.rescale()

    def zoom(self) -> None:
        """Look at one neuron, at cells, at what there was no room for, and back."""
        if self.tab in ("activations", "circuit", "table", "efficiency"):
            self.choice = replace(self.choice, is_zoomed=not self.choice.is_zoomed, corner=(0, 0))

    def unzoom(self) -> None:
        """Look at everything again."""
        self.choice = replace(self.choice, is_zoomed=False, corner=(0, 0))

    def move(self, down: int, right: int) -> None:
        """Choose another neuron, or move the part that is shown."""
        if self.choice.is_zoomed and self.tab in ("activations", "table"):
            p = 0 if self._subject is None else self._subject.analysis.modulus
            corner = tuple(max(min(at + FAR * by, p - 1), 0) for at, by in zip(self.choice.corner, (down, right), strict=True))
            self.choice = replace(self.choice, corner=(corner[0], corner[1]))
        elif self.tab == "activations":
            self._choose(down * self._mosaic.across + right)

    def page(self, pages: int) -> None:
        """Look at the neurons that follow, or come before."""
        if self.tab == "activations":
            self._choose(pages * (1 if self.choice.is_zoomed else self._mosaic.n_tiles))

    @property
    def _mosaic(self) -> Mosaic:
        sheet = self._present.sheet(*self._present.size)
        p = 1 if self._subject is None else self._subject.analysis.modulus
        return fit_mosaic(p, width=sheet.width, height=sheet.height, palette=sheet.palette)

    def _choose(self, further: int) -> None:
        found = self._present.found
        last = found.n_maps - 1 if isinstance(found, Maps) else 0
        self.choice = replace(self.choice, chosen=max(min(self.choice.chosen + further, last), 0))
