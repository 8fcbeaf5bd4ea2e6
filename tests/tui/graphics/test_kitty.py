"""Kitty's protocol: what the terminal receives is the picture, and every cell names its part of it."""

import io
import re
from base64 import b64decode

import numpy as np
from PIL import Image
from rich.cells import cell_len

from grokterm.plots.pixels import BLANK, Pixels
from grokterm.tui.graphics.kitty import CHUNK, delete, placeholders, transmit

COMMAND = re.compile(r"\x1b_G([^;\x1b]*);?([^\x1b]*)\x1b\\")


def a_picture(width: int = 320, height: int = 200) -> Pixels:
    random = np.random.default_rng(0)
    levels = random.integers(0, 33, (height, width)).astype(np.uint8)
    return Pixels(levels, random.integers(0, 256, (33, 3)).astype(np.uint8))


def test_the_chunks_decode_to_the_same_colors() -> None:
    picture = a_picture()
    payload = "".join(chunk for _, chunk in COMMAND.findall(transmit(7, picture, columns=40, lines=10)))
    decoded = np.asarray(Image.open(io.BytesIO(b64decode(payload))).convert("RGBA"))
    assert np.array_equal(decoded[..., :3], picture.colors[picture.levels])
    assert np.array_equal(decoded[..., 3] == 0, picture.levels == BLANK)


def test_no_chunk_is_too_long_and_only_the_last_says_that_it_is_the_last() -> None:
    commands = COMMAND.findall(transmit(7, a_picture(), columns=40, lines=10))
    assert "".join(f"\x1b_G{keys};{chunk}\x1b\\" for keys, chunk in commands) == transmit(7, a_picture(), columns=40, lines=10)
    assert max(len(chunk) for _, chunk in commands) <= CHUNK
    more = [re.search(r"m=(\d)", keys) for keys, _ in commands]
    assert [found[1] for found in more if found] == [*"1" * (len(commands) - 1), "0"]
    assert len(commands) > 2


def test_the_first_command_places_the_picture_and_none_asks_for_an_answer() -> None:
    commands = COMMAND.findall(transmit(7, a_picture(), columns=40, lines=10) + delete(7))
    first = dict(pair.split("=") for pair in commands[0][0].split(","))
    assert {key: first[key] for key in "aUicrf"} == {"a": "T", "U": "1", "i": "7", "c": "40", "r": "10", "f": "100"}
    assert all("q=2" in keys.split(",") for keys, _ in commands)


def test_rows_that_repeat_cost_next_to_nothing() -> None:
    row = a_picture(height=1)
    tall = Pixels(row.levels.repeat(300, axis=0), row.colors)
    assert len(transmit(7, tall, columns=40, lines=10)) < 4 * len(transmit(7, row, columns=40, lines=10))


def test_every_cell_of_a_picture_has_a_placeholder_of_its_own() -> None:
    lines = [placeholders(line, 297) for line in range(297)]
    assert {cell_len(line) for line in lines} == {297}
    assert len({cell for line in lines for cell in re.findall("\U0010eeee..", line)}) == 297**2


def test_the_numbers_are_those_of_the_protocol() -> None:
    assert placeholders(0, 2) == "\U0010eeee\u0305\u0305\U0010eeee\u0305\u030d"  # the documentation's example
    assert placeholders(1, 2) == "\U0010eeee\u030d\u0305\U0010eeee\u030d\u030d"
    assert placeholders(296, 1) == "\U0010eeee\U0001d244\u0305"  # the last row of its table
