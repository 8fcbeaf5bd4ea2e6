"""The outputs of a network on every equation of its task, as NumPy arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped


class Side(IntEnum):
    """The side an equation is on at this step of a run."""

    NEITHER = 0
    """No longer trained on: after a swap to a smaller training set, or to a new one."""

    TRAIN = 1
    VAL = 2
    """Held out, and never trained on."""

    SEEN = 3
    """Held out, and trained on before."""


@dataclass(frozen=True)
class Observation:
    """A forward pass over the equations of a task, or over a plane of a table of triples; the last operand varies fastest."""

    n_elements: int
    operands: Int[np.ndarray, "equations operands"]
    answers: Int[np.ndarray, " equations"]
    """Target answers; on the training side with label noise."""

    truth: Int[np.ndarray, " equations"]
    """Answers without label noise."""

    sides: Int[np.ndarray, " equations"]
    """A Side for each equation."""

    predicted: Int[np.ndarray, " equations"]
    """The class with the largest logit; of a token network it may not be a residue."""

    right_scores: Float[np.ndarray, " equations"]
    """The logit of the target class."""

    scores: Float[np.ndarray, "equations classes"] | None = None
    """All logits, if requested; the residues come first."""

    neurons: Mapping[str, Float[np.ndarray, "equations _"]] = field(default_factory=dict)
    """Requested activations, by the label of the hook point."""

    attention: Mapping[str, Float[np.ndarray, "equations heads tokens"]] = field(default_factory=dict)
    """Requested attention patterns at the answer position, by the label of the hook point."""

    @property
    def is_right(self) -> Bool[np.ndarray, " equations"]:
        """Which equations are answered right."""
        return self.predicted == self.answers

    def as_table(
        self, values: Shaped[np.ndarray, " equations"], *, missing: int | float
    ) -> Shaped[np.ndarray, "elements elements"]:
        """Arrange one value per equation of a plane over (a, b); pairs without an answer hold `missing`."""
        table = np.full((self.n_elements, self.n_elements), missing, dtype=np.result_type(values, type(missing)))
        table[self.operands[:, 0], self.operands[:, 1]] = values
        return table
