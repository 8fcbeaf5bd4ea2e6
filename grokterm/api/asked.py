"""What a caller asks for, in the terms of the command line."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from grokterm.errors import ConfigError
from grokterm.experiment.reading.paths import user_path
from grokterm.experiment.reading.toml import format_value
from grokterm.tui.appearance.remembered import default_runs_dir, preferences_path

Place: TypeAlias = str | os.PathLike[str] | None
"""A runs folder; None: as on the command line, GROKTERM_RUNS_DIR, else that of the user's settings, else ./runs."""

Overrides: TypeAlias = Mapping[str, object] | Sequence[str]
"""Changes of settings: `{"training.steps": 400}`, or of a section, `{"training": {"steps": 400}}`; or a list as for `--set`."""


LONGEST = 60  # letters of a value in a message


def text_of(what: str, value: object) -> str:
    """Return a name or a path as a text.

    Raises:
        ConfigError: if it is neither.
    """
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else value
    if not isinstance(text, str):
        raise ConfigError(f"{what} must be a name or a path, not {shown(value)}")
    return text


def shown(value: object) -> str:
    """Write any value in a few letters of one line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def folder_of(place: Place) -> Path:
    """Return the runs folder that is meant.

    Raises:
        ConfigError: if it is no path.
    """
    chosen = text_of("runs_dir", place) if place is not None else os.environ.get("GROKTERM_RUNS_DIR")
    return user_path(chosen) if chosen else default_runs_dir(preferences_path())[0]


def assignments_of(overrides: Overrides) -> list[str]:
    """Write changes as `--set` takes them.

    Raises:
        ConfigError: if they are neither a dict nor a list, or a value is of a kind that no setting has.
    """
    if isinstance(overrides, str):
        return [overrides]
    if not isinstance(overrides, Iterable):
        raise ConfigError(f'overrides must be a dict, as in {{"training.steps": 400}}, or a list, not {shown(overrides)}')
    if not isinstance(overrides, Mapping):
        return [str(one) for one in overrides]
    return [f"{name}={written(name, value)}" for name, value in _dotted(overrides)]


def _dotted(overrides: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """List changes by their dotted names: those of a section may be a dict of their own, which leaves its others alone."""
    for section, value in overrides.items():
        if isinstance(value, Mapping) and "." not in str(section) and all(str(name).isidentifier() for name in value):
            yield from ((f"{section}.{name}", one) for name, one in value.items())
        else:
            yield str(section), value


def written(name: str, value: object) -> str:
    """Write the value of a setting; one of NumPy, or a path, as what it stands for.

    Raises:
        ConfigError: if it is of a kind that no setting has.
    """
    try:
        return format_value(plain(value))
    except TypeError:
        raise ConfigError(f"{name} must be a number, a text, a list or a table, not {shown(value)}") from None


def plain(value: Any) -> Any:  # noqa: ANN401 - any value
    """Return a value of NumPy, a path or a range as what it stands for."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, range | tuple):
        return list(value)
    return value.tolist() if hasattr(value, "tolist") else value
