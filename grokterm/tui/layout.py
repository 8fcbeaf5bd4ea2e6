"""The parts of the lab, and when each is drawn."""

from collections import deque
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from grokterm.analysis.ordering import Order
from grokterm.plots.axis import Scale
from grokterm.session.state import LabState
from grokterm.tui.control.notifications import is_urgent
from grokterm.tui.draw_budget import DrawBudget
from grokterm.tui.link import FULL, Link
from grokterm.tui.situation import Situation
from grokterm.tui.widgets.lab.curves import CurvesView
from grokterm.tui.widgets.lab.facts import Facts
from grokterm.tui.widgets.lab.network import NetworkPane
from grokterm.tui.widgets.lab.status import Banner, Glance, Status
from grokterm.views.curves import reading
from grokterm.views.table import VIEWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from grokterm.inspection.analysis import NetworkAnalysis

TEXT_SECONDS = 1.0  # that the texts wait at most
TEXT_BYTES = 500  # about what banner, status line and facts send


class Earlier(NamedTuple):
    """A step before the newest one, which is looked at."""

    state: LabState  # what was known then
    reached: int | None  # how far the replay has come, 0 before it has begun; None once it is there

    def said(self, newest: int) -> str:
        """Say which step it is, and how far it is from being shown."""
        at = f"looking at step {self.state.step:,} of {newest:,}"
        if self.reached is None:
            return at
        return f"{at}, trained again up to {self.reached:,}" if self.reached else f"{at}, loading"


@dataclass(frozen=True)
class Scene:
    """Everything that the parts are drawn from."""

    state: LabState  # the latest, for the texts
    run_name: str
    pictured: LabState  # the latest, or the one at which the pictures were frozen
    analysis: "NetworkAnalysis | None"
    x_scale: Scale
    is_frozen: bool = False
    is_elsewhere: bool = False  # another process trains
    earlier: Earlier | None = None  # what texts and curves point to, while an earlier step is looked at

    @property
    def follows(self) -> bool:
        """Whether the pictures follow a training that goes on."""
        return self.state.phase == "training" and not self.is_frozen and self.earlier is None

    @property
    def curves(self) -> LabState:
        """What the curves are drawn from: all of them, while an earlier step is looked at."""
        return self.pictured if self.earlier is None else self.state


class LabLayout:
    """The parts of the lab that follow a training.

    During training the pictures take turns within one draw budget. The texts, which cost little, are drawn with the curves, and
    by themselves where these are rare: with the step of the newest state, and the numbers that the curves show.
    """

    def __init__(self, order: Order, third: str = "") -> None:
        self._draw_budget = DrawBudget()
        self.banner, self.status, self.facts = Banner(id="banner"), Status(id="status"), Facts()
        self.curves = CurvesView(self._draw_budget, third)
        self.network = NetworkPane(order, self._draw_budget)
        self._turns: deque[Callable[[Scene], bool]] = deque((self._show_curves, self._show_network))
        self._has_shown_network = False
        self._glance: Glance | None = None
        self._shown: Scene | None = None
        self._measured: LabState | None = None  # the one that the curves show
        self._texts_due = 0.0

    def draw_for(self, link: Link) -> None:
        """Draw from now on as much as a link carries."""
        self._draw_budget.link = link

    def follow(self, scene: Scene) -> None:
        """Draw at once what the user waits for, and the rest as the draw budget allows."""
        if is_urgent(self._glance.state if self._glance else None, scene.state):
            self._show_curves(scene)
        is_first_look = scene.analysis is not None and not self._has_shown_network
        is_awaited = not scene.follows or self._draw_budget.link is FULL or not self.network.has_answer
        is_answered = self.network.is_answered and is_awaited
        if is_first_look or is_answered or self._is_behind(scene):
            self.show(scene)
        elif self._draw_budget.is_due():
            self._show_next(scene)
        elif monotonic() >= self._texts_due:
            self._show_texts(scene)

    def show(self, scene: Scene) -> None:
        """Draw everything that has changed: after a key, or when no training is slowed down by it."""
        self._shown, self._has_shown_network = scene, scene.analysis is not None
        self._show_curves(scene)
        self._show_network(scene)

    def forget(self) -> None:
        """Draw everything anew: a new training begins."""
        self.curves.forget()
        self.network.forget()
        self._has_shown_network = False
        self._measured = None

    def _show_next(self, scene: Scene) -> None:
        for _ in range(len(self._turns)):
            self._turns.rotate(-1)
            if self._turns[-1](scene):
                return

    def _show_curves(self, scene: Scene) -> bool:
        self._measured, earlier = scene.state, scene.earlier
        has_news = self._show_texts(scene)
        looked_at = None if earlier is None else earlier.state.step
        return self.curves.show(scene.curves, scene.x_scale, scene.run_name, looked_at) or has_news

    def _show_texts(self, scene: Scene) -> bool:
        glance = Glance(
            scene.state,
            scene.run_name,
            scene.pictured.step if scene.is_frozen else None,
            None if scene.earlier is None else scene.earlier.state,
            self._measured if self.curves.is_on_screen else None,
            "" if scene.earlier is None else scene.earlier.said(scene.state.step),
            self.curves.is_on_screen,
            scene.is_elsewhere,
            reading(scene.curves, self.curves.choice) if self.curves.is_on_screen else (),
        )
        has_news = self._glance is None or not glance.is_like(self._glance)
        if has_news:
            self._glance = self.banner.glance = self.status.glance = glance
            self.facts.show(scene.earlier.state if scene.earlier else scene.state, scene.run_name)
            self._draw_budget.owe(TEXT_BYTES)
            self._texts_due = monotonic() + TEXT_SECONDS
        return has_news

    def _show_network(self, scene: Scene) -> bool:
        return self.network.show(scene.pictured, scene.analysis, scene.x_scale, is_idle=not scene.follows)

    def situation(self, scene: Scene, view: str, *, is_wide: bool) -> Situation:
        """Return what decides which keys do something, with this pane chosen."""
        state, network = scene.state, self.network
        return Situation(
            phase=state.phase,
            has_curves=is_wide or view == "curves",
            has_facts=(is_wide and network.comparison is None) or view == "facts",
            view=network.view if is_wide or view in VIEWS else None,
            has_pictures=self._draw_budget.link.has_pictures,
            is_zoomed=network.choice.is_zoomed,
            is_comparing=network.comparison is not None,
            is_frozen=scene.is_frozen,
            is_looking_back=scene.earlier is not None,
            is_swapped=bool(state.swaps),
            is_unsaved=bool(state.unsaved),
            trouble=state.trouble,
        )

    def _is_behind(self, scene: Scene) -> bool:
        """Whether something is to be shown at once that was not."""
        shown, is_training = self._shown, scene.state.phase == "training"
        if is_training and scene.earlier is None:
            return False
        return shown is None or shown.analysis is not scene.analysis or (not is_training and shown.state is not scene.state)
