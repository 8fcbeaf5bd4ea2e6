"""Accuracy or loss over steps."""

from typing import Protocol

from grokterm.plots.axis import Scale
from grokterm.plots.cells import Rows
from grokterm.plots.palettes import Palette
from grokterm.session.state import LabState
from grokterm.tui.draw_budget import DrawBudget
from grokterm.tui.widgets.picture import Picture


class DrawCurves(Protocol):
    """Draws one measure of a state."""

    def __call__(self, state: LabState, *, width: int, height: int, x_scale: Scale, palette: Palette) -> Rows:
        """Draw in `height` lines of `width` cells."""


class CurvesView(Picture):
    """The picture of one measure, for train and val."""

    def __init__(self, title: str, draw_curves: DrawCurves, palette: Palette, draw_budget: DrawBudget) -> None:
        super().__init__(draw_budget, classes="picture")
        self._title = title
        self._draw_curves = draw_curves
        self._palette = palette

    def show(self, state: LabState, x_scale: Scale) -> bool:
        """Draw the curves of a state; return whether they had changed."""

        def draw(width: int, height: int) -> Rows:
            return self._draw_curves(state, width=width, height=height, x_scale=x_scale, palette=self._palette)

        self.caption(self._title, f"{x_scale} x")
        return self.offer((len(state.curves.rows), state.events, x_scale), draw)
