"""Finding, watching and ending what other processes of this host train."""

import os
import signal
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

from grokterm.errors import RunNotFoundError, StorageError, UnreachableError
from grokterm.experiment.recording.endings import GOES_ON
from grokterm.runs.command_line import command_line
from grokterm.runs.journal import read_journal
from grokterm.runs.lock import Holder, holder_of
from grokterm.runs.owner import life
from grokterm.runs.results.summarizing import summarize
from grokterm.runs.store import Run
from grokterm.session.commands import Leave
from grokterm.session.follower import FollowedTraining
from grokterm.session.remote.address import require_sockets, served_addresses
from grokterm.session.remote.viewer import AttachedTraining, ask

STOP_SECONDS = 60.0  # within which a training is expected to have saved itself
LOOK_SECONDS = 0.05


def attached(run: Run) -> AttachedTraining:
    """Connect to the process that trains a run on this host.

    Raises:
        UnreachableError: one line: why that is not possible, and what is.
    """
    _holder_here(run)
    return AttachedTraining(run)


def watched(run: Run) -> AttachedTraining | FollowedTraining | None:
    """Return the training of a run that another process trains, attached if that can be, else followed.

    None if none does, or its settings cannot be read.
    """
    holder = holder_of(run.path)
    if holder is None or holder.pid == os.getpid():
        return None
    with suppress(RunNotFoundError):  # moved or deleted meanwhile
        with suppress(UnreachableError):
            return attached(run)
        return FollowedTraining(run)
    return None


def trained_here() -> list[Run]:
    """List the runs that processes of this user train on this host, in any folder."""
    runs = []
    for address in served_addresses():
        try:
            runs.append(Run(Path(ask(address).run)))
        except UnreachableError:
            continue  # it has just ended, or is of another version
    return runs


def stop_training(run: Run) -> None:
    """Let the process that trains a run save and end it, and wait until it has.

    Raises:
        UnreachableError: one line: why that is not possible.
    """
    holder = _holder_here(run)
    require_sockets("runs stop", "press Ctrl+C where it trains")
    try:
        training = AttachedTraining(run)
    except UnreachableError:  # of another version, or it serves no socket
        _terminate(holder, run)
    else:
        training.start()
        training.send(Leave())
    deadline = monotonic() + STOP_SECONDS
    while (now := holder_of(run.path)) is not None and now.pid == holder.pid:
        if monotonic() > deadline:
            raise StorageError(f"process {holder.pid} still trains run {run.name}: its disk may hang")
        sleep(LOOK_SECONDS)


def _terminate(holder: Holder, run: Run) -> None:
    try:
        os.kill(holder.pid, signal.SIGTERM)
    except ProcessLookupError:
        pass  # it has just ended
    except PermissionError:
        raise UnreachableError(
            f"run {run.name} is trained by process {holder.pid} of another user, who alone can stop it"
        ) from None


def _holder_here(run: Run) -> Holder:
    """Return the process that trains a run on this host."""
    holder = holder_of(run.path)
    if holder is not None and life(holder) == "alive":
        return holder
    name, show = run.name, command_line("open", run.path)
    if holder is not None:
        raise UnreachableError(f"run {name} is trained by process {holder.pid} on {holder.host}: {show} follows it")
    go_on = command_line("run --resume", run.path)
    summary = summarize(run, read_journal(run.journal))
    match summary.status, summary.ended:
        case "ended", reason if reason in GOES_ON:
            standing = f"is saved at step {summary.checkpointed_at or 0:,}; {go_on} goes on, {show} shows it"
        case "ended", reason:
            standing = f"has ended, {reason} at step {summary.steps:,}; {show} shows it"
        case _:
            standing = f"was killed at step {summary.steps:,}; {go_on} goes on from its last checkpoint, {show} shows it"
    raise UnreachableError(f"run {name} does not train: it {standing}")
