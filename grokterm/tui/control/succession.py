"""What becomes of a training on the screen that has ended in another process: what is said of it, and who goes on with it."""

import asyncio
import os

from grokterm.runs.lock import holder_of
from grokterm.runs.store import Run
from grokterm.session.attaching import watched
from grokterm.session.control import Training
from grokterm.session.follower import FollowedTraining
from grokterm.session.remote.viewer import AttachedTraining
from grokterm.tui.control.notifications import Notice

LOOK_SECONDS, N_LOOKS = 0.5, 40  # for a process that goes on with a run: it loads torch first


def is_trained_elsewhere(run: Run) -> bool:
    """Tell whether another process trains a run."""
    holder = holder_of(run.path)
    return holder is not None and holder.pid != os.getpid()


def end_of(training: Training) -> Notice | None:
    """Say how a training has ended that this screen has not left; nothing if its state says it."""
    state, title = training.state, "Ended elsewhere"
    if isinstance(training, AttachedTraining) and training.has_died:
        return Notice(training.epitaph, title, "warning")
    if state.phase != "ended":
        return Notice(f"what trained it has died after step {state.step:,}: what it saved is open", title, "warning")
    if state.ended == "interrupted":
        return Notice(f"another process has saved and ended it at step {state.step:,}: this is what it saved", title, "warning")
    return None


async def successor(run: Run) -> AttachedTraining | FollowedTraining | None:
    """Wait some seconds for another process to go on with a run that one has just let go of; None if none does."""
    found = None
    for _ in range(N_LOOKS):
        await asyncio.sleep(LOOK_SECONDS)
        found = await asyncio.to_thread(watched, Run(run.path))
        if isinstance(found, AttachedTraining):
            break  # what is only followed may just be about to open its socket
    return found
