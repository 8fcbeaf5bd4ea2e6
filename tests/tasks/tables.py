"""Tables of equations to test with, and their rows as plain tuples."""

from typing import get_args

from hypothesis import strategies as st

from grokterm.tasks.dataset import Dataset
from grokterm.tasks.equations import Equations
from grokterm.tasks.operations import OwnOperation
from grokterm.tasks.orders import SplitName

Rows = list[tuple[int, int, int]]
SPLITS: tuple[SplitName, ...] = tuple(split for split in get_args(SplitName) if split != "file")
FRACTIONS = st.floats(0.15, 0.85)


def dataset(
    operation: str = "add",
    modulus: int = 11,
    *,
    expression: str = "",
    split: SplitName = "random",
    label_noise: float = 0.0,
    train_fraction: float = 0.5,
    seed: int = 0,
) -> Dataset:
    """Draw a + b mod 11, half and half, or what is asked for instead."""
    return Dataset.create(
        operation=operation,
        own=OwnOperation(expression),
        modulus=modulus,
        split=split,
        label_noise=label_noise,
        train_fraction=train_fraction,
        seed=seed,
    )


def rows(equations: Equations) -> Rows:
    """List equations in their order."""
    return [(int(a), int(b), int(c)) for (a, b), c in zip(equations.operands, equations.answers, strict=True)]


def pairs(equations: Equations) -> set[tuple[int, int]]:
    """Forget the order and the answers."""
    return {(a, b) for a, b, _ in rows(equations)}


def parted_pairs(split: Dataset) -> set[tuple[int, int]]:
    """Return the training pairs whose mirror image is in validation."""
    return pairs(split.train) & {(b, a) for a, b in pairs(split.val)}
