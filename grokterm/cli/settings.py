"""`grokterm settings`: what grokterm remembers of its user."""

from typing import Annotated

import typer

from grokterm.cli.console import print_results


def settings(
    assignments: Annotated[
        list[str], typer.Option("--set", metavar="NAME=VALUE", help="Change a value, as in bell=false. May be repeated.")
    ] = [],  # noqa: B006 - Typer reads the default
) -> None:
    """Show or change what grokterm remembers of its user: the theme, and what the lab opens with."""
    from rich.table import Table
    from rich.text import Text

    from grokterm.experiment.settings import field_docstrings
    from grokterm.experiment.toml import format_value
    from grokterm.plots.sanitize import plain_text
    from grokterm.tui.appearance.preferences import Preferences, change_preferences, parse_changes, read_preferences
    from grokterm.tui.appearance.remembered import preferences_path

    path = preferences_path()
    preferences = change_preferences(path, parse_changes(assignments)) if assignments else read_preferences(path)
    table = Table("name", "value", "meaning", box=None, pad_edge=False, header_style="bold")
    for name, meaning in field_docstrings(Preferences).items():
        table.add_row(name, Text(plain_text(format_value(getattr(preferences, name)))), Text(" ".join(meaning.split())))
    print_results(f"kept in {path}", table)
