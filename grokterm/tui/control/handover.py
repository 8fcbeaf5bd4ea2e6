"""Handing a training of this process over to one in the background, when the lab is left or its terminal is gone."""

import os
from contextlib import suppress

from grokterm.errors import StorageError
from grokterm.runs.lock import holder_of
from grokterm.session.detached import Begun, resume_in_background, resume_unattended
from grokterm.session.remote.address import HAS_SOCKETS
from grokterm.session.thread import TrainingThread
from grokterm.tui.terminal import SAVE_SECONDS


def reason_against(training: TrainingThread) -> str:
    """Say why a training of this process cannot be handed over now; empty if it can."""
    state, run = training.state, training.saved_run
    if not HAS_SOCKETS:
        return "the background needs Unix sockets, which this system lacks: q saves and ends"
    if state.unsaved:
        return f"{state.unsaved}, and press s before d"
    if state.trouble is not None:
        return f"{state.trouble.message}: q leaves"
    if state.ended:
        return "it has ended: q leaves"
    if run is None or state.phase == "loading":
        return "it has not begun: wait a moment"
    holder = holder_of(run.path)
    if holder is None or holder.pid != os.getpid():
        return "nothing trains yet: space goes on, q leaves"
    return ""


def hand_over(training: TrainingThread) -> Begun:
    """Save and end a training, and go on with it in the background from that step; wait until it does.

    Raises:
        GroktermError: if it could not be saved, or does not go on there.
    """
    if not training.leave(SAVE_SECONDS):
        raise StorageError(f"it was not saved within {SAVE_SECONDS:.0f} s")
    run, outset = training.saved_run, training.outset
    if training.state.unsaved or run is None or outset is None:
        raise StorageError(training.state.unsaved)
    return resume_in_background(run, outset)


def hand_over_unattended(training: TrainingThread) -> None:
    """Go on in the background with a training that was saved and left, unless it had ended or was only looked at."""
    state, run, outset = training.state, training.saved_run, training.outset
    if run is not None and outset is not None and state.ended == "interrupted" and not state.unsaved:
        with suppress(OSError, StorageError):  # it is saved, and there is no terminal to say more on
            resume_unattended(run, outset)
