"""A log of a run for another tool, written as its journal is read."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from grokterm.runs.export.measured import Event, clock_of, events, measured, with_parts
from grokterm.runs.export.source import Source
from grokterm.runs.journal import read_journal

if TYPE_CHECKING:
    from grokterm.experiment.recording.records import Record
    from grokterm.runs.store import Run


class Log(Protocol):
    """What a tool is told of one run."""

    def measured(self, network: int, step: int, values: Mapping[str, float], at: float) -> None:
        """Write metrics of the network with this number; `at` is the Unix time."""

    def happened(self, event: Event, at: float) -> None:
        """Write an event."""

    def flush(self) -> None:
        """Let readers see what was written so far."""

    def close(self) -> None:
        """Write the rest, and end the log."""


OpenLog: TypeAlias = "Callable[[Run, Path], Log]"
"""Begins the log of a run in a folder, in place of an earlier log of it there."""


def tell(log: Log, run: "Run", records: "Sequence[Record]", now: float | None = None) -> None:
    """Write records of a run to its log; `now` is when the newest of them were made, if it trains."""
    at = clock_of(run, records, now)
    for one in measured(records):
        names = [name for name in one.columns if name != "step"]
        steps = one.columns["step"].tolist()
        for step, *values in zip(steps, *(one.columns[name].tolist() for name in names), strict=True):
            log.measured(one.network, int(step), dict(zip(names, values, strict=True)), at(step))
    for event in events(records):
        log.happened(event, at(event.step))


def write_log(open_log: OpenLog, source: Source, path: Path) -> None:
    """Write the log of a run that is saved, and of the parts of a mixture below it.

    Raises:
        CheckpointError: if a journal cannot be read.
    """
    path.mkdir()
    for name, run in with_parts(source.run).items():
        log = open_log(run, path if run is source.run else path / name)
        tell(log, run, read_journal(run.journal))
        log.close()
