"""A split in a file: a line for each tuple of operands and its side, `a,b,side`.

The order of the lines is that of the sides, so a smaller training set is a prefix. A tuple that no line names is on no side.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Int64

from grokterm.tasks.equations import Equations

ENDINGS = (".csv",)
SIDES = ("train", "val")
OPERANDS = ("a", "b", "c")

Operands = Int64[np.ndarray, "_ operands"]


def read_split(content: bytes, n_operands: int, n_elements: int) -> tuple[Operands, Operands]:
    """Read the operands of both sides, in their order.

    Raises:
        ValueError: with the first line that is wrong.
    """
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError("it is not a text in UTF-8") from None
    header = ",".join((*OPERANDS[:n_operands], "side"))
    if not lines or [cell.strip() for cell in lines[0].split(",")] != header.split(","):
        raise ValueError(f"line 1 must be {header}, not {lines[0][:40] if lines else ''!r}")
    first_lines: dict[tuple[int, ...], int] = {}
    sides: dict[str, list[tuple[int, ...]]] = {side: [] for side in SIDES}
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        operands, side = _parsed(number, line, n_operands, n_elements)
        if operands in first_lines:
            raise ValueError(f"line {number} names {operands} again, after line {first_lines[operands]}")
        first_lines[operands] = number
        sides[side].append(operands)
    if not sides["train"]:
        raise ValueError("no line is on the side train")
    train, val = (np.array(rows, dtype=np.int64).reshape(-1, n_operands) for rows in sides.values())
    return train, val


def write_split(train: Equations, val: Equations) -> str:
    """Write both sides, in their order."""
    n_operands = train.operands.shape[1]
    return "\n".join([",".join((*OPERANDS[:n_operands], "side")), *_lines(train, "train"), *_lines(val, "val")])


def _lines(equations: Equations, side: str) -> Iterator[str]:
    for operands in equations.operands.tolist():
        yield ",".join([*map(str, operands), side])


def _parsed(number: int, line: str, n_operands: int, n_elements: int) -> tuple[tuple[int, ...], str]:
    *cells, side = (cell.strip() for cell in line.split(","))
    if len(cells) != n_operands:
        raise ValueError(f"line {number} must have {n_operands + 1} cells, not {len(cells) + 1}")
    for name, cell in zip(OPERANDS, cells, strict=False):
        if not (cell.isascii() and cell.isdigit() and int(cell[:9]) < n_elements):
            raise ValueError(f"line {number}: {name} must be a whole number from 0 to {n_elements - 1}, not {cell[:20]!r}")
    if side not in SIDES:
        raise ValueError(f"line {number}: side must be train or val, not {side[:20]!r}")
    return tuple(map(int, cells)), side
