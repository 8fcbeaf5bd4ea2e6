"""The equations of a run, as arrays."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64

from grokterm.tasks import dataset as tasks
from grokterm.tasks.equations import Equations


@dataclass(frozen=True, eq=False)
class Dataset:
    """All equations of a task at a step, a row each, and on which side they are; some may be on none after a swap.

    `inputs` (equations, operands) and `answers` (equations,) are integers from 0 to `n_elements` - 1; `train`, `val` and `seen`
    are masks over the equations.
    """

    inputs: Int64[np.ndarray, "equations operands"]
    """The operands a, b (and c): numbers from 0 on."""

    answers: Int64[np.ndarray, " equations"]
    """The answers as they are trained on, with label noise."""

    train: Bool[np.ndarray, " equations"]
    """Which are trained on."""

    val: Bool[np.ndarray, " equations"]
    """Which are held out, and were never trained on."""

    seen: Bool[np.ndarray, " equations"]
    """Which are held out now, and were trained on before a swap."""

    n_elements: int
    """How many values operands and answers have: the modulus, or the order of a group."""

    def __repr__(self) -> str:
        sides = ", ".join(f"{side}={int(getattr(self, side).sum())}" for side in ("train", "val", "seen"))
        return f"Dataset(equations={len(self.answers)}, {sides}, n_elements={self.n_elements})"


def laid_out(dataset: tasks.Dataset) -> Dataset:
    """Lay a dataset out."""
    table = dataset.table
    rows = dataset.index_of(table)

    def mask(side: Equations) -> Bool[np.ndarray, " equations"]:
        return np.isin(rows, dataset.index_of(side))

    train, val, seen = map(mask, (dataset.train, dataset.val, dataset.seen))
    return Dataset(table.operands, table.answers, train, val, seen, dataset.n_elements)
