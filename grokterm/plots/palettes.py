"""Color palettes, with an ASCII fallback.

A role means the same in every picture. Colors are indices of the terminal's table, not truecolor: ssh does not forward
COLORTERM, so truecolor support is unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from rich.cells import cell_len
from rich.color import Color
from rich.style import Style

from grokterm.plots.sanitize import plain_text

Role = Literal["train", "val", "swap", "key_frequency", "dim", "text", "first", "second", "third", "fourth", "fifth", "sixth"]
"""`first` to `sixth`: series that are neither train nor val, in the order of the legend."""

BRAILLE = "braille"

PaletteName = Literal["256", "16", "ascii"]


@dataclass(frozen=True)
class Ink:
    """How a role is drawn; series differ by marker or by dots as well as by color."""

    style: Style | None
    marker: str
    """`braille`, or one character."""
    sample: str
    """The legend symbol."""
    shade: str = "░"
    """Fills the band around a curve, where there is no tint."""
    tint: Color | None = None
    """The ground of that band."""
    is_dotted: bool = False


class Box(NamedTuple):
    """The characters of a frame: its left side and floor, their ticks, and the line of a marked step."""

    side: str
    side_tick: str
    corner: str
    floor: str
    floor_tick: str
    mark: str


@dataclass(frozen=True)
class Palette:
    """An ink for every role and color ramps, or ASCII characters only."""

    inks: Mapping[Role, Ink]
    box: Box
    diverging: tuple[Color, ...] = ()
    """From the most negative over zero (near black) to the most positive; empty without colors."""
    sequential: tuple[Color, ...] = ()
    """From zero to the largest; empty without colors."""
    outcomes: tuple[Color, ...] = ()
    """Wrong (dark) and right of neither side, of train, of val and of seen; empty without colors."""
    cursor: Color | None = None
    """The ground of the column of a cursor; None without colors."""
    is_ascii: bool = False

    def printable(self, label: str) -> str:
        """Sanitize a label: one cell per character, and ASCII only in the ASCII palette."""
        cells = "".join(character if cell_len(character) == 1 else "?" for character in plain_text(label))
        return cells.translate(_SPELLED_OUT).encode("ascii", "replace").decode() if self.is_ascii else cells


_SPELLED_OUT = str.maketrans({"φ": "phi", "π": "pi", "²": "2", "·": "*", "±": "+-", "−": "-", "×": "x", "…": "..."})


def _solid(color: int | None, tint: int | None = None) -> Ink:
    return Ink(_foreground(color), BRAILLE, "⠒⠒", tint=None if tint is None else Color.from_ansi(tint))


def _dotted(color: int | None, tint: int | None = None) -> Ink:
    return replace(_solid(color, tint), sample="⠂⠂", is_dotted=True)


def _character(character: str) -> Ink:
    shades = {"*": "'", "o": ","}  # of the curves with bands: train and val
    return Ink(None, character, character * 2, shade=shades.get(character, character))


def _foreground(color: int | None) -> Style | None:
    return None if color is None else Style(color=Color.from_ansi(color))


def _colors(*indices: int) -> tuple[Color, ...]:
    return tuple(map(Color.from_ansi, indices))


_LINES = Box("│", "┤", "└", "─", "┬", "┊")

# Orange and blue are distinct under every common color blindness, and visible on black and on white.
PALETTES: dict[PaletteName, Palette] = {
    "256": Palette(
        inks={
            "train": _dotted(208, 94),
            "val": _solid(75, 24),
            "swap": _solid(170),
            "key_frequency": _solid(36),
            "dim": _solid(244),
            "text": _solid(None),
            "first": _solid(107),
            "second": _solid(141),
            "third": _solid(137),
            "fourth": _solid(203),
            "fifth": _solid(143),
            "sixth": _solid(175),
        },
        diverging=_colors(117, 75, 33, 26, 18, 233, 52, 130, 208, 215, 222),
        sequential=_colors(233, 53, 89, 125, 161, 203, 209, 215, 222, 229),
        outcomes=_colors(236, 250, 94, 208, 18, 75, 22, 71),
        box=_LINES,
        cursor=Color.from_ansi(240),
    ),
    "16": Palette(
        inks={
            "train": _dotted(3),
            "val": _solid(12),
            "swap": _solid(5),
            "key_frequency": _solid(2),
            "dim": _solid(8),
            "text": _solid(None),
            "first": _solid(10),
            "second": _solid(13),
            "third": _solid(7),
            "fourth": _solid(9),
            "fifth": _solid(11),
            "sixth": _solid(14),
        },
        diverging=_colors(6, 4, 0, 1, 3),
        sequential=_colors(0, 4, 5, 3, 7),
        outcomes=_colors(8, 7, 3, 11, 4, 12, 2, 10),
        box=_LINES,
        cursor=Color.from_ansi(8),
    ),
    "ascii": Palette(
        inks={
            "train": _character("*"),
            "val": _character("o"),
            "swap": _character("x"),
            "key_frequency": _character("#"),
            "dim": _character("."),
            "text": _character("+"),
            "first": _character("1"),
            "second": _character("2"),
            "third": _character("3"),
            "fourth": _character("4"),
            "fifth": _character("5"),
            "sixth": _character("6"),
        },
        box=Box("|", "+", "+", "-", "+", ":"),
        is_ascii=True,
    ),
}

_RICH_TERMINALS = ("256color", "truecolor", "direct", "kitty", "alacritty", "foot", "ghostty", "wezterm")


def choose_palette(environ: Mapping[str, str], *, ascii_only: bool) -> Palette:
    """Choose a palette by the environment variables NO_COLOR, TERM and COLORTERM."""
    term = environ.get("TERM", "")
    if ascii_only or environ.get("NO_COLOR") or term == "dumb":
        return PALETTES["ascii"]
    if environ.get("COLORTERM") or any(hint in term for hint in _RICH_TERMINALS):
        return PALETTES["256"]
    return PALETTES["16"]
