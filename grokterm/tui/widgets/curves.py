"""Accuracy or loss over steps."""

from grokterm.plots.axis import Scale
from grokterm.plots.cells import Rows
from grokterm.plots.palettes import Palette
from grokterm.session.state import LabState
from grokterm.tui.draw_budget import DrawBudget
from grokterm.tui.widgets.picture import Picture
from grokterm.views.pictures import Measure, draw_measure
from grokterm.views.view import Sheet


class CurvesView(Picture):
    """The picture of one measure, for train and val."""

    def __init__(self, measure: Measure, palette: Palette, draw_budget: DrawBudget) -> None:
        super().__init__(draw_budget, classes="picture")
        self._measure: Measure = measure
        self._palette = palette

    def show(self, state: LabState, x_scale: Scale) -> bool:
        """Draw the curves of a state; return whether they had changed."""

        def draw(width: int, height: int) -> Rows:
            return draw_measure(state, self._measure, Sheet(width, height, self._palette), x_scale)

        self.caption(self._measure, f"{x_scale} x")
        return self.offer((len(state.curves.rows), state.events, x_scale), draw)
