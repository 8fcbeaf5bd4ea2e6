"""A screen of ASCII characters only, whatever draws on it."""

import unicodedata
from functools import cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from grokterm.plots.sanitize import ascii_text

_IN_ONE_CELL = {"→": ">", "²": "2", "³": "3", "ᵀ": "T", "•": "*", "▶": ">", "▼": "v", "▲": "^", "◀": "<", "✓": "x", "✔": "x"}


class PlainScreen(LineFilter):
    """Replaces each character of a line, borders and scroll bars included, by ASCII of the same width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments in ASCII."""
        return [
            segment
            if segment.text.isascii()
            else Segment("".join(map(plain_cells, segment.text)), segment.style, segment.control)
            for segment in segments
        ]


@cache
def plain_cells(character: str) -> str:
    """Spell a character in as many ASCII characters as it has cells."""
    width = cell_len(character)
    return (_IN_ONE_CELL.get(character) or _of_frame(character) or ascii_text(character))[:width].ljust(width)


def _of_frame(character: str) -> str:
    """Draw a piece of a line, or of a block, by its name in Unicode; empty for all else."""
    name = unicodedata.name(character, "")
    if name.startswith("BOX DRAWINGS"):
        is_upright, is_level = (
            any(word in name for word in words) for words in (("VERTICAL", "UP", "DOWN"), ("HORIZONTAL", "LEFT", "RIGHT"))
        )
        return "+" if is_upright and is_level else "|" if is_upright else "-"
    if name.startswith("BRAILLE PATTERN"):
        return " .:#"[min((ord(character) & 0xFF).bit_count() + 2, 9) // 3] if ord(character) & 0xFF else " "
    if "BLOCK" in name and name.startswith(("LEFT", "RIGHT")):
        return "|"
    if "BLOCK" in name and name.startswith(("LOWER", "UPPER")):
        return "_" if name.startswith("LOWER") else "-"
    return ""
