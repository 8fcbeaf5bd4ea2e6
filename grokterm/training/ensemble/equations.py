"""The equations of several networks, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from grokterm.engines.batches import BLOCK_ROWS, DeviceEquations, cuts


@dataclass(frozen=True)
class StackedEquations:
    """Equations of every member on the device; a shorter set is padded with copies of a row of its own, an empty one with 0."""

    tokens: Int[Tensor, "members equations tokens"]
    answers: Int[Tensor, "members equations ..."]
    counts: Float[Tensor, " members"]
    """How many equations each member has."""

    padding: Bool[Tensor, "members equations"] | None
    """The rows that are padding; None without any."""

    block_rows: int

    def __len__(self) -> int:
        """Count the rows of each member, padding included."""
        return self.answers.shape[1]

    def rows(
        self,
        chosen: Int[Tensor, "members rows"],
        counts: Float[Tensor, " members"],
        padding: Bool[Tensor, "members rows"] | None = None,
    ) -> "StackedEquations":
        """Select rows, numbered through from the first member to the last."""
        tokens, answers = self.tokens.flatten(0, 1)[chosen], self.answers.flatten(0, 1)[chosen]
        return StackedEquations(tokens, answers, counts, padding, self.block_rows)

    @cached_property
    def blocks(self) -> list[tuple[slice, list["StackedEquations"]]]:
        """Members that can be worked on at a time, and consecutive blocks of their rows.

        Rows are cut as they are for one network, because a block has random streams of its own; many members share a cut.
        """
        n_members, n_rows = len(self.answers), len(self)
        blocks = cuts(n_rows, self.block_rows)
        at_once = max(1, BLOCK_ROWS // blocks[0].stop)
        shares = [slice(first, first + at_once) for first in range(0, n_members, at_once)]
        return [(members, [self._part(members, rows) for rows in blocks]) for members in shares]

    def _part(self, members: slice, rows: slice) -> "StackedEquations":
        return StackedEquations(
            self.tokens[members, rows],
            self.answers[members, rows],
            self.counts[members],
            None if self.padding is None else self.padding[members, rows],
            self.block_rows,
        )


def stacked(sets: Sequence[DeviceEquations]) -> StackedEquations:
    """Lay the equations of the members side by side."""
    counts = [len(one) for one in sets]
    longest, device = max(counts), sets[0].answers.device
    is_even = min(counts) == longest
    return StackedEquations(
        torch.stack([_filled_up(one.tokens, longest) for one in sets]),
        torch.stack([_filled_up(one.answers, longest) for one in sets]),
        torch.tensor(counts, dtype=torch.float32, device=device),
        None if is_even else torch.tensor([[row >= count for row in range(longest)] for count in counts], device=device),
        sets[0].block_rows,
    )


def _filled_up(rows: Tensor, length: int) -> Tensor:
    if not len(rows):
        return rows.new_zeros(length, *rows.shape[1:])
    return torch.cat([rows, rows[:1].expand(length - len(rows), *rows.shape[1:])])
