"""`grokterm` and `grokterm open RUN`: the lab."""

from pathlib import Path


def open_lab(preset: str, *, start: bool, ascii_only: bool, runs_dir: Path) -> None:
    """Open the lab."""


def open_run(run: str) -> None:
    """Open."""
