"""What of a training deserves a notification, each thing once."""

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


def is_notification(before: LabState | None, now: LabState) -> bool:
    """Tell whether more has changed than the numbers, so that it should not wait for them."""
    names = ("phase", "pace", "events", "refusals", "unsaved", "saved_at", "experiment")
    return before is None or any(getattr(before, name) != getattr(now, name) for name in names)


class Notifications:
    """Remembers what has been said of one training."""

    def __init__(self) -> None:
        self._n_refusals = 0
        self._unsaved = ""
        self._save_asked_at: int | None = None

    def await_save(self, step: int) -> None:
        """Say how a save that was asked for at a step turns out, also if it fails as the one before did."""
        self._save_asked_at, self._unsaved = step, ""

    def of(self, state: LabState, run_name: str) -> Iterator[Notice]:
        """Say what a later state holds that has not been said."""
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
