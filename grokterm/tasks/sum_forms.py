"""Operations of the form a ∘ b = F(f1(a) + f2(b)), which cosines can solve (Gromov, 2023)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Int64

Index: TypeAlias = Int64[np.ndarray, " terms"]
Function: TypeAlias = Callable[[Int64[np.ndarray, " pairs"], Int64[np.ndarray, " pairs"]], Int64[np.ndarray, " pairs"]]

NO_TERM = -1  # marks an operand without a term: 0 has no logarithm


@dataclass(frozen=True)
class SumForm:
    """a ∘ b = F(f1(a) + f2(b) mod order).

    If an operand has no term (only 0 in products and quotients), the answer is 0.
    """

    order: int
    """Number of terms, and the modulus of their sum."""

    left: Int64[np.ndarray, " modulus"]
    """f1(a) for each residue, or NO_TERM."""

    right: Int64[np.ndarray, " modulus"]
    """f2(b) for each residue, or NO_TERM."""

    answer: Int64[np.ndarray, " order"]
    """F(t) for each sum t."""

    @property
    def has_terms(self) -> Bool[np.ndarray, " modulus"]:
        """Which residues have a term."""
        return self.left != NO_TERM

    @property
    def has_distinct_terms(self) -> bool:
        """Whether no two operands share a term: then a wave over terms is a wave over reordered residues."""
        return all(len(np.unique(terms[self.has_terms])) == self.order for terms in (self.left, self.right))

    @property
    def has_distinct_answers(self) -> bool:
        """Whether no two sums share an answer."""
        return len(np.unique(self.answer)) == self.order


def find_sum_form(inner: Function, index: Index, modulus: int, outer: Index | None = None) -> SumForm | None:
    """Find f1, f2 and F from the table of an operation, with the residues in the order of `index`.

    `inner` is the operation or, if `outer` lists F(t), the argument of F. None if two rows differ by more than a constant:
    then no f1 and f2 exist in this order.
    """
    order = len(index)
    position = np.full(modulus, NO_TERM, dtype=np.int64)
    position[index] = np.arange(order)
    table = position[inner(index.repeat(order), np.tile(index, order))].reshape(order, order)
    first_left, first_right = table[:, 0], (table[0] - table[0, 0]) % order
    if (table == NO_TERM).any() or not np.array_equal((first_left[:, None] + first_right) % order, table):
        return None
    left, right = np.full((2, modulus), NO_TERM, dtype=np.int64)
    left[index], right[index] = first_left, first_right
    return SumForm(order, left, right, index if outer is None else outer)
