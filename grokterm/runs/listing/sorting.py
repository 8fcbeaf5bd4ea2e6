"""The order in which runs are listed."""

from collections.abc import Iterable

from grokterm.errors import ConfigError
from grokterm.runs.listing.fields import find_field
from grokterm.runs.listing.row import RunRow


def sorted_rows(rows: Iterable[RunRow], by: str = "") -> list[RunRow]:
    """Sort runs by a column or a setting, `-` before it for the largest first; by default pinned ones first, newest last.

    Runs that do not have the value come last.

    Raises:
        ConfigError: if there is no such column, or two minuses are before it.
    """
    found = sorted(rows, key=lambda row: (row.created, row.name))
    if not by:
        return sorted(found, key=lambda row: not row.is_pinned)
    if by.startswith("--"):
        raise ConfigError(f"{by} has a minus too many: --sort -{by.lstrip('-') or 'val'} lists the largest first")
    get, _ = find_field(by.removeprefix("-").lower())
    known = [(_comparable(value), row) for row in found if (value := get(row)) not in (None, "", ())]
    known.sort(key=lambda pair: pair[0], reverse=by.startswith("-"))
    have = {id(row) for _, row in known}
    return [*(row for _, row in known), *(row for row in found if id(row) not in have)]


def _comparable(value: object) -> tuple[int, float, str]:
    """Numbers before texts."""
    return (0, float(value), "") if isinstance(value, float | int) else (1, 0.0, str(value).lower())
