"""What a caller asks for, in the terms of the command line."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from grokterm.errors import ConfigError
from grokterm.experiment.reading.paths import user_path
from grokterm.experiment.reading.toml import format_value
from grokterm.tui.appearance.remembered import default_runs_dir, preferences_path

Place: TypeAlias = str | os.PathLike[str] | None
"""A runs folder; None: as on the command line, GROKTERM_RUNS_DIR, else that of the user's settings, else ./runs."""

Overrides: TypeAlias = Mapping[str, object] | Sequence[str]
"""Changes of settings: `{"training.steps": 400}`, or `["training.steps=400"]` as `--set` takes them."""


def folder_of(place: Place) -> Path:
    """Return the runs folder that is meant."""
    chosen = place if place is not None else os.environ.get("GROKTERM_RUNS_DIR")
    return user_path(chosen) if chosen else default_runs_dir(preferences_path())[0]


def assignments_of(overrides: Overrides) -> list[str]:
    """Write changes as `--set` takes them.

    Raises:
        ConfigError: if a value is of a kind that no setting has.
    """
    if isinstance(overrides, str):
        return [overrides]
    if not isinstance(overrides, Mapping):
        return [str(one) for one in overrides]
    return [f"{name}={written(str(name), value)}" for name, value in overrides.items()]


def written(name: str, value: object) -> str:
    """Write the value of a setting; one of NumPy, or a path, as what it stands for.

    Raises:
        ConfigError: if it is of a kind that no setting has.
    """
    try:
        return format_value(_plain(value))
    except TypeError:
        raise ConfigError(f"{name} must be a number, a text, a list or a table, not {value!r}") from None


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, range | tuple):
        return list(value)
    return value.tolist() if hasattr(value, "tolist") else value
