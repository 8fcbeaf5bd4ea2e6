"""What is on the screen, and the data of its curves, as files in the folder of a run."""

import csv
import io
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from math import isnan

import numpy as np

from grokterm.errors import StorageError
from grokterm.runs.command_line import near
from grokterm.runs.storage.durable import make_folder, write_durably
from grokterm.runs.store import Run
from grokterm.session.curves import BANDS, COLUMNS, Curves
from grokterm.session.state import LabState

DOTS_PER_INCH = 200
LINES_AT_ONCE = 2**12  # of a file


def save_pictures(run: Run, view: str, svg: str, state: LabState) -> str:
    """Write the screen as SVG, and the curves as CSV and, with matplotlib, as PNG; return of which kind, and where.

    Raises:
        StorageError: if the folder cannot be written.
    """
    folder, at = run.path / "pictures", f"step-{state.step:08}"
    contents: dict[str, bytes | Iterable[bytes]] = {
        f"lab-{view}-{at}.svg": svg.encode(),
        f"curves-{at}.csv": map(str.encode, curves_as_csv(state.curves)),
    }
    if len(state.curves) > 1 and find_spec("matplotlib") is not None:
        contents[f"curves-{at}.png"] = _curves_as_png(state)
    try:
        make_folder(folder)
        for name, content in contents.items():
            write_durably(folder / name, content)
    except OSError as error:
        raise StorageError(f"{near(folder)} cannot be written: {error.strerror}") from None
    return f"{', '.join(name.rpartition('.')[2].upper() for name in contents)} in {near(folder)}"


def curves_as_csv(curves: Curves) -> Iterator[str]:
    """Yield a line for each evaluation, many at once; what was not measured is empty, a column that never was is left out."""
    known = {name: curves.measured[name] for name in (*COLUMNS, *BANDS) if name in curves.measured}
    measured = {name: column for name, column in known.items() if not np.isnan(column).all()}
    yield ",".join(measured) + "\n"
    for first in range(0, len(curves), LINES_AT_ONCE):
        text = io.StringIO()
        columns = (column[first : first + LINES_AT_ONCE].tolist() for column in measured.values())
        rows = ([int(step), *("" if isnan(value) else value for value in row)] for step, *row in zip(*columns, strict=True))
        csv.writer(text, lineterminator="\n").writerows(rows)
        yield text.getvalue()


def _curves_as_png(state: LabState) -> bytes:
    from grokterm.plots.paper.style import paper_style, save_figure  # loads matplotlib
    from grokterm.views.paper.run import curves_of

    content = io.BytesIO()
    with paper_style():
        save_figure(curves_of(state), content, "png", DOTS_PER_INCH)
    return content.getvalue()
