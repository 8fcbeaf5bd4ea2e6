"""A sweep in one line: how far it is, and how to go on with it."""

from collections.abc import Iterator

from grokterm.reports.duration import duration
from grokterm.runs.command_line import command_line
from grokterm.sweeps.live import Phase, SweepState
from grokterm.sweeps.storage.folder import SweepFolder

PHASES: dict[Phase, str] = {
    "reading": "reading",
    "working": "training",
    "stopping": "saving",
    "resting": "paused",
    "done": "done",
}


def phase_word(state: SweepState) -> str:
    """Say in a word what becomes of it; where other processes work on it, that."""
    return "training elsewhere" if state.phase == "resting" and state.elsewhere else PHASES[state.phase]


def counted(state: SweepState) -> Iterator[str]:
    """Say how far it is: `12 / 48 members`, `2 training`, `1 failed`, `3 elsewhere`, `3 min 20 s left`."""
    yield f"{state.n_done:,} / {len(state.members):,} members"
    if state.working:
        yield f"{len(state.working):,} training"
    if state.n_failed:
        yield f"{state.n_failed:,} failed"
    if state.elsewhere:
        yield f"{len(state.elsewhere):,} elsewhere"
    if state.seconds_left is not None and state.phase == "working":
        yield f"{duration(state.seconds_left)} left"


def farewell(sweep: SweepFolder, state: SweepState) -> str:
    """Say where a sweep stands when it is left, and how to go on with it."""
    far = f"{state.n_done:,} of {len(state.members):,} members have ended"
    if state.phase == "done":
        show, draw = command_line("open", sweep.path), command_line("figures", sweep.path)
        return f"grokterm: sweep {sweep.name} is done; {show} shows it, {draw} draws it"
    where = ", other processes work on it" if state.elsewhere else ""
    return f"grokterm: sweep {sweep.name} is saved, {far}{where}; {command_line('sweep', sweep.path)} goes on with it"
