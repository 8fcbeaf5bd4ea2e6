"""The members of a sweep as lines of a table: their point, their state, and what came of them."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from rich.segment import Segment

from grokterm.experiment.expectation import is_step
from grokterm.experiment.sweep import VARIANT, Sweep, Value, short_name, written
from grokterm.plots.palettes import Palette, Role
from grokterm.reports.duration import clock
from grokterm.sweeps.live import SweepState
from grokterm.sweeps.measuring.measures import measure_name
from grokterm.sweeps.members import Member
from grokterm.sweeps.report import number
from grokterm.sweeps.storage.result import Result

Standing = Literal["working", "elsewhere", "failed", "diverged", "finished", "waiting"]
"""What a member does, or what came of it; in the order of the table."""

STANDINGS: dict[Standing, Role] = {
    "working": "train",
    "elsewhere": "train",
    "failed": "fourth",
    "diverged": "second",
    "finished": "text",
    "waiting": "dim",
}
MARGIN, GAP = 2, 2
MOST_VALUE = 14  # cells of a value of an axis
NUMBER = 9  # cells of a number

MEASURES = {"grokked_at": 1, "val_accuracy": 2, "memorized_at": 3, "steps": 4}
"""What is known of every member, and what gives way first."""

TITLES = {"grokked_at": "grokked", "memorized_at": "memorized", "val_accuracy": "val", "ungrokked_at": "ungrokked"}


class Column(NamedTuple):
    """A column of the table."""

    name: str
    width: int
    rank: int
    """Those of the largest give way first where there is no room."""

    write: Callable[[Member, Result | None], str]
    is_number: bool = True


def standing_of(member: Member, state: SweepState) -> Standing:
    """Tell what a member does, or what came of it."""
    if (result := state.results.get(member.key)) is not None:
        return result.outcome
    return "working" if member.key in state.working else "elsewhere" if member.key in state.elsewhere else "waiting"


def ordered(state: SweepState) -> list[Member]:
    """List members by their standing: those that are worked on, those that have failed, ..., those that wait."""
    groups: dict[Standing, list[Member]] = {standing: [] for standing in STANDINGS}
    for member in state.members:
        groups[standing_of(member, state)].append(member)
    return [member for group in groups.values() for member in group]


def columns_of(sweep: Sweep, width: int) -> list[Column]:
    """Choose the columns that fit."""
    axes = {**({VARIANT: tuple(sweep.variants)} if sweep.variants else {}), **sweep.axes}
    if sweep.search is not None:
        axes[sweep.search.along] = sweep.search.between
    columns = [
        Column("state", len("elsewhere"), 0, lambda _, __: "", is_number=False),
        *(_of_axis(name, values) for name, values in axes.items()),
        Column("seed", 5, 0, lambda member, _: str(member.seed)),
        _of_number(measure_name(sweep), 0),
        *(_of_number(name, rank) for name, rank in MEASURES.items() if name != measure_name(sweep)),
        Column("time", 7, 5, lambda _, result: "" if result is None else clock(result.seconds)),
    ]
    while sum(one.width for one in columns) + GAP * (len(columns) - 1) + MARGIN > width:
        last = max(columns, key=lambda one: one.rank)
        if not last.rank:
            break
        columns.remove(last)
    return columns


def _of_axis(name: str, values: Sequence[Value]) -> Column:
    title = short_name(name)
    longest = max((len(written(value)) for value in values), default=0)
    width = min(max(longest, len(title), 5), max(MOST_VALUE, len(title)))
    is_number = all(not isinstance(value, str) for value in values)
    return Column(title, width, 0, lambda member, _: written(member.point.columns.get(name, "")), is_number)


def _of_number(name: str, rank: int) -> Column:
    title = TITLES.get(name, short_name(name))

    def write(_: Member, result: Result | None) -> str:
        if result is None:
            return ""
        value = result.value(name)
        if value is None:
            return "never" if is_step(name) and result.outcome != "failed" else ""
        return f"{value:,.0f}" if is_step(name) or name == "steps" else number(value, name.partition(" @ ")[0])

    return Column(title, max(len(title), NUMBER), rank, write)


def draw_heads(columns: Sequence[Column], palette: Palette) -> list[Segment]:
    """Name the columns."""
    cells = [_fitted(one.name, one, palette) for one in columns]
    return [Segment(" " * MARGIN + (" " * GAP).join(cells), palette.inks["dim"].style)]


def draw_member(member: Member, columns: Sequence[Column], state: SweepState, width: int, palette: Palette) -> list[Segment]:
    """Write a member; the reason of one that has failed stands in the place of its numbers."""
    standing, result = standing_of(member, state), state.results.get(member.key)
    style = palette.inks[STANDINGS[standing]].style
    gap, line, problem = " " * GAP, [Segment(" " * MARGIN), Segment(standing.ljust(columns[0].width), style)], ""
    if result is not None and result.problem:
        problem = palette.printable(result.problem)
    for column in columns[1:]:
        line.append(Segment(gap + _fitted(column.write(member, result), column, palette)))
        if column.name == "seed" and problem:
            used = sum(len(one.text) for one in line) + GAP
            dots = palette.printable("…")
            room = max(width - used, 0)
            line.append(Segment(gap + (problem if len(problem) <= room else problem[: room - len(dots)] + dots), style))
            break
    return line


def _fitted(text: str, column: Column, palette: Palette) -> str:
    text, dots = palette.printable(text), palette.printable("…")
    if len(text) > column.width:
        text = text[: column.width - len(dots)] + dots
    return text.rjust(column.width) if column.is_number else text.ljust(column.width)
