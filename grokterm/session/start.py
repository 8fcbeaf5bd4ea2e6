"""Start a session for a new run, or resume a saved one."""

import platform
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from grokterm import __version__
from grokterm.engines.arithmetic import arithmetic
from grokterm.engines.device import describe
from grokterm.engines.versions import commit, library_versions
from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.plugins import plugins_of
from grokterm.experiment.recording.records import Record
from grokterm.models.processor import available_cores, instruction_sets, processor
from grokterm.runs.command_line import command_line
from grokterm.runs.journal import JournalWriter, rewind_journal
from grokterm.runs.lock import RunLock
from grokterm.runs.mixture_parts import find_parts, load_parts, part_files
from grokterm.runs.replay import restore_trainer
from grokterm.runs.resume import check_plugins, resumption, rounding_note
from grokterm.runs.starting_points import with_start
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run
from grokterm.session.session import Session
from grokterm.training.trainer import Trainer, make_trainer


def start_session(  # noqa: PLR0913 - what a run directory is called, and where it lies
    experiment: Experiment, folder: Path, preset: str, name: str = "", *, is_timed: bool = True, sources: Path | None = None
) -> Session:
    """Create a run directory, called by this name, else by the preset's, and the time unless untimed; and a session at step 0.

    `sources`: where the runs are from whose weights it starts; by default in the same folder.

    Raises:
        ConfigError: if this machine lacks the device.
        StorageError: if the folder cannot be written.
    """
    named = getattr(experiment.model, "start_from", "")
    origin = {"started_from": named} if named else {}
    sources = sources or folder
    experiment = with_start(experiment, sources)
    parts = find_parts(experiment, sources)
    if parts.untrained:
        untrained = parts.untrained[0].name
        raise ConfigError(f"preset {untrained} has to be trained first: {command_line('run --preset', sources / untrained)}")
    trainer = make_trainer(experiment, parts=load_parts(parts.runs))
    run = create_run(
        folder, experiment, preset, meta_of(trainer) | origin, part_files(parts.runs), name=name, is_timed=is_timed
    )
    return Session(trainer, run, JournalWriter(run.journal))


def start_untrained_parts(experiment: Experiment, folder: Path) -> Iterator[Session]:
    """Yield a session for each part of a mixture without a saved run, to be run in order.

    Raises:
        ConfigError: if a part is neither a run nor a preset, or this machine lacks its device.
        StorageError: if the folder cannot be written.
    """
    for part in find_parts(experiment, folder).untrained:
        yield start_session(part.experiment.on_device(experiment.device), folder, part.name)


def resume_session(run: Run, assignments: Sequence[str] = (), *, paused: bool = False) -> tuple[Session, tuple[Record, ...]]:
    """Resume a run at its last checkpoint, with changed settings; return the session and the records before it.

    Raises:
        ConfigError: if a change is not allowed when a run is resumed, or a plugin has changed.
        CheckpointError: if the checkpoint or the journal cannot be read.
        StorageError: if the run cannot be written, or is to train at once while another process trains it.
    """
    resumed = resumption(run, assignments)
    lock = RunLock(run.path)
    if not paused:
        check_plugins(run)
        lock.take()
    try:
        rewound = rewind_journal(run.journal)
        trainer = restore_trainer(run, resumed.experiment, rewound.records)
        if resumed.changes:
            run.rewrite(resumed.experiment)
    except BaseException:
        lock.give_back()
        raise
    journal = JournalWriter(run.journal, rewound.end)
    note = rounding_note(run.meta, meta_of(trainer))
    session = Session(
        trainer,
        run,
        journal,
        paused=paused,
        changes=resumed.changes,
        before=resumed.before,
        note=note,
        lock=lock,
        earlier=rewound.records,
    )
    if resumed.action is not None:
        session.send(resumed.action)
    return session, rewound.records


def meta_of(trainer: Trainer) -> dict[str, Any]:
    """Describe the machine, and how a trainer computes on it."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": sys.argv,
        "host": platform.node(),
        "platform": f"{platform.system()}-{platform.release()}-{platform.machine()}",  # platform.platform() runs `uname`
        "processor": processor(),
        "instruction_sets": instruction_sets(),
        "cores": available_cores(),
        "device": describe(trainer.device),
        "engine": trainer.trainable.engine,
        "threads": trainer.trainable.threads,
        "arithmetic": arithmetic(),
        "plugins": plugins_of(trainer.experiment),
        "grokterm": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "libraries": library_versions(trainer.device),
        **({"commit": made} if (made := commit()) else {}),
    }
