"""A sweep in numbers, where a picture is too much for the link: a line for each point."""

from collections.abc import Sequence

from grokterm.experiment.sweep import Sweep, label_of
from grokterm.plots.cells import Cells, Rows
from grokterm.plots.palettes import Palette
from grokterm.sweeps.measuring.measures import measure_name
from grokterm.sweeps.measuring.outcomes import PointOutcome
from grokterm.sweeps.report import cells_of

GAP = 2  # cells between columns


def draw_numbers(sweep: Sweep, outcomes: Sequence[PointOutcome], *, width: int, height: int, palette: Palette) -> Rows:
    """Write the center over the seeds of each point, its interval and their number; the first points, if not all have room."""
    n_lines = height - 1
    n_shown = len(outcomes) if len(outcomes) <= n_lines else max(n_lines - 1, 0)
    heads = ("", measure_name(sweep).replace("_", " "), "95 %", "n")
    rows = [heads, *((label_of(one.point.columns), *cells_of(one, sweep.measure)) for one in outcomes[:n_shown])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[0] = min(widths[0], max(width - sum(widths[1:]) - 3 * GAP, 0))
    cells = Cells(width, height)
    for row, (label, *numbers) in enumerate(rows[:height]):
        style = None if row else palette.inks["dim"].style
        cells.write(row, 0, palette.printable(label)[: widths[0]], style)
        column = widths[0]
        for text, size in zip(numbers, widths[1:], strict=True):
            column += GAP + size
            cells.write(row, column - len(text), text, style)
    if n_shown < len(outcomes) and height > 1:
        cells.write(height - 1, 0, f"and {len(outcomes) - n_shown:,} points more", palette.inks["dim"].style)
    return cells.rows()
