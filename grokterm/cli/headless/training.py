"""Training without a screen: runs a session to its end, with progress on stderr."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from grokterm.cli.console import print_status
from grokterm.errors import DeviceLostError, PluginError, ProcessDiedError, StorageError
from grokterm.runs.command_line import command_line

if TYPE_CHECKING:
    from grokterm.cli.headless.signals import LeaveOnSignal
    from grokterm.experiment.experiment import Experiment
    from grokterm.experiment.recording.records import Acted, Record
    from grokterm.runs.export.live import LiveLogs, Wanted
    from grokterm.session.session import Session


PART = "part of a mixture"  # what screens that are attached to one say of it

STOPPED = 143  # exit code where another process has ended the run, as a signal to terminate does


def train(
    session: "Session",
    signals: "LeaveOnSignal",
    earlier: "Sequence[Record]" = (),
    begun: "Callable[[Session], None] | None" = None,
    *,
    part: str = "",
    logs: "Sequence[Wanted]" = (),
) -> int:
    """Train to the end; return 0, 1 if saving, memory or a plugin failed, 128 + the signal that ended it, or STOPPED.

    `earlier`: the records of a run that is resumed. `begun` is called once it trains. `part`: of a mixture, which this is.
    `logs` for other tools are written meanwhile; one that fails is said, and the training goes on.
    """
    from grokterm.cli.headless.progress import Reporter
    from grokterm.experiment.recording.records import Acted
    from grokterm.runs.export.live import LiveLogs
    from grokterm.session import serving

    signals.attach(session)
    go_on, saved_at = command_line("run --resume", session.run.path), None
    try:
        with Reporter() as reporter, _writing(LiveLogs(logs)) as live:
            for records, state in serving.train(session, earlier, part=part):
                saved_at = state.saved_at
                if begun is not None and session.lock.is_held:
                    begun(session)
                    begun = None
                if records and session.lock.is_held:  # now the journal is as it goes on
                    live.begin(session.run)
                print_status(*live.failures())
                print_status(*_told(records))
                if state.unsaved:
                    kept = "no step" if state.saved_at is None else f"step {state.saved_at:,}"
                    print_status(f"grokterm: {state.unsaved}: {kept} of it is saved; {go_on} goes on, once that is done")
                    return 1
                if any(isinstance(record, Acted) and _is_by_signal(record) for record in records):
                    print_status(f"saved at step {state.saved_at:,}")
                reporter.show(state)
    except (ProcessDiedError, DeviceLostError, PluginError) as error:
        kept = "the start" if saved_at is None else f"step {saved_at:,}"
        print_status(f"grokterm: {error}: {go_on} goes on from {kept}")
        return 1
    if state.ended == "out of memory":
        print_status(f"grokterm: {state.refusals[-1]}; saved at step {state.saved_at or 0:,}: {go_on} goes on")
        return 1
    code = signals.exit_code or (STOPPED if state.ended == "interrupted" else 0)
    if code:
        print_status(f"interrupted at step {state.step:,}, saved: go on with {go_on}")
    return code


def _told(records: "Sequence[Record]") -> "Iterator[str]":
    """Say what a user may not expect."""
    from grokterm.experiment.recording.records import Refused, Skipped, Started, Switched

    for record in records:
        match record:
            case Refused() | Skipped():
                yield f"not done: {record.message}"
            case Started() if record.note:
                yield record.note
            case Switched():
                yield f"engine {record.engine}, {record.message}".rstrip(", ")


@contextmanager
def _writing(logs: "LiveLogs") -> "Iterator[LiveLogs]":
    """Let logs be written to their ends, however the training ends."""
    try:
        yield logs
    finally:
        print_status(*logs.end())


def _is_by_signal(acted: "Acted") -> bool:
    return acted.intervention is None and acted.action.kind == "save"


def train_parts(
    experiment: "Experiment", folder: Path, signals: "LeaveOnSignal", begun: "Callable[[Session], None] | None" = None
) -> int:
    """Train the parts of a mixture that have no saved run; return the exit code of the first failure, or 0."""
    from grokterm.session.start import start_untrained_parts

    for part in start_untrained_parts(experiment, folder):
        print_status(f"first {part.run.name}: {part.trainer.experiment.title}")
        if code := train(part, signals, begun=begun, part=PART):
            return code
    return 0


@contextmanager
def exit_code_kept(signals: "LeaveOnSignal") -> Iterator[None]:
    """Print results inside this context: after a hangup it exits with the code of the signal, not of the failed print."""
    try:
        yield
    except (OSError, StorageError):
        if not signals.exit_code:
            raise
        os._exit(signals.exit_code)  # sys.exit would fail to flush stdout, and change the code
