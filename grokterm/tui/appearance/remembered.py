"""What the first paint needs of the preferences, read without loading what they are checked by."""

import os
import tomllib
from collections.abc import Container
from pathlib import Path

from platformdirs import user_config_path

FILE = "preferences.toml"


def preferences_path() -> Path:
    """Return where preferences are kept: in GROKTERM_CONFIG_DIR, or the user's configuration folder."""
    folder = os.environ.get("GROKTERM_CONFIG_DIR") or user_config_path("grokterm", appauthor=False)
    return Path(folder) / FILE


def remembered_theme(path: Path, known: Container[str]) -> str:
    """Return the theme in a file of preferences; empty if there is none, or the file cannot be read."""
    try:
        theme = tomllib.loads(path.read_text("utf-8")).get("theme", "")
    except (OSError, ValueError):
        return ""
    return theme if isinstance(theme, str) and theme in known else ""
