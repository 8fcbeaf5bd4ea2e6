"""What is needed of the preferences before all that checks them is loaded."""

import os
import tomllib
from collections.abc import Container
from pathlib import Path
from typing import Any, cast, get_args

from platformdirs import user_config_path

from grokterm.experiment.reading.paths import user_path
from grokterm.tui.link import LinkChoice

FILE = "preferences.toml"
RUNS_DIR = "./runs"
"""Where runs are kept, unless the user says otherwise."""


def preferences_path() -> Path:
    """Return where preferences are kept: in GROKTERM_CONFIG_DIR, or the user's configuration folder."""
    folder = os.environ.get("GROKTERM_CONFIG_DIR") or user_config_path("grokterm", appauthor=False)
    return Path(folder) / FILE


def remembered_theme(path: Path, known: Container[str]) -> str:
    """Return the theme in a file of preferences; empty if there is none, or the file cannot be read."""
    return _one_of(known, "theme", path)


def remembered_link(path: Path) -> LinkChoice:
    """Return the link in a file of preferences; auto if there is none, or the file cannot be read."""
    return cast("LinkChoice", _one_of(get_args(LinkChoice), "link", path) or "auto")


def has_own_keys(path: Path) -> bool:
    """Tell whether a file of preferences names keys."""
    try:
        return bool(_entries(path).get("keys"))
    except (OSError, ValueError):
        return False


def _one_of(known: Container[str], name: str, path: Path) -> str:
    try:
        value = _entries(path).get(name, "")
    except (OSError, ValueError):
        return ""
    return value if isinstance(value, str) and value in known else ""


def default_runs_dir(path: Path) -> tuple[Path, str]:
    """Return the folder of runs in a file of preferences, or else ./runs, and what is wrong with the file."""
    try:
        folder = _entries(path).get("runs_dir", RUNS_DIR)
    except FileNotFoundError:
        return Path(RUNS_DIR), ""
    except (OSError, ValueError) as error:
        return Path(RUNS_DIR), f"{path} cannot be read, and runs are kept in {RUNS_DIR}: {' '.join(str(error).split())}"
    if not isinstance(folder, str) or not folder:
        return Path(RUNS_DIR), f"{path}: runs_dir must be a path, not {folder!r}: runs are kept in {RUNS_DIR}"
    return user_path(folder), ""


def _entries(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deep") from None
