"""Readers of every kind of file, and of lines from a socket.

A reader gets the content and an empty folder for the file. It returns, or raises a GroktermError; what it reads is used as a
command would use it, where that takes less than a millisecond.
"""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import cache, partial
from io import BytesIO
from pathlib import Path

from grokterm.errors import GroktermError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Set, Swap
from grokterm.experiment.reading.presets import find_preset
from grokterm.models.build import network_of
from grokterm.runs.checkpoint import load_checkpoint
from grokterm.runs.export.columns import csv_of
from grokterm.runs.following import JournalReader
from grokterm.runs.journal import read_in_brief, read_journal, rewind_journal
from grokterm.runs.listing.annotations import FILE, read_annotations
from grokterm.runs.listing.file import IndexFile
from grokterm.runs.listing.index import RunIndex
from grokterm.runs.listing.reading import read_facts
from grokterm.runs.lock import HOLDER, holder_of, refusal
from grokterm.runs.replay import restore_trainer
from grokterm.runs.results.summarizing import summarize
from grokterm.runs.resume import rounding_note
from grokterm.runs.store import Run, made_at
from grokterm.runs.whole import WHOLE, read_whole
from grokterm.session.commands import GoOn
from grokterm.session.remote.heard import Heard
from grokterm.session.remote.reading import check_hello, read_command
from grokterm.session.state import LabState, fold
from grokterm.sweeps.members import members_of
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.lease import is_claimed, read_claim
from grokterm.sweeps.storage.tables import columns_of
from grokterm.tui.appearance.preferences import RememberedPreferences, read_preferences
from grokterm.tui.appearance.remembered import default_runs_dir, has_own_keys, remembered_link, remembered_theme
from grokterm.views.earlier import load_overlays
from tests.fuzzing.good import DATASET, EXPERIMENT, JOURNAL, MEMBERS, META, SWEPT, TINY
from tests.runs.records import checkpointed, started

Reader = Callable[[bytes, Path], object]


def use_preset(content: bytes, folder: Path) -> None:
    (path := folder / "p.toml").write_bytes(content)
    preset = find_preset(str(path))
    str((preset.title, preset.source))
    if preset.sweep is not None:
        str(preset.sweep.n_points)
    preset.experiment.to_toml()


def _written(folder: Path, name: str, content: bytes) -> Run:
    """A run, of which one file is exchanged."""
    for other, text in {"experiment.toml": TINY.encode(), "meta.json": META, "journal.jsonl": JOURNAL, name: content}.items():
        (folder / other).write_bytes(text)
    return Run(folder)


def use_journal(content: bytes, folder: Path) -> None:
    run = _written(folder, "journal.jsonl", content)
    try:
        read_in_brief(run.journal)
        records = read_journal(run.journal)
        summarize(run, records).to_json()
        state = fold(LabState(run.experiment), records)
        str((state.milestones, state.events, len(state.curves)))
    finally:
        rewind_journal(run.journal)


def use_listed(content: bytes, folder: Path) -> None:
    run = _written(folder, "journal.jsonl", content[: len(content) // 2])
    facts = read_facts(folder)
    run.journal.write_bytes(content)
    read_facts(folder, facts.skim)
    load_overlays([folder])


def use_followed(content: bytes, folder: Path) -> None:
    run = _written(folder, "journal.jsonl", content[: len(content) // 2])
    (reader := JournalReader(run.journal)).read()
    run.journal.write_bytes(content)
    reader.read()


def use_settings(content: bytes, folder: Path) -> None:
    read_facts(_written(folder, "experiment.toml", content).path)
    str(Run(folder).experiment)


def use_meta(content: bytes, folder: Path) -> None:
    run = _written(folder, "meta.json", content)
    str((run.preset, made_at(run), rounding_note(run.meta, json.loads(META))))
    read_facts(folder)
    str(run.experiment)


def use_annotations(content: bytes, folder: Path) -> None:
    (folder / FILE).write_bytes(content)
    read_annotations(folder).tagged(["one"]).noted("a note")


def use_checkpoint(content: bytes, folder: Path) -> None:
    (path := folder / "step-00000010.safetensors").write_bytes(content)
    load_checkpoint(path)


def use_restored(content: bytes, folder: Path) -> None:
    run = _written(folder, "journal.jsonl", b"")
    (folder / "checkpoints").mkdir(exist_ok=True)
    (folder / "checkpoints" / "step-00000010.safetensors").write_bytes(content)
    restore_trainer(run, run.experiment, [started(), checkpointed(10)])


def use_starting_weights(content: bytes, folder: Path) -> None:
    (path := folder / "w.safetensors").write_bytes(content)
    network_of(
        Experiment.from_settings(EXPERIMENT.settings() | {"model": EXPERIMENT.model.model_dump() | {"start_from": str(path)}})
    )


def use_index(content: bytes, folder: Path) -> None:
    """Exchange the row of a run: what SQLite itself refuses is another kind."""
    index = IndexFile.of(folder)
    index.path.write_bytes(indexed(folder))
    with closing(sqlite3.connect(index.path)) as database, database:
        database.execute("UPDATE runs SET entry = ?", (content.decode("utf-8", "replace"),))
    str(RunIndex(folder).rows())


@cache
def indexed(folder: Path) -> bytes:
    """Return the index of a folder that gets a run."""
    (folder / "r").mkdir()
    _written(folder / "r", "journal.jsonl", JOURNAL)
    RunIndex(folder).rows()
    return IndexFile.of(folder).path.read_bytes()


def use_index_file(content: bytes, folder: Path) -> None:
    IndexFile.of(folder).path.write_bytes(content)
    str(IndexFile.of(folder).load())


def use_preferences(content: bytes, folder: Path) -> None:
    (path := folder / "preferences.toml").write_bytes(content)
    str((remembered_theme(path, ("a",)), remembered_link(path), has_own_keys(path), default_runs_dir(path)))
    remembered = RememberedPreferences(path, _ignore)
    load_overlays(map(Path, remembered.values.overlays))
    remembered.change(x_scale="linear" if remembered.values.x_scale == "log" else "log")
    read_preferences(path)


def _ignore(_: str) -> None:
    """What is told of a file that cannot be changed."""


def use_sweep(content: bytes, folder: Path) -> None:
    (folder / "sweep.toml").write_bytes(content)
    sweep = SweepFolder(folder)
    if sweep.sweep.n_points * sweep.sweep.seeds < 20:
        members_of(sweep.settings, sweep.sweep)


def use_sweep_meta(content: bytes, folder: Path) -> None:
    (folder / "meta.json").write_bytes(content)
    str(SweepFolder(folder).preset)


def use_result(content: bytes, folder: Path) -> None:
    for name in ("results", "members"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "sweep.toml").write_text(TINY + SWEPT, encoding="utf-8")
    (folder / "results" / f"{MEMBERS[0].key}.json").write_bytes(content)
    (outside := folder / "outside.json").touch()
    sweep = SweepFolder(folder)
    list(csv_of([columns_of(MEMBERS, sweep.results())]))
    sweep.forget_unmeasured(["ipr"])
    sweep.forget_failed()
    assert outside.exists()


def use_lease(content: bytes, folder: Path) -> None:
    (path := folder / "k").write_bytes(content)
    str((read_claim(path), is_claimed(path)))


def use_holder(content: bytes, folder: Path) -> None:
    (folder / "lock").touch()
    inode = b'"inode":%d' % (folder / "lock").stat().st_ino
    (folder / HOLDER).write_bytes(content.replace(b'"inode":7', inode))
    str((holder_of(folder), refusal(folder)))


def use_whole(content: bytes, folder: Path) -> None:
    (folder / WHOLE).write_bytes(content)
    read_whole(Run(folder))


def use_lines(content: bytes, _: Path) -> None:
    first, *others = content.split(b"\n")
    for check in (partial(check_hello, first), *(partial(_command, text) for text in others)):
        try:
            check()
        except GroktermError as error:
            str(error)


def _command(text: bytes) -> None:
    command = read_command(text)
    str(command)
    if isinstance(command, Set):
        EXPERIMENT.changed(command)
    elif isinstance(command, GoOn):
        EXPERIMENT.extended(command.extend.steps, None)
    elif isinstance(command, Swap):
        command.applied(DATASET)


def use_heard(content: bytes, folder: Path) -> None:
    heard = Heard(_written(folder, "journal.jsonl", b""), BytesIO(content))
    try:
        while heard.take():
            str((heard.state, heard.state.latest("val_loss"), heard.state.until(heard.state.step // 2)))
            f"{heard.state.step:,} of {heard.state.steps:,} in {heard.state.seconds:.1f} s"
            if heard.analysis is not None:
                str((heard.analysis.parameter_norm, heard.analysis.spectrum, heard.analysis.snapshot.dataset.train))
    except (OSError, ValueError) as error:  # as the thread that reads takes them
        raise GroktermError(type(error).__name__) from None


def valued(read: Callable[[bytes], object]) -> Reader:
    def reader(content: bytes, _: Path) -> None:
        try:
            read(content)
        except ValueError as error:  # which the settings that name the file make a ConfigError of
            raise GroktermError(str(error)) from None

    return reader
