"""`grokterm help [TOPIC]`: the manual, one page a topic."""

import os
from typing import Annotated

import typer

from grokterm.cli.completion import complete_topic
from grokterm.cli.console import print_results, results
from grokterm.errors import ConfigError

LINE = 100  # columns of a page, however wide the terminal is


def read_manual(
    context: typer.Context,
    topic: Annotated[
        str | None,
        typer.Argument(metavar="TOPIC", help="A topic of the manual.", show_default="the list", autocompletion=complete_topic),
    ] = None,
) -> None:
    """Read the manual: a page, or without TOPIC the list of topics. `man`: a page for the program of this name."""
    from importlib.resources import files

    pages = {page.name.removesuffix(".md"): page.read_text("utf-8") for page in (files("grokterm") / "help").iterdir()}
    if topic is None:
        from rich.table import Table

        table = Table("topic", "", box=None, pad_edge=False, header_style="bold")
        for name, page in sorted(pages.items()):
            table.add_row(name, page.partition("\n")[0].removeprefix("# "))
        print_results(table)
    elif topic == "man":
        from grokterm.cli.help.man import manual_page

        print_results(manual_page(typer.Context(context.find_root().command, info_name="grokterm")))
    elif topic in pages:
        _show(f"{_own_keys()}{pages[topic].rstrip()}")
    elif topic in getattr(context.find_root().command, "commands", ()):
        raise ConfigError(f"the manual has no page on {topic!r}: `grokterm {topic} --help` explains the command")
    else:
        from grokterm.experiment.reading.hints import nearest

        raise ConfigError(f"the manual has no page on {topic!r}{nearest(topic, pages) or ': `grokterm help` lists the topics'}")


def _own_keys() -> str:
    """Return a line about keys that the user has chosen, if there are any."""
    from grokterm.tui.appearance.remembered import has_own_keys, preferences_path

    if not has_own_keys(path := preferences_path()):
        return ""
    from grokterm.tui.appearance.preferences import read_preferences
    from grokterm.tui.keymap import moved

    preferences, _ = read_preferences(path)
    return f"{line}\n\n" if (line := moved(preferences.keys)) else ""


def _show(page: str) -> None:
    if not (console := results()).is_terminal:
        print_results(page)
        return
    from rich.markdown import Markdown

    os.environ.setdefault("LESS", "-FRX")  # as git has it: colors, and no waiting after a page that fits the screen
    with console.pager(styles=True):
        console.print(Markdown(page), width=min(LINE, console.width))
