"""Color palettes for dark and for light grounds, one without colors, and an ASCII fallback.

A role means the same in every picture. Colors are indices of the terminal's table, not truecolor: ssh does not forward
COLORTERM, so truecolor support is unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from rich.cells import cell_len
from rich.color import Color, ColorType
from rich.style import Style

from grokterm.plots.graphics import Graphics
from grokterm.plots.sanitize import ascii_text, plain_text

Role = Literal["train", "val", "swap", "key_frequency", "dim", "text", "first", "second", "third", "fourth", "fifth", "sixth"]
"""`first` to `sixth`: series that are neither train nor val, in the order of the legend."""

BRAILLE = "braille"

PaletteName = Literal["256", "16", "mono", "ascii"]


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
    """An ink for every role, and color ramps or characters for heat maps."""

    inks: Mapping[Role, Ink]
    box: Box
    diverging: tuple[Color, ...] = ()
    """From the most negative over zero (close to the ground) to the most positive; empty without colors."""
    sequential: tuple[Color, ...] = ()
    """From zero (close to the ground) to the largest; empty without colors."""
    outcomes: tuple[Color, ...] = ()
    """Wrong (pale) and right of neither side, of train, of val and of seen; empty without colors."""
    cursor: Color | None = None
    """The ground of the column of a cursor; None without colors."""
    shades: str = ""
    """Characters of a heat map, from the lowest value to the highest; empty where half blocks show two rows in a line."""
    is_ascii: bool = False
    graphics: Graphics | None = None
    """How the terminal draws real pixels; None where it does not."""
    light: "Palette | None" = None
    """The same roles on a light ground; None where they look the same there."""

    @property
    def has_16_colors(self) -> bool:
        """Whether its colors are the sixteen that a terminal names, and no others."""
        return bool(self.diverging) and all(color.type is ColorType.STANDARD for color in self.diverging)

    @property
    def rows_per_line(self) -> int:
        """Pixel rows in a line of a heat map."""
        return 1 if self.shades else 2

    @property
    def columns_per_row(self) -> int:
        """Pixel columns that are as wide as a pixel row is high: a character is twice as high as wide."""
        return 2 // self.rows_per_line

    def finest(self, rows: int, columns: int) -> tuple[int, int]:
        """Return the real pixels, rows and columns, in the cells that a heat map of this size fills; its own without any."""
        if self.graphics is None:
            return rows, columns
        return -(-rows // self.rows_per_line) * self.graphics.cell_height, columns * self.graphics.cell_width

    def with_graphics(self, graphics: Graphics | None) -> "Palette":
        """Return the palette of a terminal that draws real pixels; without colors they are of no use."""
        light = self.light.with_graphics(graphics) if self.light is not None else None
        return replace(self, graphics=graphics, light=light) if self.diverging else self

    def on_ground(self, *, dark: bool) -> "Palette":
        """Return the palette for a dark or a light ground, given the one for a dark ground."""
        return self if dark or self.light is None else self.light

    def printable(self, label: str) -> str:
        """Sanitize a label: one cell per character, and ASCII only in the ASCII palette."""
        plain = plain_text(label)
        if self.is_ascii:
            return ascii_text(plain)
        return "".join(character if cell_len(character) == 1 else "?" for character in plain)


def _solid(color: int | None, tint: int | None = None) -> Ink:
    return Ink(_foreground(color), BRAILLE, "⠒⠒", tint=None if tint is None else Color.from_ansi(tint))


def _dotted(color: int | None, tint: int | None = None) -> Ink:
    return replace(_solid(color, tint), sample="⠂⠂", is_dotted=True)


def _character(character: str) -> Ink:
    shades = {"*": "'", "o": ","}  # of the curves with bands: train and val
    return Ink(None, character, f"{character * 2} ", shade=shades.get(character, character))


def _foreground(color: int | None) -> Style | None:
    return None if color is None else Style(color=Color.from_ansi(color))


def _colors(*indices: int) -> tuple[Color, ...]:
    return tuple(map(Color.from_ansi, indices))


_LINES = Box("│", "┤", "└", "─", "┬", "┊")

# Orange and blue are distinct under every common color blindness.
_LIGHT_256 = Palette(
    inks={
        "train": _dotted(166, 223),
        "val": _solid(25, 153),
        "swap": _solid(127),
        "key_frequency": _solid(30),
        "dim": _solid(242),
        "text": _solid(None),
        "first": _solid(64),
        "second": _solid(97),
        "third": _solid(94),
        "fourth": _solid(160),
        "fifth": _solid(58),
        "sixth": _solid(132),
    },
    diverging=_colors(17, 19, 25, 68, 153, 255, 223, 215, 172, 130, 52),
    sequential=_colors(255, 223, 216, 209, 203, 161, 125, 89, 53),
    outcomes=_colors(252, 244, 223, 172, 153, 25, 151, 29),
    box=_LINES,
    cursor=Color.from_ansi(252),
)
_LIGHT_16 = Palette(
    inks={
        "train": _dotted(1),
        "val": _solid(4),
        "swap": _solid(5),
        "key_frequency": _solid(6),
        "dim": _solid(8),
        "text": _solid(None),
        "first": _solid(2),
        "second": _solid(13),
        "third": _solid(3),
        "fourth": _solid(9),
        "fifth": _solid(12),
        "sixth": _solid(0),
    },
    diverging=_colors(4, 6, 15, 3, 1),
    sequential=_colors(15, 3, 5, 4, 0),
    outcomes=_colors(7, 8, 11, 3, 14, 4, 10, 2),
    box=_LINES,
    cursor=Color.from_ansi(7),
)
_BOLD, _FAINT = Style(bold=True), Style(dim=True)

PALETTES: dict[PaletteName, Palette] = {
    "256": Palette(
        inks={
            "train": _dotted(208, 52),
            "val": _solid(75, 17),
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
        light=_LIGHT_256,
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
        light=_LIGHT_16,
    ),
    "mono": Palette(
        inks={
            "train": _dotted(None),
            "val": Ink(_BOLD, BRAILLE, "⠒⠒"),
            "swap": Ink(_BOLD, BRAILLE, "⠒⠒"),
            "key_frequency": Ink(_BOLD, BRAILLE, "⠒⠒"),
            "dim": Ink(_FAINT, BRAILLE, "⠒⠒"),
            "text": _solid(None),
            "first": _solid(None),
            "second": _dotted(None),
            "third": replace(_solid(None), style=_FAINT),
            "fourth": replace(_dotted(None), style=_BOLD),
            "fifth": Ink(None, "5", "55"),
            "sixth": Ink(None, "6", "66"),
        },
        box=_LINES,
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
        shades=" .:-=+*#%@",
        box=Box("|", "+", "+", "-", "+", ":"),
        is_ascii=True,
    ),
}

_RICH_TERMINALS = ("256color", "truecolor", "direct", "kitty", "alacritty", "foot", "ghostty", "wezterm")


def choose_palette(environ: Mapping[str, str], *, ascii_only: bool) -> Palette:
    """Choose a palette by the environment variables NO_COLOR, TERM and COLORTERM."""
    term = environ.get("TERM", "")
    if ascii_only or term == "dumb":
        return PALETTES["ascii"]
    if environ.get("NO_COLOR"):
        return PALETTES["mono"]
    if environ.get("COLORTERM") or any(hint in term for hint in _RICH_TERMINALS):
        return PALETTES["256"]
    return PALETTES["16"]
