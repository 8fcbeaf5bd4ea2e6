"""What a scheduler asks of an engine: it submits members and waits for reports, and never carries results."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from grokterm.sweeps.members import Member

if TYPE_CHECKING:
    from grokterm.sweeps.work import Report  # and torch, without which a sweep is refused sooner


class Engine(Protocol):
    """Processes that work on the members of one sweep."""

    @property
    def n_workers(self) -> int:
        """How many members are worked on side by side."""

    @property
    def working(self) -> Sequence[str]:
        """The keys of the members that are worked on now, as far as the engine knows."""

    def submit(self, members: Sequence[Member]) -> None:
        """Queue members, to be worked on in this order."""

    def wait(self, seconds: float) -> "list[Report]":
        """Wait for reports, at most this long, and return those that have come; each member gets one.

        Raises:
            StorageError: if the folder of the sweep cannot be written where a member was worked on.
            EngineError: if the engine is gone.
        """

    def stop(self) -> None:
        """Let members that are trained be saved and ended, drop those that wait, and return when that is done."""
