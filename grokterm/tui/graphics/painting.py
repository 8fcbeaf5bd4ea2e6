"""Pixels over what Textual has painted."""

from collections.abc import Iterator

from rich.console import RenderableType
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.screen import Screen

from grokterm.tui.widgets.picture import Picture


def follow_painting(screen: Screen[object], update: RenderableType | None) -> None:
    """Let the pictures of a screen know which parts of it were painted."""
    for picture in screen.query(Picture):
        picture.follow(_painted(update))


def _painted(update: RenderableType | None) -> Iterator[Region]:
    if isinstance(update, LayoutUpdate):
        yield update.region
    elif isinstance(update, ChopsUpdate):
        yield from (Region(start, y, end - start, 1) for y, start, end in update.spans)
