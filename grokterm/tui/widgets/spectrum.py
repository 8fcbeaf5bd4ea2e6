"""The Fourier spectrum of a weight matrix."""

from grokterm.control.state import LabState
from grokterm.control.views import spectrum_picture
from grokterm.plots.bars import draw_bars
from grokterm.plots.cells import Cells, Rows
from grokterm.plots.palettes import Palette
from grokterm.training.snapshot import Snapshot
from grokterm.tui.widgets.picture import Picture


class SpectrumView(Picture):
    """One bar for each frequency, taller where the matrix holds more power."""

    def __init__(self, palette: Palette) -> None:
        super().__init__(shortest=1.0, id="spectrum", classes="picture")
        self.border_title = "spectrum"
        self._palette = palette

    def show(self, snapshot: Snapshot, layer: str, state: LabState, *, at_once: bool = False) -> None:
        """Show the spectrum of one layer of a snapshot."""

        def draw(width: int, height: int) -> Rows:
            picture = spectrum_picture(snapshot, layer, state)
            title = f"spectrum · {snapshot.layers[layer].label} · share of power at frequency k"
            if picture is None:
                self.caption(title, "its rows are not residues")
                return Cells(width, height).rows()
            keys = ", ".join(map(str, picture.key_frequencies[:8])) or "none"
            self.caption(title, f"step {snapshot.step:,} · top {picture.shares.max():.1%} · key frequencies: {keys}")
            return draw_bars(
                picture.shares, width=width, height=height, highlighted=picture.key_frequencies, palette=self._palette
            )

        self.offer((snapshot.step, layer, state.operation), draw, at_once=at_once)
