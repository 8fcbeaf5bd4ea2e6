"""The random streams of one update of several networks at once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch
from jaxtyping import Int
from torch import Tensor

from grokterm.models.rng import MemberRngs
from grokterm.optim.rng import StepRng

Result = TypeVar("Result")


@dataclass(frozen=True)
class StackedStepRng(StepRng):
    """The random streams of every member: those that it would have in a run of its own."""

    seeds: range
    """The seeds of the members."""

    member: Int[Tensor, "..."]
    """All members by their place among the seeds or, under vmap, the one at hand."""

    def generator(self, stream: str, block: int = 0) -> MemberRngs:
        """Open the stream of one purpose and block of rows, for every member."""
        return MemberRngs([self.opened(seed, stream, block) for seed in self.seeds], self.member)

    def of(self, members: slice) -> "StackedStepRng":
        """Select members."""
        seeds = self.seeds[members]
        return replace(self, seeds=seeds, member=self.member[: len(seeds)])

    def each(self, function: Callable[..., Result], *stacked: Any) -> Result:  # noqa: ANN401 - any tree of tensors
        """Apply a function of (rng, ...) to every member at once, under vmap."""

        def of_one(member: Tensor, *own: Any) -> Result:  # noqa: ANN401 - any tree of tensors
            return function(replace(self, member=member), *own)

        # Not "different", which would draw from one global stream: every draw here names its generator.
        result: Result = torch.vmap(of_one, randomness="same")(self.member, *stacked)
        return result
