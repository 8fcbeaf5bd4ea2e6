"""Sixel: what the terminal receives is the picture, as exactly as percent can say its colors."""

import re

import numpy as np

from grokterm.plots.pixels import Pixels
from grokterm.tui.graphics.sixel import encode

TOKEN = re.compile(r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)([?-~])|([?-~])|([$-])")


def decode(text: str) -> np.ndarray:
    """Read a picture back, as DEC STD 070 says."""
    header = re.fullmatch(r'\x1bP[\d;]*q"1;1;(\d+);(\d+)(.*)\x1b\\', text, re.DOTALL)
    assert header is not None
    width, height = int(header[1]), int(header[2])
    picture, colors, color = np.full((height + 5, width, 3), -1), dict[int, tuple[int, ...]](), 0
    x = top = 0
    for token in TOKEN.finditer(header[3]):
        define, *percent, select, count, counted, single, move = token.groups()
        if define is not None or select is not None:
            color = int(define or select)
            if define is not None:
                colors[color] = tuple(map(int, percent))
        elif move is not None:
            x, top = 0, top + 6 * (move == "-")
        else:
            n, bits = int(count or 1), ord(counted or single) - 63
            for row in range(6):
                if bits >> row & 1:
                    picture[top + row, x : x + n] = colors[color]
            x += n
    return picture[:height]


def test_the_picture_decodes_to_the_same_colors() -> None:
    random = np.random.default_rng(0)
    levels = random.integers(0, 33, (20, 24)).repeat(4, axis=1).repeat(2, axis=0).astype(np.uint8)
    picture = Pixels(levels, random.integers(0, 256, (33, 3)).astype(np.uint8))
    seen = np.vstack([[[10, 20, 30]], picture.colors[1:]])[levels]
    assert np.abs(decode(encode(picture, (10, 20, 30))) - seen / 2.55).max() <= 0.51


def test_a_height_that_is_no_multiple_of_six_is_kept() -> None:
    picture = Pixels(np.ones((13, 5), np.uint8), np.array([[0, 0, 0], [255, 0, 0]], np.uint8))
    assert decode(encode(picture, (0, 0, 0))).tolist() == [[[100, 0, 0]] * 5] * 13
