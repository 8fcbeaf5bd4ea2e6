"""What every command that trains shares: a session driven to its end, with progress on stderr."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from grokterm.cli.console import talk

if TYPE_CHECKING:
    from grokterm.cli.signals import LeaveOnSignal
    from grokterm.experiment.experiment import Experiment
    from grokterm.session.session import Session


def train(session: "Session", signals: "LeaveOnSignal") -> int:
    """Train to the end; return 0, 1 if the disk refused or memory ran out, or the code of the signal that ended it, saved."""
    from grokterm.cli.progress import Reporter
    from grokterm.errors import ProcessDiedError
    from grokterm.experiment.records import Refused, Skipped, Switched
    from grokterm.session.state import LabState, fold

    signals.attend(session)
    state, go_on = LabState(session.trainer.experiment), f"--resume {session.run.name}"
    try:
        with Reporter() as reporter:
            for records in session.records():
                state = fold(state, records)
                talk(*(f"not done: {record.message}" for record in records if isinstance(record, Refused | Skipped)))
                talk(*(f"engine {one.engine}, {one.message}".rstrip(", ") for one in records if isinstance(one, Switched)))
                if state.unsaved:
                    talk(f"grokterm: {state.unsaved}: what was written until then can be resumed with {go_on}")
                    return 1
                reporter.show(state)
    except ProcessDiedError as error:
        talk(f"grokterm: {error}: what was saved until then can be resumed with {go_on}")
        return 1
    if state.ended == "out of memory":
        talk(f"grokterm: {state.refusals[-1]}; saved at step {state.step:,}: {go_on} goes on")
        return 1
    if signals.exit_code:
        talk(f"interrupted at step {state.step:,}, saved: go on with grokterm run {go_on}")
    return signals.exit_code


def train_parts(experiment: "Experiment", folder: Path, signals: "LeaveOnSignal") -> int:
    """Train what a mixture is made of and no saved run shows yet; return what ended it early, or 0."""
    from grokterm.session.start import start_untrained_parts

    for part in start_untrained_parts(experiment, folder):
        talk(f"first {part.run.name}: {part.trainer.experiment.title}")
        if code := train(part, signals):
            return code
    return 0


@contextmanager
def last_words(signals: "LeaveOnSignal") -> Iterator[None]:
    """Print results here; where a signal came because the terminal has gone, its code is what counts."""
    try:
        yield
    except OSError:
        if not signals.exit_code:
            raise
        os._exit(signals.exit_code)  # Python would end with another code for not reaching the terminal
