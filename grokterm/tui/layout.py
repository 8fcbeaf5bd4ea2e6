"""What the lab shows of a training, part by part, and when each part is drawn."""

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grokterm.plots.axis import Scale
from grokterm.plots.palettes import Palette
from grokterm.session.state import LabState
from grokterm.tui.draw_budget import DrawBudget
from grokterm.tui.notifications import is_notification
from grokterm.tui.widgets.curves import CurvesView
from grokterm.tui.widgets.facts import Facts
from grokterm.tui.widgets.network import NetworkPane
from grokterm.tui.widgets.status import Banner, Status
from grokterm.views.pictures import draw_accuracy, draw_loss

if TYPE_CHECKING:
    from grokterm.inspection.analysis import NetworkAnalysis

WORDS_BYTES = 300
"""What the lines of words send, about."""


@dataclass(frozen=True)
class Scene:
    """What there is to show."""

    state: LabState
    """The latest, for the words."""

    run_name: str
    pictured: LabState
    """What the pictures are of: the latest, or what was held when they were frozen."""

    analysis: "NetworkAnalysis | None"
    x_scale: Scale


class LabLayout:
    """The parts of the screen that follow a training.

    While it trains the pictures take turns, within one draw_budget; the words, which cost little, go with each of them.
    """

    def __init__(self, palette: Palette) -> None:
        self._draw_budget = DrawBudget()
        self.banner, self.status, self.facts = Banner(palette), Status(palette), Facts()
        self.accuracy = CurvesView("accuracy", draw_accuracy, palette, self._draw_budget)
        self.loss = CurvesView("loss", draw_loss, palette, self._draw_budget)
        self.network = NetworkPane(palette, self._draw_budget)
        self._pictures = self._show_accuracy, self._show_loss, self._show_network
        self._turns = deque(self._pictures)
        self._has_looked = False
        self._said: LabState | None = None
        self._shown: Scene | None = None

    def follow(self, scene: Scene) -> None:
        """Show what somebody waits for, and of the rest what the draw_budget allows."""
        if is_notification(self._said, scene.state):
            self._show_words(scene)
        is_first_look = scene.analysis is not None and not self._has_looked
        if is_first_look or self.network.is_answered or (scene.state.phase != "training" and self._is_behind(scene)):
            self.show(scene)
        elif self._draw_budget.is_due():
            self._show_words(scene)
            self._show_next(scene)

    def show(self, scene: Scene) -> None:
        """Show everything that is new: a key was pressed, or nothing trains that this would slow down."""
        self._shown, self._has_looked = scene, scene.analysis is not None
        self._show_words(scene)
        for show_picture in self._pictures:
            show_picture(scene)

    def forget(self) -> None:
        """Take what comes next for a new training."""
        for curves in (self.accuracy, self.loss):
            curves.forget()
        self.network.forget()
        self._has_looked = False

    def _show_next(self, scene: Scene) -> None:
        for _ in range(len(self._turns)):
            self._turns.rotate(-1)
            if self._turns[-1](scene):
                return

    def _is_behind(self, scene: Scene) -> bool:
        shown = self._shown
        return shown is None or shown.state is not scene.state or shown.analysis is not scene.analysis

    def _show_words(self, scene: Scene) -> bool:
        if scene.state is self._said:
            return False
        self._said = self.banner.state = self.status.state = scene.state
        self.facts.show(scene.state, scene.run_name)
        self._draw_budget.spend(WORDS_BYTES)
        return True

    def _show_accuracy(self, scene: Scene) -> bool:
        return self.accuracy.show(scene.pictured, scene.x_scale)

    def _show_loss(self, scene: Scene) -> bool:
        return self.loss.show(scene.pictured, scene.x_scale)

    def _show_network(self, scene: Scene) -> bool:
        return self.network.show(scene.pictured, scene.analysis, scene.x_scale)
