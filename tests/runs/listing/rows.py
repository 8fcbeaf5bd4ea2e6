"""Rows with everything filled in that a test does not care about."""

from dataclasses import replace
from pathlib import Path

from grokterm.runs.listing.row import RunRow


def row(name: str = "quick-1", **changed: object) -> RunRow:
    return replace(RunRow(name, Path("runs", name), created=1e9), **changed)  # type: ignore[arg-type]
