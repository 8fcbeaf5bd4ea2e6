"""The notifications of a training, each given once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from grokterm.analysis.milestones import FORGOTTEN, LEARNED
from grokterm.experiment.recording.endings import TroubleReason, in_words
from grokterm.session.state import Event, LabState

if TYPE_CHECKING:
    from grokterm.experiment.recording.trouble import Trouble

Severity = Literal["information", "warning", "error"]

MILESTONES = {
    "memorized": f"train accuracy {LEARNED:g} and above",
    "grokked": f"val accuracy {LEARNED:g} and above",
    "ungrokked": f"val accuracy below {FORGOTTEN:g}",
    "diverged": "the loss is no longer a finite number",
}

ENDINGS = {
    "complete": "complete",
    "stopped": "stopped by an intervention",
    **{reason: reason for reason in map(in_words, get_args(TroubleReason))},
}


@dataclass(frozen=True)
class Notice:
    """One notification."""

    text: str
    title: str
    severity: Severity = "information"
    rings: bool = False  # the bell of the terminal


def merged(notices: Sequence[Notice]) -> Notice:
    """Return one notification that says all of them, a line each."""
    return replace(
        notices[-1],
        text="\n".join(notice.text for notice in notices),
        title=", ".join(notice.title for notice in notices),
    )


def is_urgent(before: LabState | None, now: LabState) -> bool:
    """Tell whether more than numbers has changed, so that the texts are drawn without waiting for their turn."""
    names = ("phase", "trouble", "pace", "events", "refusals", "unsaved", "saved_at", "experiment")
    return before is None or any(getattr(before, name) != getattr(now, name) for name in names)


class Notifications:
    """Remembers which notifications of a training were given."""

    def __init__(self) -> None:
        self._n_refusals = 0
        self._unsaved = ""
        self._save_asked_at: int | None = None
        self._n_events = 0
        self._ended_at: int | None = None
        self._trouble: Trouble | None = None

    def await_save(self, step: int) -> None:
        """Announce a save that was requested at this step once it is done, or fails, even if the last one failed too."""
        self._save_asked_at, self._unsaved = step, ""

    def pass_over(self, state: LabState) -> None:
        """Leave out the refusals of this state."""
        self._n_refusals = len(state.refusals)

    def of(self, state: LabState) -> Iterator[Notice]:
        """Return the notifications of a state that were not given before, without those of the past of an opened run."""
        yield from self._progress(state)
        for message in state.refusals[self._n_refusals :]:
            yield Notice(message, "Not done", "warning")
        self._n_refusals = len(state.refusals)
        if state.unsaved and state.unsaved != self._unsaved:
            yield Notice(f"{state.unsaved}. Training waits: save, then resume.", "Not saved", "error")
        self._unsaved = state.unsaved
        asked, saved = self._save_asked_at, state.saved_at
        if asked is not None and saved is not None and saved >= asked and not state.unsaved:
            self._save_asked_at = None
            yield Notice(f"step {saved:,}", "Saved")

    def _progress(self, state: LabState) -> Iterator[Notice]:
        first = max(min(self._n_events, len(state.events)), state.n_earlier_events)
        self._n_events = len(state.events)
        latest = {event.label: event for event in state.events[first:] if _is_news(event, state)}
        for event in latest.values():
            severity: Severity = "warning" if event.label == "diverged" else "information"
            yield Notice(_of_milestone(event, state), event.label, severity, rings=True)
        if state.trouble not in (None, self._trouble) and state.step != state.opened_at and state.trouble.reason != "diverged":
            yield Notice(state.trouble.message, in_words(state.trouble.reason).capitalize(), "error", rings=True)
        self._trouble = state.trouble
        if state.phase == "ended" and state.step not in (state.opened_at, self._ended_at):
            self._ended_at = state.step
            if state.ended not in ("interrupted", "diverged"):
                reason = ENDINGS.get(state.ended, f"stop_when {state.ended}")
                yield Notice(f"step {state.step:,}: {reason}", "ended", rings=True)


def _is_news(event: Event, state: LabState) -> bool:
    """Whether an event is a milestone, and not only what held before a swap and is found again at its step."""
    return event.label in MILESTONES and (event.label in ("ungrokked", "diverged") or event.step not in state.swaps)


def _of_milestone(event: Event, state: LabState) -> str:
    """Say what was measured: `step 8,320: val accuracy 0.99 and above (5.1x memorized)`."""
    members, memorized_at = state.experiment.training.members, state.milestones.get("memorized", event.step)
    everywhere = f", in all {members} members" if members > 1 else ""
    is_delayed = event.label == "grokked" and 0 < memorized_at < event.step and not state.swaps
    delay = f" ({event.step / memorized_at:.1f}x memorized)" if is_delayed else ""
    return f"step {event.step:,}: {MILESTONES[event.label]}{everywhere}{delay}"
