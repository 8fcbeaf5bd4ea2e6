from collections.abc import Mapping

import pytest
from rich.color import Color, ColorType

from grokterm.plots.palettes import PALETTES, Palette, choose_palette


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
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "ascii"),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, "256"),
    ],
)
def test_the_palette_follows_the_terminal(environ: Mapping[str, str], name: str) -> None:
    assert choose_palette(environ, ascii_only=False) is PALETTES[name]  # type: ignore[index]


def test_ascii_is_had_for_the_asking() -> None:
    assert choose_palette({"TERM": "xterm-256color"}, ascii_only=True) is PALETTES["ascii"]


def colors_of(palette: Palette) -> list[Color]:
    inks = [ink.style.color for ink in palette.inks.values() if ink.style and ink.style.color]
    return [*inks, *palette.diverging, *palette.sequential]


def test_the_16_colors_are_those_of_every_terminal() -> None:
    assert {color.type for color in colors_of(PALETTES["16"])} == {ColorType.STANDARD}


def test_no_palette_needs_truecolor() -> None:
    assert ColorType.TRUECOLOR not in {color.type for palette in PALETTES.values() for color in colors_of(palette)}


def luminance(color: Color) -> float:
    """Relative luminance as WCAG 2 defines it."""
    linear = [(c / 255 / 12.92) if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color.get_truecolor()]
    return sum(share * channel for share, channel in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_every_role_stands_out_from_black_and_from_white() -> None:
    for ink in PALETTES["256"].inks.values():
        if ink.style is not None and ink.style.color is not None:
            light = luminance(ink.style.color)
            assert (light + 0.05) / 0.05 > 4
            assert 1.05 / (light + 0.05) > 2


def test_the_diverging_ramp_is_darkest_at_zero_and_brightens_to_both_ends() -> None:
    light = [luminance(color) for color in PALETTES["256"].diverging]
    middle = len(light) // 2
    assert len(light) % 2 == 1
    assert light[: middle + 1] == sorted(light[: middle + 1], reverse=True)
    assert light[middle:] == sorted(light[middle:])


def test_the_sequential_ramp_brightens_all_the_way() -> None:
    light = [luminance(color) for color in PALETTES["256"].sequential]
    assert light == sorted(light)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_train_and_val_differ_by_more_than_color(palette: Palette) -> None:
    train, val = palette.inks["train"], palette.inks["val"]
    assert (train.marker, train.is_dotted) != (val.marker, val.is_dotted)
    assert palette.inks["train"].sample != palette.inks["val"].sample


def test_a_label_has_one_cell_a_character() -> None:
    assert PALETTES["256"].printable("swap\n群") == "swap ?"
    assert PALETTES["256"].printable("a · b") == "a · b"
    assert PALETTES["ascii"].printable("a · b") == "a * b"
