"""What an analysis asks of a network, without the network: pictures of its weights are drawn without torch."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from grokterm.analysis.observation import Observation
from grokterm.inspection.snapshot import Snapshot

Columns = Mapping[str, slice | Sequence[int]]
"""Which neurons or heads to keep, by the label of their place."""

Window = tuple[range, range]
"""A part of a plane: a in the first range, b in the second."""

NOTHING: Columns = MappingProxyType({})


@runtime_checkable
class Observer(Protocol):
    """Passes equations through a network, with the weights of any snapshot of it."""

    @property
    def neurons(self) -> tuple[str, ...]:
        """The places with hidden neurons, from the operands to the answer."""

    @property
    def attention(self) -> tuple[str, ...]:
        """The places with attention."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """What is attended to, in the symbols of an equation."""

    def observe(  # noqa: PLR0913 - what to keep, and of which equations
        self,
        snapshot: Snapshot,
        *,
        scores: bool = False,
        neurons: Columns = NOTHING,
        attention: bool = False,
        window: Window | None = None,
        held: int | None = None,
        most: int | None = None,
    ) -> Observation:
        """Pass equations through the network; keep these hidden neurons only.

        All equations of the task, or the first so many of them, or those of the plane over (a, b) where the third operand is
        `held`, or a window of that plane. The plane of two operands is the table.
        """
