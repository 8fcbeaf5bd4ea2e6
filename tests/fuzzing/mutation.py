"""Bad files, made of good ones: bytes flipped, cut and spliced, values exchanged for the worst that the format can write."""

import re
import struct
from collections.abc import Callable
from random import Random
from typing import Literal

Format = Literal["json", "toml", "csv", "safetensors", "npy"]

DEEP = 3000  # levels: more than Python recurses
LONG = 5000  # characters: more than the name of a file has, or digits than Python converts

HOSTILE = (
    "../../outside",
    "/etc/passwd",
    "~nobody-of-this-name/a.csv",
    "a\\u0000.csv",
    "\\u001b]0;title\\u0007\\u001b[31m",
    "\\ud800",
    "\\u202e",
    "x" * LONG,
    "1:9:log1e99999999",
    "0:1e999999:1",
    "a**b**c**9999999",
    "__import__('os').system('true')",
    "step-x.safetensors",
)
NUMBERS = (
    "-1",
    "0",
    "1e308",
    "-1e308",
    "1e-320",
    "1e400",
    str(2**31),
    str(2**63),
    str(-(2**63) - 1),
    str(2**64),
    "9" * LONG,
    "0.5",
)

VALUES: dict[Format, tuple[str, ...]] = {
    "json": (
        *NUMBERS,
        "NaN",
        "Infinity",
        "-Infinity",
        "null",
        "true",
        "[]",
        "{}",
        '""',
        '["a"]',
        '{"a":1}',
        '"NaN"',
        "[" * DEEP + "]" * DEEP,
        '{"a":' * DEEP + "1" + "}" * DEEP,
        *(f'"{text}"' for text in HOSTILE),
    ),
    "toml": (
        *NUMBERS,
        "nan",
        "inf",
        "-inf",
        "true",
        "[]",
        "{}",
        '""',
        '["a"]',
        "[1, 2]",
        "{ a = 1 }",
        "1979-05-27T07:32:00Z",
        "0x10",
        "[" * DEEP + "]" * DEEP,
        "{a=" * DEEP + "1" + "}" * DEEP,
        *(f'"{text}"' for text in HOSTILE),
        "'full'",
        '"\'"',
    ),
    "csv": (*NUMBERS, "", "x", "1.5", "²", "٣", '"1"', " 1 ", "+1", "1_0", "train", "val", "\x00", "-" * LONG),
    "safetensors": (
        *NUMBERS,
        "[9223372036854775807, 9223372036854775807]",
        "[0, 9223372036854775807]",
        "[18446744073709551615]",
        "[]",
        "[-1]",
        "[4294967296, 4294967296]",
        *(f'"{kind}"' for kind in ("F4", "F8_E8M0", "F8_E4M3", "C64", "BOOL", "U64", "F16", "I8", "X")),
        "null",
        "{}",
        '""',
        '"\\ud800"',
        "[" * DEEP + "]" * DEEP,
        f'"{"x" * LONG}"',
        "NaN",
    ),
    "npy": (
        *NUMBERS,
        "(9223372036854775807, 9223372036854775807)",
        "(-1, -1)",
        "(0, 5)",
        "(5,)",
        "()",
        "(True, True)",
        "'|O'",
        "'<i9'",
        "'<U9'",
        "[('a', '<i8')]",
        "('<i8', (2,))",
        "'>i2'",
        "None",
        "(" * 90 + ")" * 90,
        "__import__('os')",
        "'",
        "b'<i8'",
        "{}",
    ),
}
"""What values are exchanged for, as each format writes it."""

SCALAR = re.compile(
    rb'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|-?\d[\d.eE+_-]*|\b(?:true|false|null|nan|inf|True|False)\b|\[[^\[\]\n]*\]|\([^()\n]*\)'
)
CELL = re.compile(rb"[^,\n]+")


def mutated(content: bytes, other: bytes, form: Format, random: Random) -> bytes:
    """Damage a good file, once or a few times; `other` is a good one of the same kind."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        if form in ("safetensors", "npy") and random.random() < 0.7:
            content = _with_header(content, form, lambda header: _structured(header, other, form, random), random)
        elif random.random() < 0.6:
            content = _structured(content, other, form, random)
        else:
            content = random.choice(ON_BYTES)(content, other, random)
    return content


def _structured(content: bytes, other: bytes, form: Format, random: Random) -> bytes:
    """Exchange values, or lines, and leave the rest as it is written."""
    if random.random() < 0.25:
        return random.choice(ON_LINES)(content, other, random)
    found = list((CELL if form == "csv" else SCALAR).finditer(content))
    if not found:
        return content
    place = random.choice(found)
    values = [value.encode() for value in VALUES[form]] if random.random() < 0.8 else [one[0] for one in found]
    return content[: place.start()] + random.choice(values) + content[place.end() :]


def _with_header(content: bytes, form: Format, change: Callable[[bytes], bytes], random: Random) -> bytes:
    """Change the header of a binary file, whose length is then told rightly, but for some."""
    start, length = (8, "<Q") if form == "safetensors" else (10, "<H")
    if len(content) < start:
        return content
    n = struct.unpack_from(length, content, start - struct.calcsize(length))[0]
    header, rest = content[start : start + n], content[start + n :]
    new = change(header)
    told = len(new) if random.random() < 0.9 else random.choice((0, 2**16 - 1, len(content), len(new) + 1))
    size = struct.calcsize(length)
    return content[: start - size] + struct.pack(length, told & (256**size - 1)) + new + rest


def _flip(content: bytes, _: bytes, random: Random) -> bytes:
    changed = bytearray(content)
    for _number in range(random.choice((1, 2, 8)) if changed else 0):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _write_over(content: bytes, _: bytes, random: Random) -> bytes:
    place = random.randrange(len(content) + 1)
    return (
        content[:place]
        + random.choice((b"\x00", b"\xff" * 8, b"\x1b[2J", "²".encode(), b"\xed\xa0\x80", b"{", b"\n\n"))
        + content[place + 1 :]
    )


def _cut(content: bytes, _: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content) + 1)]


def _leave_out(content: bytes, _: bytes, random: Random) -> bytes:
    first, last = sorted(random.randrange(len(content) + 1) for _ in range(2))
    return content[:first] + content[last:]


def _splice(content: bytes, other: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content) + 1)] + other[random.randrange(len(other) + 1) :]


def _repeat(content: bytes, _: bytes, random: Random) -> bytes:
    first, last = sorted(random.randrange(len(content) + 1) for _ in range(2))
    return content[:last] + content[first:last] * random.choice((1, 2, 20)) + content[last:]


def _line_again(content: bytes, other: bytes, random: Random) -> bytes:
    lines = content.splitlines(keepends=True) or [b""]
    lines.insert(random.randrange(len(lines) + 1), random.choice(other.splitlines(keepends=True) or [b""]))
    lines.insert(random.randrange(len(lines) + 1), random.choice(lines))
    return b"".join(lines)


def _line_away(content: bytes, _: bytes, random: Random) -> bytes:
    lines = content.splitlines(keepends=True)
    number = random.randrange(len(lines) + 1)
    return b"".join(lines[:number] + lines[number + 1 :])


def _lines_shuffled(content: bytes, _: bytes, random: Random) -> bytes:
    lines = content.splitlines(keepends=True)
    random.shuffle(lines)
    return b"".join(lines)


def _one_line_of(content: bytes, other: bytes, random: Random) -> bytes:
    lines, others = content.splitlines(keepends=True) or [b""], other.splitlines(keepends=True) or [b""]
    lines[random.randrange(len(lines))] = random.choice(others)
    return b"".join(lines)


ON_BYTES = (_flip, _write_over, _cut, _leave_out, _splice, _repeat)
ON_LINES = (_line_again, _line_away, _lines_shuffled, _one_line_of)
