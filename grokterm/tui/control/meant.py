"""What a key means whose label changes with the training, which other screens may act on as well."""

from dataclasses import dataclass
from typing import Literal

from grokterm.session.state import LabState

REACTION_SECONDS = 0.3  # within which a label that has just changed is not what was read

Order = Literal["pause", "resume"]


@dataclass
class ShownPhase:
    """Whether the training is paused, as a user has had the time to read it."""

    _is_paused: bool | None = None
    _since: float = float("-inf")
    _is_own: bool = False  # the next change is that which the user has asked for

    def show(self, state: LabState, now: float) -> None:
        """Show a state, at a time in seconds."""
        is_paused = {"paused": True, "training": False}.get(state.phase)
        if is_paused == self._is_paused:
            return
        is_read_at_once = self._is_own or self._is_paused is None or is_paused is None
        self._is_paused, self._since, self._is_own = is_paused, float("-inf") if is_read_at_once else now, False

    def meant(self, now: float) -> Order:
        """Return what a press of the key asks for: what it was labeled with."""
        self._is_own = True
        is_late = now - self._since < REACTION_SECONDS
        return "resume" if bool(self._is_paused) != is_late else "pause"
