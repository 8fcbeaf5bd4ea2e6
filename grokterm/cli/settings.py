"""`grokterm settings`: what a user has set, and what the lab remembers."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grokterm.cli.console import print_results, print_status

if TYPE_CHECKING:
    from grokterm.tui.appearance.preferences import Preferences


def settings(
    assignments: Annotated[
        list[str],
        typer.Option("--set", metavar="NAME=VALUE", help="Change a value, as in bell=false or keys.pause=p. May be repeated."),
    ] = [],  # noqa: B006 - Typer reads the default
) -> None:
    """Show or change settings: keys, theme, the folder of runs, and what the lab opens with."""
    from grokterm.tui.appearance.preferences import change_preferences, parse_changes, read_preferences
    from grokterm.tui.appearance.remembered import preferences_path

    path = preferences_path()
    if assignments:
        change_preferences(path, parse_changes(assignments))
    preferences, problems = read_preferences(path)
    print_status(*(f"grokterm: {path}: {problem} (ignored)" for problem in problems.values()))
    print_results("\n".join(_lines(path, preferences)))


def _lines(path: Path, preferences: "Preferences") -> Iterator[str]:
    """Write every setting with its default, as the file has them."""
    from grokterm.experiment.settings import field_docstrings
    from grokterm.tui.appearance.preferences import Preferences
    from grokterm.tui.keyboard import choosable
    from grokterm.tui.keymap import written

    yield f"# {path}{'' if path.exists() else ' (does not exist: these are the defaults)'}"
    for name, meaning in field_docstrings(Preferences).items():
        if name != "keys":
            yield ""
            yield from _entries(
                " ".join(meaning.split()), {name: getattr(preferences, name)}, {name: getattr(Preferences(), name)}
            )
    yield "\n[keys]"
    own = {action: written(key) for action, key in preferences.keys.items()}
    for meaning, default in choosable():
        yield from _entries(meaning, {action: own.get(action, key) for action, key in default.items()}, default)


def _entries(meaning: str, values: Mapping[str, object], defaults: Mapping[str, object]) -> Iterator[str]:
    from grokterm.experiment.reading.toml import format_value
    from grokterm.plots.sanitize import plain_text

    yield f"# {meaning}"
    for name, value in values.items():
        note = "" if value == defaults[name] else f"  # default: {format_value(defaults[name])}"
        yield plain_text(f"{name} = {format_value(value)}{note}")
