"""Every kind of file, and of line from a socket, that grokterm reads: good ones, and what reads them.

A reader gets the content and an empty folder for the file. It returns, or raises a GroktermError; what it reads is used as a
command would use it, where that takes less than a millisecond.
"""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from safetensors.torch import save

from grokterm.errors import GroktermError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Extend, Set, Swap
from grokterm.experiment.reading.presets import find_preset, list_presets
from grokterm.experiment.recording.packing import packed
from grokterm.experiment.recording.records import Branched, Inspected, Reached, Record
from grokterm.experiment.sweep import Sweep
from grokterm.models.build import network_of
from grokterm.runs.checkpoint import checkpoint_content, load_checkpoint
from grokterm.runs.export.columns import csv_of
from grokterm.runs.following import JournalReader
from grokterm.runs.journal import journal_line, read_in_brief, read_journal, rewind_journal
from grokterm.runs.listing.annotations import FILE, read_annotations
from grokterm.runs.listing.file import IndexFile
from grokterm.runs.listing.index import RunIndex
from grokterm.runs.listing.reading import read_facts
from grokterm.runs.lock import HOLDER, Holder, holder_of, refusal
from grokterm.runs.owner import this_process
from grokterm.runs.replay import restore_trainer
from grokterm.runs.results.summary import summarize
from grokterm.runs.resume import rounding_note
from grokterm.runs.store import Run, made_at
from grokterm.runs.whole import WHOLE, read_whole
from grokterm.session.commands import GoOn, SetPace
from grokterm.session.remote.messages import HELLO, line
from grokterm.session.remote.reading import check_hello, read_command
from grokterm.session.state import LabState, fold
from grokterm.sweeps.members import members_of
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.lease import Claim, is_claimed, read_claim
from grokterm.sweeps.storage.result import Result
from grokterm.sweeps.storage.tables import columns_of
from grokterm.tasks.split_file import read_split
from grokterm.tasks.tables import read_table
from grokterm.training.trainer import make_trainer
from grokterm.tui.appearance.preferences import RememberedPreferences, read_preferences
from grokterm.tui.appearance.remembered import default_runs_dir, has_own_keys, remembered_link, remembered_theme
from grokterm.views.earlier import load_overlays
from tests.fuzzing.mutation import Format
from tests.runs.records import acted, checkpointed, evaluated, finished, started

TINY = """title = "Tiny"
source = "ours"
seed = 0
device = "cpu"
[task]
operation = "add"
modulus = 5
train_fraction = 0.6
[model]
architecture = "mlp"
width = 4
scaling = "doshi"
[optimizer]
kind = "adamw"
learning_rate = 1e-2
[training]
steps = 60
evaluate_every = 5
[[interventions]]
at_step = 20
swap = { train_fraction = 0.4 }
"""
SWEPT = """
[sweep]
seeds = 2
grid = { "task.train_fraction" = "0.2:0.6:0.2", "optimizer.learning_rate" = "1e-4:1:log3" }
variants = { small = { "model.width" = 3 }, large = { "model.width" = 5 } }
measure = "val_accuracy"
"""
EXPERIMENT = Experiment.from_toml(TINY)

Reader = Callable[[bytes, Path], object]


@dataclass(frozen=True)
class Kind:
    """Files of one kind."""

    form: Format
    good: tuple[bytes, ...]
    read: Reader


def _preset(content: bytes, folder: Path) -> None:
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


def _journal(content: bytes, folder: Path) -> None:
    run = _written(folder, "journal.jsonl", content)
    try:
        read_in_brief(run.journal)
        records = read_journal(run.journal)
        summarize(run, records).to_json()
        state = fold(LabState(run.experiment), records)
        str((state.milestones, state.events, len(state.curves)))
    finally:
        rewind_journal(run.journal)


def _listed(content: bytes, folder: Path) -> None:
    run = _written(folder, "journal.jsonl", content[: len(content) // 2])
    facts = read_facts(folder)
    run.journal.write_bytes(content)
    read_facts(folder, facts.skim)
    load_overlays([folder])


def _followed(content: bytes, folder: Path) -> None:
    run = _written(folder, "journal.jsonl", content[: len(content) // 2])
    (reader := JournalReader(run.journal)).read()
    run.journal.write_bytes(content)
    reader.read()


def _settings(content: bytes, folder: Path) -> None:
    read_facts(_written(folder, "experiment.toml", content).path)
    str(Run(folder).experiment)


def _meta(content: bytes, folder: Path) -> None:
    run = _written(folder, "meta.json", content)
    str((run.preset, made_at(run), rounding_note(run.meta, json.loads(META))))
    read_facts(folder)
    str(run.experiment)


def _annotations(content: bytes, folder: Path) -> None:
    (folder / FILE).write_bytes(content)
    read_annotations(folder).tagged(["one"]).noted("a note")


def _checkpoint(content: bytes, folder: Path) -> None:
    (path := folder / "step-00000010.safetensors").write_bytes(content)
    load_checkpoint(path)


def _restored(content: bytes, folder: Path) -> None:
    run = _written(folder, "journal.jsonl", b"")
    (folder / "checkpoints").mkdir(exist_ok=True)
    (folder / "checkpoints" / "step-00000010.safetensors").write_bytes(content)
    restore_trainer(run, run.experiment, [started(), checkpointed(10)])


def _starting_weights(content: bytes, folder: Path) -> None:
    (path := folder / "w.safetensors").write_bytes(content)
    network_of(
        Experiment.from_settings(EXPERIMENT.settings() | {"model": EXPERIMENT.model.model_dump() | {"start_from": str(path)}})
    )


def _index(content: bytes, folder: Path) -> None:
    """Exchange the row of a run: what SQLite itself refuses is another kind."""
    index = IndexFile.of(folder)
    index.path.write_bytes(_indexed(folder))
    with closing(sqlite3.connect(index.path)) as database, database:
        database.execute("UPDATE runs SET entry = ?", (content.decode("utf-8", "replace"),))
    str(RunIndex(folder).rows())


@cache
def _indexed(folder: Path) -> bytes:
    """Return the index of a folder that gets a run."""
    (folder / "r").mkdir()
    _written(folder / "r", "journal.jsonl", JOURNAL)
    RunIndex(folder).rows()
    return IndexFile.of(folder).path.read_bytes()


def _index_file(content: bytes, folder: Path) -> None:
    IndexFile.of(folder).path.write_bytes(content)
    str(IndexFile.of(folder).load())


def _preferences(content: bytes, folder: Path) -> None:
    (path := folder / "preferences.toml").write_bytes(content)
    str((remembered_theme(path, ("a",)), remembered_link(path), has_own_keys(path), default_runs_dir(path)))
    remembered = RememberedPreferences(path, _ignore)
    load_overlays(map(Path, remembered.values.overlays))
    remembered.change(x_scale="linear" if remembered.values.x_scale == "log" else "log")
    read_preferences(path)


def _ignore(_: str) -> None:
    """What is told of a file that cannot be changed."""


def _sweep(content: bytes, folder: Path) -> None:
    (folder / "sweep.toml").write_bytes(content)
    sweep = SweepFolder(folder)
    if sweep.sweep.n_points * sweep.sweep.seeds < 20:
        members_of(sweep.settings, sweep.sweep)


def _sweep_meta(content: bytes, folder: Path) -> None:
    (folder / "meta.json").write_bytes(content)
    str(SweepFolder(folder).preset)


def _result(content: bytes, folder: Path) -> None:
    for name in ("results", "members"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "sweep.toml").write_text(TINY + SWEPT, encoding="utf-8")
    (folder / "results" / f"{MEMBERS[0].key}.json").write_bytes(content)
    (outside := folder / "outside.json").touch()
    sweep = SweepFolder(folder)
    csv_of(columns_of(MEMBERS, sweep.results()))
    sweep.forget_unmeasured(["ipr"])
    sweep.forget_failed()
    assert outside.exists()


def _lease(content: bytes, folder: Path) -> None:
    (path := folder / "k").write_bytes(content)
    str((read_claim(path), is_claimed(path)))


def _holder(content: bytes, folder: Path) -> None:
    (folder / "lock").touch()
    inode = b'"inode":%d' % (folder / "lock").stat().st_ino
    (folder / HOLDER).write_bytes(content.replace(b'"inode":7', inode))
    str((holder_of(folder), refusal(folder)))


def _whole(content: bytes, folder: Path) -> None:
    (folder / WHOLE).write_bytes(content)
    read_whole(Run(folder))


def _said(content: bytes, _: Path) -> None:
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


def _valued(read: Callable[[bytes], object]) -> Reader:
    def reader(content: bytes, _: Path) -> None:
        try:
            read(content)
        except ValueError as error:  # which the settings that name the file make a ConfigError of
            raise GroktermError(str(error)) from None

    return reader


def _numpy(array: np.ndarray) -> bytes:
    np.save(file := BytesIO(), array)
    return file.getvalue()


def _records() -> list[Record]:
    return [
        started(owner=this_process().model_dump()),
        Branched(step=0, parent="other-20200101-000000", path="/nowhere", changes=("training.steps=60",)),
        *(evaluated(step) for step in range(0, 40, 5)),
        Reached(step=40, milestone="memorized"),
        Inspected.model_validate(
            {"step": 40, "ipr": 0.5, "key_frequencies": [1, 2], "phase_alignment": {"mean": 0.1, "resultant": 1}}
        ),
        checkpointed(40),
        acted(40, Swap(train_fraction=0.4)),
        acted(40, Set(values={"optimizer.learning_rate": 1e-3})),
        evaluated(45),
        finished(45),
    ]


def _lines(records: list[Record]) -> bytes:
    return b"".join(map(journal_line, records))


MADE = {"preset": "tiny", "created": "2026-01-01T00:00:00+00:00", "torch": "2.6", "arithmetic": {"a": "b"}, "threads": 1}
META = json.dumps(MADE | {"device": "cpu", "engine": "eager", "numpy": "2.1"}).encode()
NEEDING = json.dumps(MADE | {"plugins": [{"kind": "operation", "name": "cube", "source": "p.py", "sha256": "00"}]}).encode()
JOURNAL = _lines(_records())
JOURNAL_PACKED = _lines(list(packed(_records())))
DATASET = EXPERIMENT.task.dataset(0)
MEMBERS = members_of(EXPERIMENT.settings(), Sweep.from_settings({"seeds": 2}))
TENSORS = make_trainer(EXPERIMENT).tensors()
OWNER = this_process().model_dump()


def _good_index() -> tuple[bytes, bytes]:
    """Return an index of one run, and its row."""
    with TemporaryDirectory() as folder:
        content = _indexed(Path(folder))
        with closing(sqlite3.connect(IndexFile.of(Path(folder)).path)) as database:
            ((entry,),) = database.execute("SELECT entry FROM runs")
    return content, entry.encode()


PRESETS = tuple(preset.text.encode() for preset in list_presets())
CHECKPOINT = checkpoint_content(10, TENSORS, EXPERIMENT)
WEIGHTS = save({name.removeprefix("weights."): value for name, value in TENSORS.items() if name.startswith("weights.")})
ODD = save({"a": torch.ones(2, dtype=torch.bfloat16), "b": torch.zeros(0, 3), "c": torch.tensor(1)})
INDEX, ENTRY = _good_index()
HELD = Holder(**OWNER, socket="/tmp/s", inode=7).model_dump_json().encode()
SAID = b"".join(
    map(
        line,
        (
            HELLO,
            SetPace(steps_per_second=5.0),
            Set(values={"optimizer.learning_rate": 1e-3}),
            Swap(train_fraction=0.4),
            GoOn(extend=Extend(steps=90)),
        ),
    )
)
PREFERENCES = b"""# mine
theme = "dracula"
bell = true
runs_dir = "~/runs"
link = "slow"
x_scale = "log"
overlays = ["runs/a", "runs/b"]
[keys]
pause = "p"
swap = "w"
"""
RESULT = (
    Result(key=MEMBERS[0].key, memorized_at=5, val_accuracy=0.5, metrics={"ipr": 0.5}, steps=60, host="h")
    .model_dump_json()
    .encode()
)

KINDS: dict[str, Kind] = {
    "preset": Kind("toml", (TINY.encode(), (TINY + SWEPT).encode(), *PRESETS), _preset),
    "settings of a run": Kind("toml", (TINY.encode(),), _settings),
    "meta of a run": Kind("json", (META, NEEDING), _meta),
    "notes": Kind("json", (b'{"is_pinned": true, "tags": ["a", "b"], "note": "written"}',), _annotations),
    "journal": Kind("json", (JOURNAL,), _journal),
    "journal, packed": Kind("json", (JOURNAL_PACKED,), _journal),
    "journal, listed": Kind("json", (JOURNAL, JOURNAL_PACKED), _listed),
    "journal, followed": Kind("json", (JOURNAL, JOURNAL_PACKED), _followed),
    "checkpoint": Kind("safetensors", (CHECKPOINT, ODD), _checkpoint),
    "checkpoint, restored": Kind("safetensors", (CHECKPOINT,), _restored),
    "starting weights": Kind("safetensors", (WEIGHTS, CHECKPOINT), _starting_weights),
    "index": Kind("csv", (INDEX,), _index_file),
    "index, a row": Kind("json", (ENTRY,), _index),
    "preferences": Kind("toml", (PREFERENCES,), _preferences),
    "sweep.toml": Kind("toml", ((TINY + SWEPT).encode(),), _sweep),
    "meta of a sweep": Kind("json", (b'{"preset": "tiny", "created": "2026-01-01T00:00:00+00:00"}',), _sweep_meta),
    "result of a member": Kind("json", (RESULT,), _result),
    "lease": Kind("json", (Claim(**OWNER, nonce="00").model_dump_json().encode(),), _lease),
    "holder of a run": Kind("json", (HELD,), _holder),
    "mixture of a part": Kind(
        "json", (json.dumps({"settings": EXPERIMENT.settings(), "preset": "p", "name": "n"}).encode(),), _whole
    ),
    "lines of a socket": Kind("json", (SAID,), _said),
    "split file": Kind(
        "csv", (b"a,b,side\n0,1,train\n1,1,val\n2,3,train\n",), _valued(lambda content: read_split(content, 2, 5))
    ),
    "table, CSV": Kind("csv", (b"0,1,2\n1,2,0\n2,0,-1\n",), _valued(lambda content: read_table(content, ".csv"))),
    "table, npy": Kind(
        "npy",
        tuple(_numpy(np.ones((3, 3), kind)) for kind in ("int64", "uint8", ">i2")),
        _valued(lambda content: read_table(content, ".npy")),
    ),
}
