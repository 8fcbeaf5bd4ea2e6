"""Two runs side by side: the settings in which they differ, and what they reached."""

from collections.abc import Iterator, Mapping

from rich.table import Table
from rich.text import Text

from grokterm.experiment.expectation import MILESTONE_STEPS
from grokterm.plots.palettes import Palette
from grokterm.runs.differences import settings_at_end, short, told, without_folder
from grokterm.runs.listing.row import RunRow
from grokterm.runs.listing.skim import Skim
from grokterm.runs.store import Run

Line = tuple[str, str, str]
"""A name, and what the two runs have of it; empty for nothing."""


def differing_settings(first: Run, second: Run) -> list[Line]:
    """List the settings in which two runs differ, as they are at the end: also those that were changed on the way.

    Raises:
        RunNotFoundError: if the settings of one cannot be read.
        CheckpointError: if a journal cannot be read.
    """
    runs = ((run, Skim.of(run.journal).records(run.journal)) for run in (first, second))
    ours, theirs = (settings_at_end(run.experiment, records) for run, records in runs)
    names = dict.fromkeys((*told(ours, theirs), *told(theirs, ours)))
    return [(name, _written(name, ours), _written(name, theirs)) for name in names]


def results(first: RunRow, second: RunRow) -> list[Line]:
    """List milestones, accuracies and losses that one of them has."""
    return [(name, *pair) for name, *pair in _results(first, second) if any(pair)]  # type: ignore[misc] # two of them


def _results(*rows: RunRow) -> Iterator[tuple[str, ...]]:
    yield "step", *(f"{row.step:,}" for row in rows)
    for name in MILESTONE_STEPS:
        yield name.replace("_", " "), *("" if (at := getattr(row, name)) is None else f"{at:,}" for row in rows)
    for side in ("train", "val"):
        for measure, layout in (("accuracy", ".4f"), ("loss", ".3g")):
            values = [getattr(row, f"{side}_{measure}") for row in rows]
            yield f"{side} {measure}", *("" if value is None else format(value, layout) for value in values)


def _written(name: str, settings: Mapping[str, object]) -> str:
    """Write a value; a list of plain ones in full, of others how many."""
    value = without_folder(name, settings.get(name, ""))
    if isinstance(value, list | tuple) and all(isinstance(one, int | float | str) for one in value):
        return ", ".join(map(short, value)) or "[]"
    return str(len(value)) if isinstance(value, list | tuple) else short(value)


def side_by_side(first: RunRow, second: RunRow, settings: list[Line], palette: Palette) -> Table:
    """Write two runs in two columns, each in the color of its curves; what is equal is dimmed."""
    inks = palette.inks
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True, style=inks["dim"].style)
    for _ in range(2):
        table.add_column(overflow="fold")

    def add(name: str, *pair: str) -> None:
        blank = palette.printable("·")
        style = inks["dim"].style if pair[0] == pair[1] else None
        table.add_row(Text(name), *(Text(palette.printable(value) or blank, style or "") for value in pair))

    heads = ((first, inks["val"]), (second, inks["first"]))
    table.add_row(Text(), *(Text(palette.printable(row.name), ink.style or "") for row, ink in heads))
    if first.parent or second.parent:
        add("branch of", first.parent, second.parent)
    for heading, lines in (("settings that differ", settings), ("what they reached", results(first, second))):
        table.add_row(Text())
        table.add_row(Text(heading, "bold"), *([Text(), Text()] if lines else [Text("none"), Text()]))
        for line in lines:
            add(*line)
    return table
