"""The columns of the list of runs: what each says of a run, and how runs are sorted by it.

To add one, list it in COLUMNS.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from grokterm.experiment.recording.endings import in_words
from grokterm.plots.palettes import Palette, Role
from grokterm.runs.listing.row import RunRow
from grokterm.views.runs.phases import draw_phases
from grokterm.views.runs.short import short_age, short_name, short_settings, short_speed, short_step

Piece = tuple[str, Role]
Key = str | float | None


@dataclass(frozen=True)
class Around:
    """What cells depend on besides their own run."""

    palette: Palette
    now: float  # seconds since 1970
    longest: int = 1  # the last step of all runs in the list
    speeds: Mapping[Path, float] = field(default_factory=dict)  # steps a second of those that train here

    @property
    def nothing(self) -> Piece:
        """Stands for a number that there is not."""
        return ("-" if self.palette.is_ascii else "·"), "dim"


class Column(NamedTuple):
    """A column, whose cells are pieces of text, each in the color of a role."""

    name: str
    rank: int  # those of the largest give way where there is no room
    widths: tuple[int, int, int]  # cells that it needs, those with which it reads well, and those that it can use
    write: Callable[[RunRow, Around, int], Sequence[Piece]]
    key: Callable[[RunRow], Key]  # to sort by; those without (None, or an empty text) come last
    is_number: bool = False  # set flush right
    is_high_first: bool = False


def _text(name: str, rank: int, widths: tuple[int, int, int], of: Callable[[RunRow], str]) -> Column:
    return Column(name, rank, widths, lambda row, _around, _room: [(of(row), "text")], of)


def _milestone(name: str, rank: int, role: Role) -> Column:
    def at(row: RunRow) -> int | None:
        step: int | None = getattr(row, f"{name}_at")
        return step

    def write(row: RunRow, around: Around, room: int) -> list[Piece]:
        step = at(row)
        return [around.nothing] if step is None else [(short_step(step, room), role)]

    return Column(name, rank, (max(len(name), 8),) * 3, write, at, is_number=True)


def _accuracy(name: str, rank: int, role: Role) -> Column:
    def share(row: RunRow) -> float | None:
        value: float | None = getattr(row, f"{name}_accuracy")
        return value

    def write(row: RunRow, around: Around, _room: int) -> list[Piece]:
        value = share(row)
        return [around.nothing] if value is None else [(f"{value:.3f}", role)]

    return Column(name, rank, (6, 6, 6), write, share, is_number=True, is_high_first=True)


def _name(row: RunRow, around: Around, room: int) -> list[Piece]:
    """Write the time in it dimmed."""
    palette = around.palette
    own, time = short_name(palette.printable(row.name), palette.printable(row.preset), room, palette.printable("…"))
    return [(own, "text"), (time, "dim")]


def _preset(row: RunRow, around: Around, room: int) -> list[Piece]:
    star = "*" if row.is_changed else ""
    return [(_cut(row.preset, room - len(star), around), "text"), (star, "swap")]


def _differs(row: RunRow, around: Around, room: int) -> list[Piece]:
    """Write names dimmed, so that values stand out."""
    if row.problem:
        return [(row.problem, "fourth")]
    kind: list[Piece] = [("sweep ", "train")] if row.kind == "sweep" else []
    kind += [("no plugin ", "fourth")] if row.lacks else []  # the lines below the list name it
    pieces: list[Piece] = []
    for name, value in short_settings(row.told, room - sum(len(text) for text, _ in kind), around.palette.printable("…")):
        pieces += [(f"{', ' if pieces else ''}{name}{value[:1]}", "dim"), (value[1:], "text")]
    return kind + pieces


def _tags(row: RunRow, _around: Around, _room: int) -> list[Piece]:
    return [(" ".join(row.tags), "third")]


def _network(row: RunRow, around: Around, room: int) -> list[Piece]:
    """Write how many there are of an ensemble."""
    members = f" ×{row.members}" if row.members > 1 and row.kind == "run" else ""
    return [(_cut(row.architecture, room - len(members), around), "text"), (members, "dim")]


def _cut(text: str, room: int, around: Around) -> str:
    dots = around.palette.printable("…")
    return text if len(text) <= room else f"{text[: max(room - len(dots), 0)]}{dots}"


def _fraction(row: RunRow, _around: Around, _room: int) -> list[Piece]:
    return [] if row.train_fraction is None else [(f"{100 * row.train_fraction:.3g} %", "text")]


def _members(row: RunRow, _around: Around, _room: int) -> list[Piece]:
    return [(str(row.members), "text")] if row.members > 1 else []


def _steps(row: RunRow, around: Around, room: int) -> list[Piece]:
    return draw_phases(row, around.longest, room, is_ascii=around.palette.is_ascii)


def _age(row: RunRow, around: Around, _room: int) -> list[Piece]:
    return [(short_age(around.now - row.created), "dim")]


STATES: dict[str, tuple[str, str, Role]] = {
    "training": ("●", "*", "key_frequency"),
    "paused": ("‖", "=", "train"),
    "diverged": ("∞", "!", "fourth"),
    **dict.fromkeys(("no memory", "device lost", "died"), ("×", "!", "fourth")),
    "killed": ("×", "x", "fourth"),
    "interrupted": ("○", "o", "third"),
    "unknown": ("?", "?", "dim"),
}
"""Signs of states, with one in ASCII, and their colors; a run that has ended as it should has none."""


def standing(row: RunRow, around: Around) -> tuple[str, str]:
    """Return the state of a run as a key of STATES, or why it has ended, and what to say of it."""
    if row.problem:
        return "unknown", "unreadable"
    if row.kind == "sweep":
        return _standing_of_sweep(row)
    if row.state == "training":
        speed = around.speeds.get(row.path)
        return "training", short_speed(speed) if speed else "training"
    if row.state == "paused" and row.trouble:
        return "paused", _short(row.trouble)
    is_ended = row.state == "ended" or (row.state == "interrupted" and row.ended != "interrupted")
    word = _short(row.ended or "ended") if is_ended else row.state
    return word, word


def _short(reason: str) -> str:
    return {"out_of_memory": "no memory", "process_died": "died"}.get(reason, in_words(reason))


def _standing_of_sweep(row: RunRow) -> tuple[str, str]:
    counted = f"{row.n_ended:,} of {row.members:,}"
    if row.n_failed and row.state == "ended":
        return "killed", f"{row.n_failed:,} failed"
    return ("ended" if row.state == "ended" else row.state), counted


def _state(row: RunRow, around: Around, _room: int) -> list[Piece]:
    state, words = standing(row, around)
    sign, plain, role = STATES.get(state, (" ", " ", "dim"))
    return [(f"{plain if around.palette.is_ascii else sign} {words}", role)]


COLUMNS = (
    Column("name", 0, (16, 23, 46), _name, lambda row: row.name),
    Column("preset", 11, (8, 12, 24), _preset, lambda row: row.preset),
    Column("differs", 0, (13, 22, 48), _differs, lambda row: row.told),
    Column("tags", 2, (6, 9, 20), _tags, lambda row: " ".join(row.tags)),
    _text("operation", 6, (9, 9, 14), lambda row: row.operation),
    Column("network", 5, (7, 11, 14), _network, lambda row: row.architecture),
    _text("optimizer", 8, (9, 9, 9), lambda row: row.optimizer),
    Column("fraction", 4, (8, 8, 8), _fraction, lambda row: row.train_fraction, is_number=True),
    Column("members", 12, (7, 7, 7), _members, lambda row: row.members, is_number=True, is_high_first=True),
    Column("steps", 1, (12, 16, 24), _steps, lambda row: row.step, is_high_first=True),
    _milestone("memorized", 3, "train"),
    _milestone("grokked", 0, "val"),
    _milestone("ungrokked", 7, "swap"),
    _accuracy("train", 9, "train"),
    _accuracy("val", 0, "val"),
    Column("age", 0, (6, 6, 6), _age, lambda row: row.created, is_number=True, is_high_first=True),
    Column("state", 0, (13, 13, 13), _state, lambda row: row.state),
)
