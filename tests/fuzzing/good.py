"""Good files, from which damaged ones are made."""

import json
from io import BytesIO

import numpy as np
import torch
from safetensors.torch import save

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Extend, Set, Swap
from grokterm.experiment.reading.presets import list_presets
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.inspected import Inspected
from grokterm.experiment.recording.packing import packed
from grokterm.experiment.recording.records import Advanced, Branched, Reached, Record
from grokterm.experiment.sweep import Sweep
from grokterm.runs.checkpoint import checkpoint_content
from grokterm.runs.journal import journal_line
from grokterm.runs.lock import Holder
from grokterm.runs.owner import this_process
from grokterm.session.commands import GoOn, SetPace
from grokterm.session.remote.messages import HELLO, Ended, Happened, line
from grokterm.session.remote.packing import pack_picture, pack_sides, pack_state
from grokterm.session.state import LabState, fold
from grokterm.sweeps.members import members_of
from grokterm.sweeps.storage.result import Result
from grokterm.training.trainer import make_trainer
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


def numpy_bytes(array: np.ndarray) -> bytes:
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
PRESETS = tuple(preset.text.encode() for preset in list_presets())
CHECKPOINT = checkpoint_content(10, TENSORS, EXPERIMENT)
WEIGHTS = save({name.removeprefix("weights."): value for name, value in TENSORS.items() if name.startswith("weights.")})
ODD = save({"a": torch.ones(2, dtype=torch.bfloat16), "b": torch.zeros(0, 3), "c": torch.tensor(1)})
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
_EVENTS = [record for record in _records() if not isinstance(record, Evaluated)]
_LATER = line(Happened(records=[evaluated(50), *_EVENTS, Advanced(step=55, seconds=1.0, steps_per_second=9.0)])) + line(Ended())
HEARD = tuple(
    b"".join(part for pair in pack_state(None, fold(LabState(EXPERIMENT), records)) for part in map(bytes, pair)) + _LATER
    for records in (_records(), _EVENTS)
)
_SNAPSHOT = make_trainer(EXPERIMENT).snapshot()
PICTURED = pack_sides(_SNAPSHOT.dataset) + pack_picture(_SNAPSHOT)
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
