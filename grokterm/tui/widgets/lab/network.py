"""The network pane: one view of the network at a time, and the same view of a second network beside it."""

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.reactive import reactive

from grokterm.session.state import LabState
from grokterm.tui.draw_budget import DrawBudget
from grokterm.tui.panes import panes
from grokterm.tui.view_requests import Side, ViewRequests
from grokterm.tui.widgets.lab.network_picture import NetworkPicture
from grokterm.tui.widgets.tab_bar import TabBar
from grokterm.views.comparison import ComparisonJob
from grokterm.views.history import History
from grokterm.views.numbers import in_numbers
from grokterm.views.table import VIEWS
from grokterm.views.view import ORDERS, Choice, Move, Subject, View, following

if TYPE_CHECKING:
    from grokterm.analysis.ordering import Order
    from grokterm.inspection.analysis import NetworkAnalysis
    from grokterm.plots.axis import Scale


class NetworkPane(Vertical):
    """The tab bar of the views, and a picture for each of the two networks."""

    tab: reactive[str] = reactive(next(iter(VIEWS)))

    def __init__(self, order: "Order", draw_budget: DrawBudget) -> None:
        super().__init__(id="network")
        self.choice = Choice(order=order)
        self.comparison: ComparisonJob | None = None
        self._draw_budget = draw_budget
        self._view_requests = ViewRequests()
        self._pinned = NetworkPicture("pinned", self._view_requests, draw_budget)
        self._present = NetworkPicture("present", self._view_requests, draw_budget)
        self._subject: Subject | None = None
        self._histories: dict[Side, History] = {"pinned": History(), "present": History()}

    def compose(self) -> ComposeResult:
        """Compose the tab bar and both pictures."""
        yield TabBar({name: key for name, key in panes().items() if name in VIEWS}, id="tabs")
        with Horizontal():
            yield self._pinned
            yield self._present

    def on_mount(self) -> None:
        """Start the thread that answers questions."""
        self._view_requests.start()
        self._pinned.display = False

    def on_unmount(self) -> None:
        """Stop both threads."""
        self._view_requests.leave()
        if self.comparison is not None:
            self.comparison.give_up()

    @property
    def is_watched(self) -> bool:
        """Whether the picture of the present network is on the screen."""
        return self._present.is_on_screen

    @property
    def is_answered(self) -> bool:
        """Whether an answer has come that is not drawn yet."""
        return self._view_requests.is_answered

    @property
    def has_answer(self) -> bool:
        """Whether this view was ever answered."""
        return self._present.answer_for(self.view) is not None

    @property
    def view(self) -> View:
        """The view that is drawn, or what stands for it."""
        view = VIEWS[self.tab]
        return view if self._draw_budget.link.has_pictures else in_numbers(view)

    def watch_tab(self, tab: str) -> None:
        """Start a view unzoomed."""
        self.query_one(TabBar).shown = tab
        self.unzoom()

    def show(self, state: LabState, analysis: "NetworkAnalysis | None", x_scale: "Scale", *, is_idle: bool) -> bool:
        """Draw the network as of its last snapshot, and ask what the view has to find out: at once if nothing trains on.

        Returns whether anything had to be drawn.
        """
        answer = self._view_requests.collect()
        if answer is not None and answer.value is not None:
            self._histories[answer.side].add(answer.question.view.inspected(answer.value))
        self.choice = replace(self.choice, x_scale=x_scale)
        has_drawn = self.comparison is not None and self._show_pinned(self.comparison, is_idle=is_idle)
        if analysis is None:
            return self._present.say(self.tab, ["waiting for the first snapshot"]) or has_drawn
        history = self._histories["present"].since(state.inspections, state.swaps)
        self._subject = Subject(state, analysis, history)
        return self._present.show(self.view, self._subject, self.choice, is_idle=is_idle) or has_drawn

    def _show_pinned(self, comparison: ComparisonJob, *, is_idle: bool) -> bool:
        """Draw the second network; until it is loaded say how far it is, or why it failed."""
        if comparison.bug is not None:
            raise comparison.bug
        if comparison.problem:
            return self._pinned.say(self.tab, [comparison.problem, "compare again to close it"])
        if (pinned := comparison.subject) is not None:
            pinned = replace(pinned, history=self._histories["pinned"].since(pinned.history, pinned.state.swaps))
            return self._pinned.show(self.view, pinned, self.choice, is_idle=is_idle)
        goal = "its newest checkpoint" if comparison.wanted is None else f"{comparison.wanted:,}"
        at = "loading" if comparison.step is None else f"step {comparison.step:,} of {goal}"
        return self._pinned.say(self.tab, [at, "compare again to cancel"])

    def forget(self) -> None:
        """Drop what belongs to the old training: a new one begins."""
        self._view_requests.forget()
        self._histories["present"] = History()
        self._subject = None
        self._present.forget()

    def compare(self, comparison: ComparisonJob) -> None:
        """Put a second network beside the present one; each has its own color ranges."""
        self.comparison = comparison
        self._histories["pinned"] = History()
        self._pinned.name_shown = comparison.run.name
        self._hold_ranges(is_held=False)
        self._pinned.display = True
        comparison.start()

    def end_comparison(self) -> None:
        """Take the second network away, or stop loading it."""
        if self.comparison is not None:
            self.comparison.give_up()
        self.comparison = None
        self._pinned.display = False

    def next_layer(self) -> None:
        """Choose the next layer, or the next place in the network."""
        if self._subject is not None and self.view.next_part is not None:
            self.choice = self.view.next_part(self._subject, self.choice, self._present.sheet(*self._present.size))

    def next_order(self) -> None:
        """Sort the neurons another way."""
        self.choice = replace(self.choice, order=following(list(ORDERS), self.choice.order), chosen=0)

    def hold(self) -> None:
        """Hold the color ranges, and the next time let them follow what is shown."""
        if self.view.z_zooms:
            self.zoom()
        else:
            self._hold_ranges(is_held=not self._present.has_held_ranges)

    def _hold_ranges(self, *, is_held: bool) -> None:
        for picture in (self._pinned, self._present):
            picture.hold_ranges(is_held=is_held)

    def zoom(self) -> None:
        """Zoom in, and the next time out again."""
        if self.view.zoomed:
            self.choice = replace(self.choice, is_zoomed=not self.choice.is_zoomed, corner=(0, 0))

    def unzoom(self) -> None:
        """Zoom out."""
        self.choice = replace(self.choice, is_zoomed=False, corner=(0, 0))

    def move(self, move: Move) -> None:
        """Do what the view does at an arrow or a page key."""
        if self._subject is not None and self.view.move is not None:
            sheet = self._present.sheet(*self._present.size)
            self.choice = self.view.move(self._subject, self.choice, sheet, self._present.answer_for(self.view), move)
