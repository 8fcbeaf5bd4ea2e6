"""What is said of a run after the screen has closed."""

import os

from grokterm.plots.sanitize import plain_text
from grokterm.runs.command_line import command_line
from grokterm.runs.lock import holder_of
from grokterm.runs.owner import this_process
from grokterm.runs.store import Run
from grokterm.session.state import LabState

ENDED = {"complete": "is complete", "diverged": "diverged"}

BROKEN_OFF = {"out of memory": "ran out of memory", "device lost": "lost its device", "process died": "lost a process"}


def open_command(run: Run) -> str:
    """Return the command line that opens a run, as it works in the present folder."""
    return command_line("open", run.path)


def farewell(state: LabState, run: Run) -> str:
    """Say where a run stands, and how to open it; of one that another process trains, how to come back to it and to end it."""
    holder = holder_of(run.path)
    if holder is not None and holder.pid != os.getpid():
        doing = "waits, paused," if state.phase == "paused" else "goes on"
        then = ", and the mixture after it" if state.part else ""
        if holder.host == this_process().host:
            attach, stop = command_line("attach", run.path), command_line("runs stop", run.path)
            words = f"{doing} in process {holder.pid}{then}; {attach} shows it, {stop} ends it"
        else:
            words = f"{doing} in process {holder.pid} on {holder.host}; {open_command(run)} follows it"
    elif state.unsaved:
        kept = "Nothing is" if state.saved_at is None else f"Step {state.saved_at:,} and what came before it are"
        words = f"was not saved: {state.unsaved}. {kept} kept"
    elif state.trouble is not None and state.trouble.reason == "diverged":
        words = f"diverged at step {state.step:,}; {open_command(run)} shows it"  # and was only looked at
    elif state.ended in BROKEN_OFF:
        saved = f"saved at step {state.saved_at or 0:,}; {open_command(run)} goes on with it"
        words = f"{BROKEN_OFF[state.ended]} at step {state.step:,}, {saved}"
    elif state.ended and state.ended != "interrupted":
        words = f"{ENDED.get(state.ended, f'ended ({state.ended})')} at step {state.step:,}; {open_command(run)} shows it"
    else:
        words = f"saved at step {state.saved_at or 0:,}; {open_command(run)} goes on with it"
    return plain_text(f"grokterm: {run.name} {words}")
