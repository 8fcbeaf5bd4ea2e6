"""A run in a few cells: how far it went, and from which step on it had memorized, grokked, ungrokked."""

from itertools import groupby
from math import log

from grokterm.plots.palettes import Role
from grokterm.runs.listing.row import RunRow

# The higher, the more the network has learned, so that they are told apart without colors too.
CHARACTERS: dict[Role, str] = {"dim": "▁", "train": "▃", "val": "▆", "swap": "▂"}
ASCII: dict[Role, str] = {"dim": "_", "train": "=", "val": "#", "swap": "-"}


def draw_phases(row: RunRow, longest: int, width: int, *, is_ascii: bool) -> list[tuple[str, Role]]:
    """Draw the steps up to `longest`, on a logarithmic axis that all runs of a list share."""
    characters = ASCII if is_ascii else CHARACTERS

    def cell(step: int) -> int:
        return min(int(width * log(step + 1) / log(longest + 1) + 1e-9), width - 1) if longest > 0 else 0

    phases: tuple[tuple[int | None, Role], ...] = (
        (0, "dim"),
        (row.memorized_at, "train"),
        (row.grokked_at, "val"),
        (row.ungrokked_at, "swap"),
    )
    cells: list[Role] = ["text"] * (cell(row.step) + 1 if row.step else 0)
    for at, role in phases:
        if at is not None:
            cells[cell(at) :] = [role] * (len(cells) - cell(at))
    return [(characters[role] * len(list(same)), role) for role, same in groupby(cells)]
