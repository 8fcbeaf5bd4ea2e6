"""One line of parts, of which those that do not fit are left out whole."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.style import Style
from rich.text import Text


class Part(NamedTuple):
    """A part of a line."""

    rank: int  # those of the largest are shortened first, and left out, together; 0 stays
    texts: Sequence[str]  # in full, then shorter; nothing for a part that is not there
    style: Style | str = ""
    is_right: bool = False  # set flush right


def one_line(parts: Iterable[Part], width: int, gap: int) -> Text:
    """Write the parts side by side. Nothing is cut in the middle, unless what is most important is too long."""
    fitting = [part for part in parts if part.texts]
    while sum(len(part.texts[0]) + gap for part in fitting) - gap > width and (last := max(part.rank for part in fitting)):
        shorter = [part._replace(texts=part.texts[1:]) if part.rank == last else part for part in fitting]
        fitting = [part for part in shorter if part.texts]
    left, right = (
        Text(" " * gap).join(Text(part.texts[0], part.style) for part in fitting if part.is_right is side)
        for side in (False, True)
    )
    left.pad_right(max(width - left.cell_len - right.cell_len, 0))
    line = left + right
    line.no_wrap, line.overflow = True, "ellipsis"
    return line
