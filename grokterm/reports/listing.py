"""The list of runs in words: one line each, with the columns that there is room for."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.cells import cell_len

from grokterm.experiment.recording.endings import in_words
from grokterm.plots.sanitize import plain_text
from grokterm.runs.listing.row import RunRow

if TYPE_CHECKING:
    from grokterm.runs.results.summary import Summary

GAP = "  "
PIN = " *"  # after the name of a pinned run

NARROWEST = 16  # columns below which what differs is left out
LONGEST_NAME = 80  # in a pipe; a longer one moves only its own row


def standing_in_short(row: RunRow) -> str:
    """Say whether a run has ended: `complete`, `killed`, `not yet (4711)`, `paused (4711)`, `not known (gpu7)`.

    Of a sweep, how many members have: `12 of 48, 1 failed (4711)`.
    """
    owner = row.owner
    if row.kind == "sweep":
        failed = f", {row.n_failed:,} failed" if row.n_failed else ""
        return f"{row.n_ended:,} of {row.members:,}{failed}" + ("" if owner is None else f" ({owner.pid})")
    match row.state:
        case "training" | "paused" as state if owner is not None:
            paused = f"paused, {in_words(row.trouble)}" if row.trouble else "paused"
            return f"{'not yet' if state == 'training' else paused} ({owner.pid})"
        case "unknown":
            return "not known" if owner is None else f"not known ({owner.host})"
    return row.ended or "not yet"


@dataclass(frozen=True)
class _Column:
    heading: str
    cell: Callable[[RunRow], str]
    is_number: bool = True


COLUMNS = (
    _Column("ended", standing_in_short, is_number=False),
    _Column("step", lambda row: _step(row.step if row.kind == "run" else None)),
    _Column("memorized", lambda row: _step(row.memorized_at)),
    _Column("grokked", lambda row: _step(row.grokked_at)),
    _Column("train", lambda row: _share(row.train_accuracy)),
    _Column("val", lambda row: _share(row.val_accuracy)),
)
"""Between the name of a run and what differs in it."""

LEFT_OUT = ("train", "memorized", "step")  # in this order, where the terminal is too narrow


def listing(rows: Sequence[RunRow], width: int | None = None) -> tuple[str, str]:
    """List runs: the line of headings, and a line for each, or some where they do not fit into this width.

    Tags and a note stand behind what differs from the preset; where that is left out, on a line of their own.
    """
    names = [plain_text(row.name) + (PIN if row.is_pinned else "") for row in rows]
    columns = {column: [plain_text(column.cell(row)) for row in rows] for column in COLUMNS}
    widths = {column: max(map(cell_len, (column.heading, *cells))) for column, cells in columns.items()}
    layout = _layout(widths, [cell_len(name) for name in ("run", *names)], width)
    lines: list[str] = []
    for number, (name, row) in enumerate(zip(names, rows, strict=True)):
        cells = GAP.join(_fill(columns[column][number], widths[column], column) for column in layout.columns)
        told = f"sweep: {row.told}" if row.kind == "sweep" else row.told
        needed = f"needs {row.lacks}" if row.lacks else ""
        texts = [*(plain_text(text) for text in (needed, told) if layout.has_differences), _words(row)]
        lines += _lines(name, cells, GAP.join(filter(None, texts)), layout)
    headings = [f"{'run':<{layout.name}}", *(_fill(column.heading, widths[column], column) for column in layout.columns)]
    heading = "differs from its preset"
    last = [heading if layout.rest is None or layout.rest >= len(heading) else "differs"] if layout.has_differences else []
    return GAP.join([*headings, *last]), "\n".join(lines)


@dataclass(frozen=True)
class _Layout:
    """How the columns of a list are laid out."""

    name: int
    """Width of the column of names."""

    columns: Sequence[_Column]
    rest: int | None
    """Width that is left for what differs; None where there is no limit."""

    @property
    def has_differences(self) -> bool:
        return self.rest is None or self.rest >= NARROWEST


def _layout(widths: Mapping[_Column, int], lengths: Sequence[int], width: int | None) -> _Layout:
    """Leave out columns until what differs fits in, or if it never does, until the others do.

    The longest name that leaves room for the columns that stay decides on the width of all.
    """
    kept = list(widths)
    if width is None:
        return _Layout(max(length for length in lengths if length <= LONGEST_NAME), kept, None)
    least = sum(len(GAP) + widths[column] for column in kept if column.heading not in LEFT_OUT)
    name = max(length for length in lengths if length <= max(len("run"), width - least))
    for needed in (len(GAP) + NARROWEST, 0):
        for n_left_out in range(len(LEFT_OUT) + 1):
            kept = [column for column in widths if column.heading not in LEFT_OUT[:n_left_out]]
            rest = width - name - sum(len(GAP) + widths[column] for column in kept)
            if rest >= needed:
                return _Layout(name, kept, rest - len(GAP))
    return _Layout(name, kept, 0)


def listing_as_json(summaries: "Sequence[Summary]", rows: Sequence[RunRow]) -> str:
    """List runs as one JSON array: the summary of each, what differs from its preset, and what a user wrote to it.

    A sweep has `sweep`, which is null of a run, and none of the numbers of a run.
    """
    return json.dumps([_object(summary, row) for summary, row in zip(summaries, rows, strict=True)], indent=2)


def _object(summary: "Summary", row: RunRow) -> Mapping[str, object]:
    sweep = {"members": row.members, "ended": row.n_ended, "failed": row.n_failed, "varied": row.told}
    own = {
        "sweep": sweep if row.kind == "sweep" else None,
        "state": row.state,
        "lacks": row.lacks or None,
        "is_pinned": row.is_pinned,
        "tags": row.tags,
        "note": row.note,
    }
    return {**json.loads(summary.to_json()), "differs": row.differences, **own}


def _lines(name: str, cells: str, text: str, layout: _Layout) -> Iterator[str]:
    """Lay out a run; a long name, and words without room, have lines of their own on a terminal."""
    if layout.rest is None:
        yield f"{_pad(name, layout.name)}{GAP}{cells}{GAP}{text}".rstrip()
        return
    if cell_len(name) > layout.name:
        yield name
        name = ""
    beginning = f"{_pad(name, layout.name)}{GAP}{cells}{GAP}"
    if not layout.has_differences:
        yield beginning.rstrip()
        yield from ([f"    {text}"] if text else [])
        return
    first, *others = wrap(text, layout.rest) or [""]
    yield f"{beginning}{first}".rstrip()
    yield from (" " * cell_len(beginning) + line for line in others)


def _words(row: RunRow) -> str:
    """Write tags and note: `#paper "the one for the talk"`."""
    note = [f'"{row.note}"'] if row.note else []
    return plain_text(" ".join([*(f"#{tag}" for tag in row.tags), *note]))


def _fill(text: str, size: int, column: _Column) -> str:
    return " " * (size - cell_len(text)) + text if column.is_number else _pad(text, size)


def _pad(text: str, size: int) -> str:
    return text + " " * (size - cell_len(text))


def _step(step: int | None) -> str:
    return "" if step is None else f"{step:,}"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.3f}"
