"""Kitty's graphics protocol (https://sw.kovidgoyal.net/kitty/graphics-protocol/), with Unicode placeholders.

The terminal keeps the picture. Where it is to appear stands text, one placeholder a cell, which names the picture by its color
and the part of it by combining characters: so dialogs cover the picture, and lines move, as they do with any text.
"""

import struct
import zlib
from base64 import b64encode
from functools import lru_cache

import numpy as np

from grokterm.plots.pixels import Pixels

CHUNK = 4096  # characters of payload that one command may have

_PLACEHOLDER = "\U0010eeee"

# The combining characters for the numbers 0, 1, ... in hexadecimal, from the protocol's rowcolumn-diacritics.txt.
_NUMBERS = """
305 30D-30E 310 312 33D-33F 346 34A-34C 350-352 357 35B 363-36F 483-487 592-595 597-599 59C-5A1 5A8-5A9 5AB-5AC 5AF 5C4
610-617 657-65B 65D-65E 6D6-6DC 6DF-6E2 6E4 6E7-6E8 6EB-6EC 730 732-733 735-736 73A 73D 73F-741 743 745 747 749-74A 7EB-7F1
7F3 816-819 81B-823 825-827 829-82D 951 953-954 F82-F83 F86-F87 135D-135F 17DD 193A 1A17 1A75-1A7C 1B6B 1B6D-1B73 1CD0-1CD2
1CDA-1CDB 1CE0 1DC0-1DC1 1DC3-1DC9 1DCB-1DCC 1DD1-1DE6 1DFE 20D0-20D1 20D4-20D7 20DB-20DC 20E1 20E7 20E9 20F0 2CEF-2CF1
2DE0-2DFF A66F A67C-A67D A6F0-A6F1 A8E0-A8F1 AAB0 AAB2-AAB3 AAB7-AAB8 AABE-AABF AAC1 FE20-FE26 10A0F 10A38 1D185-1D189
1D1AA-1D1AD 1D242-1D244
"""


def transmit(image: int, pixels: Pixels, *, columns: int, lines: int) -> str:
    """Send a picture to fill so many cells, in the place of the one that had this number before."""
    payload = b64encode(png(pixels)).decode()
    chunks = [payload[start : start + CHUNK] for start in range(0, len(payload), CHUNK)]
    first = f"a=T,U=1,q=2,f=100,i={image},c={columns},r={lines},"
    keys = [first, *["q=2,"] * (len(chunks) - 1)]
    more = [*[1] * (len(chunks) - 1), 0]
    return "".join(f"\x1b_G{key}m={m};{chunk}\x1b\\" for key, m, chunk in zip(keys, more, chunks, strict=True))


def delete(image: int) -> str:
    """Let the terminal forget a picture."""
    return f"\x1b_Ga=d,d=I,q=2,i={image}\x1b\\"


@lru_cache(maxsize=256)
def placeholders(line: int, columns: int) -> str:
    """Return the text in whose cells a line of a picture appears; its color is the picture's number."""
    numbers = _numbers()
    if line >= len(numbers) or columns > len(numbers):
        raise ValueError(f"a picture has at most {len(numbers)} lines and columns")
    return "".join(f"{_PLACEHOLDER}{numbers[line]}{numbers[column]}" for column in range(columns))


def png(pixels: Pixels) -> bytes:
    """Write a PNG with a table of colors, of which the first is transparent."""
    height, width = pixels.levels.shape
    # Each line as the difference to the one above: the lines that show the same row of a matrix become zeros.
    above = np.vstack([np.zeros((1, width), np.uint8), pixels.levels[:-1]])
    lines = np.hstack([np.full((height, 1), 2, np.uint8), pixels.levels - above])
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = [
        (b"IHDR", header),
        (b"PLTE", pixels.colors.tobytes()),
        (b"tRNS", b"\0"),
        (b"IDAT", zlib.compress(lines.tobytes(), 6)),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in [*parts, (b"IEND", b"")])


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@lru_cache(maxsize=1)
def _numbers() -> str:
    runs = ([int(end, 16) for end in run.split("-")] for run in _NUMBERS.split())
    return "".join(chr(code) for run in runs for code in range(run[0], run[-1] + 1))
