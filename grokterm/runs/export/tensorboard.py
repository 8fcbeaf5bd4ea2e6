"""The log of a run for TensorBoard: event files, one a network."""

import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event as TensorBoardEvent
from tensorboard.compat.proto.event_pb2 import SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.plugins.text.summary_v2 import text_pb
from tensorboard.summary.writer.record_writer import RecordWriter

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.toml import format_value
from grokterm.plots.sanitize import plain_text
from grokterm.runs.export.measured import Event, seeds_of
from grokterm.runs.store import Run

VERSION = "brain.Event:2"  # what a file begins with, as TensorFlow writes it


class TensorBoardLog:
    """A folder with an event file; of an ensemble, with a folder `seed-0`, `seed-1`, ... for each member."""

    def __init__(self, run: Run, folder: Path) -> None:
        seeds = seeds_of(run)
        folders = [folder / f"seed-{seed}" for seed in seeds] if len(seeds) > 1 else [folder]
        self._writers = [RecordWriter(_event_file(one)) for one in folders]
        for number, writer in enumerate(self._writers):
            experiment = run.experiment.member(number) if len(seeds) > 1 else run.experiment
            text = "".join(f"    {line}\n" for line in experiment.to_toml().splitlines())  # which Markdown leaves as it is
            _write(writer, file_version=VERSION)
            # TensorBoard drops what it has read of an earlier log of the run.
            _write(writer, session_log=SessionLog(status=SessionLog.START), step=0)
            _write(writer, summary=hparams_pb(_flat(experiment)))
            _write(writer, summary=text_pb("experiment", text))

    def measured(self, network: int, step: int, values: Mapping[str, float], at: float) -> None:
        """Write metrics as scalars, by their names."""
        scalars = [Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
        _write(self._writers[network], at, step=step, summary=Summary(value=scalars))

    def happened(self, event: Event, at: float) -> None:
        """Write an event as a text, by its kind."""
        for writer in self._writers:
            _write(writer, at, step=event.step, summary=text_pb(f"events/{event.kind}", event.what))

    def flush(self) -> None:
        """Let TensorBoard see what was written so far."""
        for writer in self._writers:
            writer.flush()

    def close(self) -> None:
        """Close the files."""
        for writer in self._writers:
            writer.close()


def _event_file(folder: Path) -> Any:  # noqa: ANN401 - mypy takes what RecordWriter wants from tensorboard, which may be missing
    folder.mkdir(parents=True, exist_ok=True)
    # Readers take the files in the order of their names.
    return (folder / f"events.out.tfevents.{time.time_ns():020}.{socket.gethostname()}").open("xb")


def _write(writer: RecordWriter, at: float | None = None, **content: Any) -> None:  # noqa: ANN401 - whatever an event may hold
    event = TensorBoardEvent(wall_time=time.time() if at is None else at, **content)
    writer.write(event.SerializeToString())


def _flat(experiment: Experiment) -> dict[str, bool | int | float | str]:
    """Name the settings as `--set` does; one that is no number and no text is written as TOML."""
    found: dict[str, bool | int | float | str] = {}
    for section, values in experiment.settings().items():
        for name, value in values.items() if isinstance(values, dict) else [("", values)]:
            path = f"{section}.{name}".rstrip(".")
            text = plain_text(value) if isinstance(value, str) else format_value(value)
            found[path] = value if isinstance(value, bool | int | float) else text
    return {name: value for name, value in found.items() if not name.startswith(("title", "source", "expect"))}
