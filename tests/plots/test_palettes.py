from collections.abc import Mapping

import pytest
from rich.color import Color, ColorType

from grokterm.plots.palettes import PALETTES, Palette, PaletteName, choose_palette


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "tmux-256color"}, "256"),
        ({"TERM": "xterm-kitty"}, "256"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "256"),
        ({"TERM": "xterm"}, "16"),
        ({"TERM": "linux"}, "16"),
        ({"TERM": "vt100"}, "16"),
        ({}, "16"),
        ({"TERM": "dumb"}, "ascii"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "mono"),
        ({"TERM": "dumb", "NO_COLOR": "1"}, "ascii"),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, "256"),
    ],
)
def test_the_palette_follows_the_terminal(environ: Mapping[str, str], name: str) -> None:
    assert choose_palette(environ, ascii_only=False) is PALETTES[name]  # type: ignore[index]


def test_ascii_is_had_for_the_asking() -> None:
    assert choose_palette({"TERM": "xterm-256color", "NO_COLOR": "1"}, ascii_only=True) is PALETTES["ascii"]


def colors_of(palette: Palette) -> list[Color]:
    inks = [ink.style.color for ink in palette.inks.values() if ink.style and ink.style.color]
    return [*inks, *palette.diverging, *palette.sequential, *palette.outcomes]


EVERY_PALETTE = [one.on_ground(dark=dark) for one in PALETTES.values() for dark in (True, False)]


def test_the_16_colors_are_those_of_every_terminal() -> None:
    for dark in (True, False):
        assert {color.type for color in colors_of(PALETTES["16"].on_ground(dark=dark))} == {ColorType.STANDARD}


def test_no_palette_needs_truecolor() -> None:
    assert ColorType.TRUECOLOR not in {color.type for palette in EVERY_PALETTE for color in colors_of(palette)}


def luminance(color: Color) -> float:
    """Relative luminance as WCAG 2 defines it."""
    linear = [(c / 255 / 12.92) if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color.get_truecolor()]
    return sum(share * channel for share, channel in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_every_role_stands_out_from_its_ground() -> None:
    for dark in (True, False):
        for ink in PALETTES["256"].on_ground(dark=dark).inks.values():
            if ink.style is not None and ink.style.color is not None:
                light = luminance(ink.style.color)
                assert (light + 0.05) / 0.05 > 4 if dark else 1.05 / (light + 0.05) > 3.5


@pytest.mark.parametrize("name", ["256", "16"])
@pytest.mark.parametrize("dark", [True, False])
def test_zero_is_closest_to_the_ground_and_ramps_lead_away_from_it(name: PaletteName, dark: bool) -> None:  # noqa: FBT001
    palette = PALETTES[name].on_ground(dark=dark)
    away = 1 if dark else -1
    diverging, sequential = ([away * luminance(color) for color in ramp] for ramp in (palette.diverging, palette.sequential))
    middle = len(diverging) // 2
    assert len(diverging) % 2 == 1
    assert diverging[: middle + 1] == sorted(diverging[: middle + 1], reverse=True)
    assert diverging[middle:] == sorted(diverging[middle:])
    assert name == "16" or sequential == sorted(sequential)
    assert (luminance(palette.sequential[0]) < 0.02) if dark else (luminance(palette.sequential[0]) > 0.8)


def test_without_colors_there_are_attributes_and_half_blocks() -> None:
    mono = PALETTES["mono"]
    assert not colors_of(mono)
    assert not mono.is_ascii
    assert mono.rows_per_line == 2
    assert mono.on_ground(dark=False) is mono
    assert mono.inks["key_frequency"].style != mono.inks["dim"].style
    series = [mono.inks[role] for role in ("train", "val", "first", "second", "third", "fourth", "fifth", "sixth")]
    assert len({(ink.style, ink.marker, ink.is_dotted) for ink in series[2:]}) == 6
    assert [ink.is_dotted for ink in series[:2]] == [True, False]


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_train_and_val_differ_by_more_than_color(palette: Palette) -> None:
    train, val = palette.inks["train"], palette.inks["val"]
    assert (train.marker, train.is_dotted) != (val.marker, val.is_dotted)
    assert palette.inks["train"].sample != palette.inks["val"].sample


def test_a_label_has_one_cell_a_character() -> None:
    assert PALETTES["256"].printable("swap\n群") == "swap ?"
    assert PALETTES["256"].printable("a · b") == "a · b"
    assert PALETTES["ascii"].printable("a · b") == "a * b"
    assert PALETTES["ascii"].printable("φ1+φ2−φ3 ± π/2 × W2ᵀ → 10⁻³ … ½") == "phi1+phi2-phi3 +- pi/2 x W2^T -> 10^-3 ... 1/2"
    assert PALETTES["ascii"].printable("é 群") == "e ?"
