"""Rows a ∘ b = c, or a ∘ b ∘ c = d."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

MOST_ELEMENTS = 997  # of a task
NO_ANSWER = -1  # of operands that the present operation does not answer


@dataclass(frozen=True)
class Equations:
    """Rows a ∘ b = c, or a ∘ b ∘ c = d."""

    operands: Int64[np.ndarray, "equations operands"]
    answers: Int64[np.ndarray, " equations"]

    def __len__(self) -> int:
        return len(self.answers)

    def __getitem__(self, rows: slice | Int64[np.ndarray, " rows"]) -> "Equations":
        return Equations(self.operands[rows], self.answers[rows])

    def concat(self, later: "Equations") -> "Equations":
        """Append rows."""
        return Equations(np.concatenate([self.operands, later.operands]), np.concatenate([self.answers, later.answers]))

    @property
    def answered(self) -> "Equations":
        """The rows that have an answer."""
        return self[np.flatnonzero(self.answers != NO_ANSWER)]
