"""States, datasets and pictures as messages with arrays, and back."""

from collections.abc import Iterator, Mapping
from dataclasses import fields as fields_of
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
from jaxtyping import Bool
from pydantic import PlainSerializer, PlainValidator, ValidationInfo, create_model
from safetensors import SafetensorError
from safetensors.numpy import load, save

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.files import copied, located
from grokterm.inspection.snapshot import LayerPicture, Snapshot, picture_of
from grokterm.models.layers import Layer
from grokterm.session.remote.messages import Changed, LayerSeen, Pictured, Sides, line
from grokterm.session.state import LabState
from grokterm.tasks import dataset as datasets
from grokterm.tasks.dataset import Dataset
from grokterm.tasks.equations import NO_ANSWER, Equations
from grokterm.tasks.operations import find_operation

ROW = np.dtype("<f8")  # of a number of the curves
ROWS_AT_ONCE = 2**15

MOST_ROOM = 4  # times the evaluations that have come, for those that are announced

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
        ValueError: if it is no state, or the first one tells of no experiment.
    """
    read = _Fields.model_validate(message.fields | message.grown, context=run)
    new = {name: getattr(read, name) for name in read.model_fields_set}
    if known is None and "experiment" not in new:
        raise ValueError("a first state has no experiment")
    before = LabState(new["experiment"]) if known is None else known
    grown = {name: (*getattr(before, name), *new[name]) for name in GROWING if name in new}
    rows = np.frombuffer(content, ROW).reshape(-1, message.n_columns)
    if not (rows[:, 0] >= 0).all():
        raise ValueError("an evaluation has no step")
    room = min(message.n_rows, MOST_ROOM * (len(before.curves) + len(rows)))  # announced, and not seen yet
    return replace(before, **{**new, **grown}, curves=before.curves.appended(rows, room))


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
    """Return the dataset of an experiment at that time.

    Raises:
        ConfigError: if there is no such operation.
        ValueError: if arrays are missing, or are not those of a dataset.
    """
    own, n_operands = experiment.task.own, message.n_operands
    n_elements = find_operation(message.operation, own, n_operands).n_elements(message.modulus)
    arrays = _arrays(content)

    def masked(name: str) -> Bool[np.ndarray, " tuples"]:
        return _array(arrays, name, np.bool_, (n_elements**n_operands,))

    def side(name: str) -> Equations:
        answers = _array(arrays, f"{name}.answers", np.int64, (-1,), range(NO_ANSWER, n_elements))
        operands = _array(arrays, f"{name}.operands", np.int64, (len(answers), n_operands), range(n_elements))
        return Equations(operands, answers)

    return Dataset(
        own=own,
        exists=masked("exists"),
        was_trained=masked("was_trained"),
        sides=datasets.Sides(*map(side, datasets.Sides._fields)),
        **message.model_dump(exclude={"message", "n_bytes"}),
    )


def _arrays(content: bytes) -> dict[str, np.ndarray]:
    try:
        return load(content)
    except (SafetensorError, LookupError, TypeError) as error:  # the last two are of kinds that NumPy lacks
        raise ValueError(f"no arrays: {error}") from None


def _array(
    arrays: Mapping[str, np.ndarray], name: str, kind: type[np.generic], shape: tuple[int, ...], values: range = range(0)
) -> np.ndarray:
    """Find an array of this kind and shape, in which -1 is any length, with numbers of this range."""
    found = arrays.get(name)
    if found is None or found.dtype != kind or len(found.shape) != len(shape):
        raise ValueError(f"{name} is missing, or of another kind")
    if any(wanted not in (-1, size) for wanted, size in zip(shape, found.shape, strict=True)):
        raise ValueError(f"{name} has the shape {found.shape}, not {shape}")
    if values and found.size and not (found.min() in values and found.max() in values):
        raise ValueError(f"{name} has numbers that are not of {values}")
    return found


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
    """Return the network, with its dataset.

    Raises:
        ValueError: if arrays are missing, or a layer is no matrix.
    """
    arrays = _arrays(content)
    wanted = [*(f"parameters.{name}" for name in message.parameters), *(f"statistics.{name}" for name in message.statistics)]
    layers = [Layer(**seen.model_dump()) for seen in message.layers]
    named = {*(layer.parameter for layer in layers), *(message.circuit or ())}
    if not arrays.keys() >= {*wanted} or not named <= {*message.parameters}:
        raise ValueError("a picture lacks what it names")
    # Copied, because torch wants arrays that it may write into.
    parameters = {name: arrays[f"parameters.{name}"].copy() for name in message.parameters}
    statistics = {name: arrays[f"statistics.{name}"].copy() for name in message.statistics}
    if any(parameters[layer.parameter].ndim != 2 for layer in layers):
        raise ValueError("a layer is no matrix")
    pictures = {layer.parameter: picture_of(layer, parameters[layer.parameter], dataset.n_elements) for layer in layers}
    if not _fits(message.circuit, pictures):
        raise ValueError("the matrices of a circuit do not fit together")
    return Snapshot(message.step, pictures, parameters, statistics, dataset, message.circuit)


def _fits(circuit: tuple[str, str, str] | None, pictures: Mapping[str, LayerPicture]) -> bool:
    """Tell whether the matrices of a circuit are pictured, and have a row a residue and a column a neuron each."""
    if circuit is None:
        return True
    shapes = {pictures[name].weights.shape if name in pictures else () for name in circuit}
    return len(shapes) == 1 and () not in shapes
