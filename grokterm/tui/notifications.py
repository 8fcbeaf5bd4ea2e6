"""The notifications of a training, each given once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from grokterm.session.state import LabState

Severity = Literal["information", "warning", "error"]


@dataclass(frozen=True)
class Notice:
    """One notification."""

    text: str
    title: str
    severity: Severity = "information"


def is_urgent(before: LabState | None, now: LabState) -> bool:
    """Tell whether more than numbers has changed, so that the texts are drawn without waiting for their turn."""
    names = ("phase", "pace", "events", "refusals", "unsaved", "saved_at", "experiment")
    return before is None or any(getattr(before, name) != getattr(now, name) for name in names)


class Notifications:
    """Remembers which notifications of a training were given."""

    def __init__(self) -> None:
        self._n_refusals = 0
        self._unsaved = ""
        self._save_asked_at: int | None = None

    def await_save(self, step: int) -> None:
        """Announce a save that was requested at this step once it is done, or fails, even if the last one failed too."""
        self._save_asked_at, self._unsaved = step, ""

    def of(self, state: LabState, run_name: str) -> Iterator[Notice]:
        """Return the notifications of a state that were not given before."""
        for message in state.refusals[self._n_refusals :]:
            yield Notice(message, "Not done", "warning")
        self._n_refusals = len(state.refusals)
        if state.unsaved and state.unsaved != self._unsaved:
            yield Notice(f"{state.unsaved}. Training waits: make room, press s, then space.", "Not saved", "error")
        self._unsaved = state.unsaved
        asked, saved = self._save_asked_at, state.saved_at
        if asked is not None and saved is not None and saved >= asked and not state.unsaved:
            self._save_asked_at = None
            yield Notice(f"{run_name}, step {saved:,}", "Saved")
