"""The curves of a training."""

from grokterm.plots.axis import Scale
from grokterm.plots.cells import Rows
from grokterm.session.state import LabState
from grokterm.tui.draw_budget import DrawBudget
from grokterm.tui.widgets.picture import Picture
from grokterm.views.curves import draw_curves
from grokterm.views.view import Sheet


class CurvesView(Picture):
    """Accuracy, loss and, where there is room, a third chart, drawn together from one state."""

    def __init__(self, draw_budget: DrawBudget) -> None:
        super().__init__(draw_budget, id="curves", classes="picture")

    def show(self, state: LabState, x_scale: Scale) -> bool:
        """Draw the curves of a state; return whether they had changed."""

        def draw(width: int, height: int) -> Rows:
            return draw_curves(state, Sheet(width, height, self._palette), x_scale)

        self.caption("curves", f"{x_scale} steps")
        return self.offer((len(state.curves.rows), state.events, x_scale), draw)
