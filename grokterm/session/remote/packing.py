"""States, datasets and pictures as messages with arrays, and back."""

from collections.abc import Iterator
from dataclasses import fields as fields_of
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
from pydantic import PlainSerializer, PlainValidator, ValidationInfo, create_model
from safetensors.numpy import load, save

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.files import copied, located
from grokterm.inspection.snapshot import Snapshot, picture_of
from grokterm.models.layers import Layer
from grokterm.session.remote.messages import Changed, LayerSeen, Pictured, Sides, line
from grokterm.session.state import LabState
from grokterm.tasks import dataset as datasets
from grokterm.tasks.dataset import Dataset
from grokterm.tasks.equations import Equations

ROW = np.dtype("<f8")  # of a number of the curves
ROWS_AT_ONCE = 2**15

GROWING = ("inspections", "events", "refusals", "former")  # fields of a state that only grow, besides its curves


def _written(experiment: Experiment) -> dict[str, Any]:
    return copied(experiment.settings())[0]


def _read(settings: dict[str, Any], info: ValidationInfo) -> Experiment:
    """Read settings whose files are copied in the folder of the run."""
    assert isinstance(info.context, Path)
    return Experiment.from_settings(located(settings, info.context), is_running=True)


_OnWire = Annotated[Experiment, PlainSerializer(_written), PlainValidator(_read)]
_TYPES: Final[dict[str, Any]] = {
    **{field.name: field.type for field in fields_of(LabState) if field.name != "curves"},
    "experiment": _OnWire,
    "former": tuple[tuple[int, _OnWire], ...],
}
_OPTIONAL: dict[str, Any] = {name: (kind, None) for name, kind in _TYPES.items()}
_Fields = create_model("_Fields", **_OPTIONAL)
"""The fields of a state without its curves, each of which may be missing."""


def pack_state(known: LabState | None, state: LabState) -> Iterator[tuple[bytes, memoryview]]:
    """Write what is new in a later state, all of it if none is known: lines, each with the bytes that follow it.

    More than one line for many evaluations: rows of millions at once would take several times the memory of the columns.
    """
    before = {} if known is None else vars(known)
    new = {name: value for name in _TYPES if (value := getattr(state, name)) is not before.get(name, _Fields)}
    grown = {name: new[name][len(before.get(name, ())) :] for name in GROWING if name in new}
    fields, n_known = (
        {name: value for name, value in new.items() if name not in GROWING},
        0 if known is None else len(known.curves),
    )
    for first in range(n_known, max(len(state.curves), n_known + 1), ROWS_AT_ONCE):
        rows = np.ascontiguousarray(state.curves.between(first, first + ROWS_AT_ONCE), ROW)
        message = Changed(
            fields=_plain(fields),
            grown=_plain(grown),
            n_rows=len(state.curves),
            n_columns=rows.shape[1],
            n_bytes=rows.nbytes,
        )
        yield line(message), rows.data.cast("B") if rows.size else memoryview(b"")
        fields, grown = {}, {}


def unpack_state(known: LabState | None, message: Changed, content: bytes, run: Path) -> LabState:
    """Return the later state.

    Raises:
        ConfigError: if a file that the settings name is missing in the run.
    """
    read = _Fields.model_validate(message.fields | message.grown, context=run)
    new = {name: getattr(read, name) for name in read.model_fields_set}
    before = LabState(new["experiment"]) if known is None else known
    grown = {name: (*getattr(before, name), *new[name]) for name in GROWING if name in new}
    rows = np.frombuffer(content, ROW).reshape(-1, message.n_columns)
    return replace(before, **{**new, **grown}, curves=before.curves.appended(rows, message.n_rows))


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return _Fields.model_construct(**values).model_dump(mode="json", exclude_unset=True)


def pack_sides(dataset: Dataset) -> bytes:
    """Write a dataset: a line, and the bytes that follow it."""
    arrays = {"exists": dataset.exists, "was_trained": dataset.was_trained}
    for name, side in dataset.sides._asdict().items():
        arrays |= {f"{name}.operands": side.operands, f"{name}.answers": side.answers}
    content = save(arrays)
    told = {name: getattr(dataset, name) for name in Sides.model_fields if hasattr(dataset, name)}
    return line(Sides(**told, n_bytes=len(content))) + content


def unpack_sides(message: Sides, content: bytes, experiment: Experiment) -> Dataset:
    """Return the dataset of an experiment at that time."""
    arrays = load(content)
    sides = (Equations(arrays[f"{name}.operands"], arrays[f"{name}.answers"]) for name in datasets.Sides._fields)
    return Dataset(
        own=experiment.task.own,
        exists=arrays["exists"],
        was_trained=arrays["was_trained"],
        sides=datasets.Sides(*sides),
        **message.model_dump(exclude={"message", "n_bytes"}),
    )


def pack_picture(snapshot: Snapshot) -> bytes:
    """Write a network, without its dataset: a line, and the bytes that follow it."""
    arrays = {f"parameters.{name}": value for name, value in snapshot.parameters.items()}
    arrays |= {f"statistics.{name}": value for name, value in snapshot.statistics.items()}
    content = save({name: np.asarray(value, order="C") for name, value in arrays.items()})
    layers = [
        LayerSeen(parameter=name, label=layer.label, rows=layer.rows, transposed=layer.transposed)
        for name, layer in snapshot.layers.items()
    ]
    message = Pictured(
        step=snapshot.step,
        parameters=list(snapshot.parameters),
        statistics=list(snapshot.statistics),
        layers=layers,
        circuit=snapshot.circuit,
        n_bytes=len(content),
    )
    return line(message) + content


def unpack_picture(message: Pictured, content: bytes, dataset: Dataset) -> Snapshot:
    """Return the network, with its dataset."""
    arrays = load(content)
    # Copied, because torch wants arrays that it may write into.
    parameters = {name: arrays[f"parameters.{name}"].copy() for name in message.parameters}
    statistics = {name: arrays[f"statistics.{name}"].copy() for name in message.statistics}
    layers = [Layer(**seen.model_dump()) for seen in message.layers]
    pictures = {layer.parameter: picture_of(layer, parameters[layer.parameter], dataset.n_elements) for layer in layers}
    return Snapshot(message.step, pictures, parameters, statistics, dataset, message.circuit)
