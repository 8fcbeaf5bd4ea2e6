"""What is known of a preset before it is trained, as text."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.text import Text

from grokterm.plots.palettes import Palette
from grokterm.plots.sanitize import plain_text
from grokterm.plots.sparkline import sparkline
from grokterm.plots.text_lines import shortened
from grokterm.reports.preset import Prospect, ago, costs, expected, in_two_lines, parts

if TYPE_CHECKING:
    from grokterm.runs.results.newest import NewestRun

LONGEST_LINE, SHORTEST_LINE = 40, 8  # columns of a sparkline


def in_panel(prospect: Prospect, structure: str, palette: Palette) -> Text:
    """Write everything, in sections."""
    experiment, newest = prospect.experiment, prospect.newest
    text = Text().append(plain_text(experiment.title), "bold")
    text.append(f"\n{plain_text(experiment.source)}\n", "dim")
    text.append(f"\n{structure}\n" if structure else "")
    _section(text, "trained first", parts(experiment))
    _section(text, "expected", expected(experiment))
    _section(text, "costs", costs(prospect))
    if newest is not None:
        text.append(f"\nnewest run, {ago(newest.seconds_ago)}\n", "bold")
        text.append(_curve(newest, LONGEST_LINE, palette), palette.inks["val"].style or "")
        text.append(f"\n{plain_text(newest.name)}", "dim")
    return text


def _section(text: Text, heading: str, rows: Iterable[tuple[str, str]]) -> None:
    rows = list(rows)
    if not rows:
        return
    text.append(f"\n{heading}\n", "bold")
    longest = max(len(name) for name, _ in rows)
    for name, value in rows:
        text.append(f"{name:<{longest}}  ", "dim").append(f"{plain_text(value)}\n")


def in_lines(prospect: Prospect, width: int, palette: Palette) -> tuple[str, Text]:
    """Write what is expected, and what it costs with the curve of the newest run, in a line each."""
    wanted, needed = in_two_lines(prospect)
    line, newest = Text(needed), prospect.newest
    if newest is not None:
        label = f"   last run {ago(newest.seconds_ago)} "
        room = min(width - line.cell_len - len(label), LONGEST_LINE)
        if room >= SHORTEST_LINE:
            line.append(label).append(_curve(newest, room, palette), palette.inks["val"].style or "")
    line.truncate(width, overflow="ellipsis")
    return shortened(plain_text(wanted), width, palette), line


def _curve(newest: "NewestRun", width: int, palette: Palette) -> str:
    return sparkline(newest.steps, newest.val_accuracies, width, ascii_only=palette.is_ascii)
