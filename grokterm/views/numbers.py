"""Numbers and a line of blocks each instead of pictures, for a link that carries no pictures."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache, partial
from operator import methodcaller
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from jaxtyping import Float

from grokterm.experiment.metrics import METRICS
from grokterm.plots.cells import Cells, Rows
from grokterm.plots.curves.series import Series
from grokterm.plots.sparkline import sparkline
from grokterm.plots.text_lines import shortened
from grokterm.session.state import LabState
from grokterm.views.curves import Measure, drawn_of, short_loss, sides
from grokterm.views.history import series, written
from grokterm.views.third import norm_curve
from grokterm.views.view import Choice, Drawn, Sheet, Subject, View
from grokterm.views.window import CurvesChoice

if TYPE_CHECKING:
    from grokterm.experiment.recording.inspected import Inspected

Lines: TypeAlias = Callable[[Subject, Choice, Sheet, Any], Iterable[str]]

LABEL, VALUE = 22, 10  # columns
LONGEST, SHORTEST = 24, 8  # columns of a line of blocks, which is most of what is sent


def draw_numbers(state: LabState, sheet: Sheet) -> Rows:
    """Write the last accuracies and losses and the norm, and draw how they came there over the logarithm of the step."""
    if not len(state.curves):
        return sheet.fill(sheet.words(["waiting for the first evaluation"]))
    cells = Cells(sheet.width, sheet.height)
    state = drawn_of(state, "log", CurvesChoice(), (), LONGEST)
    measures: tuple[Measure, ...] = ("accuracy", "loss")
    rows = [(f"{one.label} {measure}", measure, one) for measure in measures for one in sides(state, measure)]
    for row, (label, measure, one) in enumerate(rows):
        is_loss = measure == "loss"
        text = short_loss(float(one.y[-1])).strip() if is_loss else f"{one.y[-1]:.3f}"
        _write(cells, row, label, text, one, _of_range(np.log(np.maximum(one.y, 1e-300))) if is_loss else one.y, sheet)
    norm = norm_curve(state)
    if len(norm.x):
        _write(cells, len(rows), norm.label, written(float(norm.y[-1])).strip(), norm, _of_range(norm.y), sheet)
    return cells.rows()


@cache
def in_numbers(view: View) -> View:
    """Return what stands for a view where no pictures are drawn: what it says in words, or else the metrics of the network."""
    if view.lines is None:
        about = f"no picture of the {view.name} on this link: ctrl+p, link"
        return replace(NUMBERS, name=view.name, draw=partial(draw_network_numbers, about=about))
    draw = partial(_draw_lines, view.name, view.lines)
    return replace(view, draw=draw, zoomed="", z_zooms=False, other_keys="", next_part=None, move=None)


def _draw_lines(name: str, lines: Lines, subject: Subject, choice: Choice, sheet: Sheet, found: object) -> Drawn:  # noqa: PLR0913, PLR0917 - those of a view, and whose it is
    cells = Cells(sheet.width, sheet.height)
    said = (f"step {subject.analysis.step:,}", *lines(subject, choice, sheet, found))
    for row, line in enumerate(said[: sheet.height]):
        cells.write(row, 0, shortened(sheet.palette.printable(line), sheet.width, sheet.palette))
    return Drawn(cells.rows(), f"{name}, in words", "ctrl+p, link: pictures")


def draw_network_numbers(subject: Subject, _choice: Choice, sheet: Sheet, found: "Inspected", about: str = "") -> Drawn:
    """Write every metric that the network has, and draw how it came there."""
    cells = Cells(sheet.width, sheet.height)
    values = ((name, metric, found.metric(name)) for name, metric in METRICS.items())
    known = [(metric.label, metric.written(value), name) for name, metric, value in values if value is not None]
    cells.write(0, 0, f"{'step':{LABEL}}{found.step:>{VALUE},}")
    for row, (label, text, name) in enumerate(known, start=1):
        curve = series(subject.history, label, "text", methodcaller("metric", name))
        _write(cells, row, label, text, curve, _of_range(curve.y), sheet)
    keys = ", ".join(map(str, found.key_frequencies))
    cells.write(len(known) + 1, 0, f"{'key frequencies':{LABEL}}{keys}" if keys else "")
    about = sheet.for_border(about or "ctrl+p, link: pictures", "ctrl+p, link: pictures")
    return Drawn(cells.rows(), "numbers", about)  # a title that changes has everything painted again


def _write(cells: Cells, row: int, label: str, text: str, curve: Series, shares: Iterable[float], sheet: Sheet) -> None:  # noqa: PLR0913, PLR0917 - the columns of a table
    """Write a line; the blocks have what room there is."""
    cells.write(row, 0, sheet.palette.printable(f"{label:{LABEL}}"[:LABEL]), sheet.palette.inks["dim"].style)
    cells.write(row, LABEL, f"{text:>{VALUE}}")
    width = min(sheet.width - LABEL - VALUE - 2, LONGEST)
    if width >= SHORTEST and len(curve.x) > 1:
        # What was known last at each column: a long training has more evaluations than need be drawn.
        ends = np.geomspace(1, curve.x[-1] + 1, width + 1) - 1
        last = np.unique(np.maximum(np.searchsorted(curve.x, ends, side="right") - 1, 0))
        steps, drawn = [0, *curve.x[last[1:]].astype(int).tolist()], np.asarray(shares)[last].tolist()
        line = sparkline(steps, drawn, width, ascii_only=sheet.palette.is_ascii)
        cells.write(row, LABEL + VALUE + 2, line, sheet.palette.inks[curve.role].style)


def _of_range(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return values as shares of their range; those that do not vary are in its middle."""
    known = values[np.isfinite(values)]
    low, high = (known.min(), known.max()) if known.size else (0.0, 0.0)
    return (values - low) / (high - low) if high > low else np.full_like(values, 0.5)


NUMBERS = View(
    "numbers",
    draw_network_numbers,
    question=lambda subject, _choice, _sheet: subject.analysis.operation.label,
    find=lambda analysis, _asked: analysis.inspected(),
    inspected=lambda found: found,
)
"""Stands for a view that says nothing in words."""
