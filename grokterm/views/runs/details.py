"""A run in full, in the lines below the list."""

from collections.abc import Iterable, Sequence
from textwrap import wrap

from rich.style import Style

from grokterm.plots.cells import Rows
from grokterm.plots.palettes import Role
from grokterm.plots.text_lines import StyledText, draw_text, shortened
from grokterm.runs.differences import short
from grokterm.runs.listing.row import RunRow
from grokterm.views.runs.columns import Around, standing
from grokterm.views.runs.short import short_age

OTHERS = 7  # lines that a note leaves to what else there is to tell

BOLD = Style(bold=True)


def draw_details(row: RunRow, around: Around, path: str, width: int, height: int) -> Rows:
    """Write title, differences, tags, note and path; what else is known of a run where there is room for it."""
    inks = around.palette.inks

    def named(name: str, value: str, role: Role = "text") -> StyledText:
        return [(f"{name} ", inks["dim"].style), (value, inks[role].style)]

    tags: StyledText = [(f"#{tag} ", inks["third"].style) for tag in row.tags]
    note = shortened(around.palette.printable(row.note), width * max(height - OTHERS, 1), around.palette)
    title = wrap(around.palette.printable(row.title or row.name), max(width, 1))
    groups: list[tuple[int, Sequence[str | StyledText]]] = [  # those with the highest number give way
        *((0, [[(line, BOLD)]]) for line in title),
        (1, [[(told, inks["fourth"].style)] for told in (row.problem, f"needs {row.lacks}" if row.lacks else "") if told]),
        (1, [named("preset", row.preset), *(named(name, value) for name, value in _varied(row))]),
        (1, [*([tags] if tags else []), *([note] if note else [])]),
        (3, [] if row.problem else [named(name, value) for name, value in _facts(row)]),
        (2, [] if row.problem else [[(text, inks[role].style)] for text, role in _course(row, around)]),
        (0, [named("in", path), *([named("branch of", row.parent)] if row.parent else [])]),
    ]
    left, shown = height, {}
    for place, (_, items) in sorted(enumerate(groups), key=lambda group: group[1][0]):
        shown[place] = draw_text(items, width=width, palette=around.palette)[: max(left, 0)] if items else []
        left -= len(shown[place])
    return [line for place in range(len(groups)) for line in shown[place]]


def _varied(row: RunRow) -> Iterable[tuple[str, str]]:
    """Say what differs from the preset, or what a sweep varies."""
    if row.kind == "run":
        return [(name, short(value)) for name, value in row.differences.items()]
    return [(name, value) for name, _, value in (part.partition("=") for part in row.told.split(", "))]


def _facts(row: RunRow) -> Iterable[tuple[str, str]]:
    yield "operation", row.operation
    yield "network", row.architecture
    yield "optimizer", row.optimizer
    if row.train_fraction is not None:
        yield "fraction", f"{100 * row.train_fraction:.3g} %"
    if row.members > 1 and row.kind == "run":
        yield "members", str(row.members)


def _course(row: RunRow, around: Around) -> Iterable[tuple[str, Role]]:
    """Say how far it went, and what it reached."""
    if row.kind == "sweep":
        yield f"{row.n_ended:,} of {row.members:,} members have ended", "text"
        if row.n_failed:
            yield f"{row.n_failed:,} failed", "fourth"
    else:
        yield f"{standing(row, around)[1]} at step {row.step:,} of {row.steps:,}", "text"
    delay = f" ({row.grokked_at / row.memorized_at:.1f}x)" if row.memorized_at and row.grokked_at else ""
    roles: dict[str, Role] = {"memorized": "train", "grokked": "val", "ungrokked": "swap", "diverged": "fourth"}
    for name, role in roles.items():
        if (step := getattr(row, f"{name}_at")) is not None:
            yield f"{name} {step:,}{delay if name == 'grokked' else ''}", role
    for side, role in (("train", "train"), ("val", "val")):
        if (accuracy := getattr(row, f"{side}_accuracy")) is not None:
            yield f"{side} {accuracy:.4f}", role
    ago = short_age(around.now - row.created)
    yield "begun now" if ago == "now" else f"begun {ago} ago", "dim"
