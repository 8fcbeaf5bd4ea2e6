"""A forward pass over the whole table of equations that records hidden values. It does not touch the network in training."""

from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from threading import Lock
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor
from torch.func import functional_call

from grokterm.analysis.observation import Observation, Side
from grokterm.engines.arithmetic import steady_arithmetic
from grokterm.engines.batches import DeviceEquations, to_device
from grokterm.engines.thread_pool import ThreadPool
from grokterm.inspection.observer import NOTHING, Columns, Window
from grokterm.inspection.snapshot import Snapshot
from grokterm.models.hook_points import forward_hooks
from grokterm.models.network import Network
from grokterm.models.sequences import TokenNetwork
from grokterm.optim.rules import Weights
from grokterm.tasks.dataset import Dataset
from grokterm.tasks.equations import Equations


class _Recorded(NamedTuple):
    """What is kept of a block of equations."""

    predicted: Tensor
    right_scores: Tensor
    scores: Tensor | None
    values: dict[str, Tensor]


class ForwardPass:
    """A copy of a network on the CPU that runs with the weights of any snapshot of it; threads take turns."""

    def __init__(self, network: Network, threads: int = 1) -> None:
        copy = deepcopy(network).cpu()
        self._is_half = any(parameter.dtype == torch.bfloat16 for parameter in copy.parameters())  # numpy copies are float32
        points = copy.hook_points.items()
        self.neurons = tuple(label for label, point in points if point.kind == "neurons")
        self.attention = tuple(label for label, point in points if point.kind == "attention")
        self.tokens = tuple(copy.prompt.split()) if isinstance(copy, TokenNetwork) else ()
        self._pool = ThreadPool(copy, threads)
        self._known: dict[int | None, tuple[Dataset, Equations, DeviceEquations]] = {}
        self._lock = Lock()  # functional_call and hooks change the network while it runs

    def observe(  # noqa: PLR0913 - what to keep, and of which equations
        self,
        snapshot: Snapshot,
        *,
        scores: bool = False,
        neurons: Columns = NOTHING,
        attention: bool = False,
        window: Window | None = None,
        held: int | None = None,
        most: int | None = None,
    ) -> Observation:
        """Pass equations through the network, as Observer says."""
        with self._lock:
            table, equations = self._equations(snapshot.dataset, held)
        if most is not None:
            table, equations = table[:most], equations.rows(slice(most))
        if window is not None:
            rows = np.flatnonzero(np.isin(table.operands[:, 0], window[0]) & np.isin(table.operands[:, 1], window[1]))
            table, equations = table[rows], equations.rows(torch.from_numpy(rows))
        weights = {name: torch.from_numpy(value) for name, value in {**snapshot.parameters, **snapshot.statistics}.items()}
        if self._is_half:
            weights = {name: value.bfloat16() for name, value in weights.items()}
        heads: Columns = dict.fromkeys(self.attention if attention else (), slice(None))
        record = partial(_record, weights=weights, wanted={**neurons, **heads}, keep_scores=scores)
        with self._lock, steady_arithmetic():
            blocks = list(self._pool.map(record, equations.blocks))
        return Observation(
            n_elements=snapshot.dataset.n_elements,
            operands=table.operands,
            answers=table.answers,
            truth=snapshot.dataset.definition.answers(table.operands, snapshot.dataset.modulus, snapshot.dataset.seed),
            sides=_sides(snapshot.dataset, table),
            predicted=_joined([block.predicted for block in blocks]),
            right_scores=_joined([block.right_scores for block in blocks]),
            scores=_joined([block.scores for block in blocks if block.scores is not None]) if scores else None,
            neurons={label: _joined([block.values[label] for block in blocks]) for label in neurons},
            attention={label: _joined([block.values[label] for block in blocks]) for label in heads},
        )

    def _equations(self, dataset: Dataset, held: int | None) -> tuple[Equations, DeviceEquations]:
        held = None if dataset.n_operands == 2 else held
        known = self._known.get(held)
        if known is None or known[0] is not dataset:
            table = dataset.table if held is None else dataset.plane(held)
            known = self._known[held] = dataset, table, to_device(table, self._pool.network, torch.device("cpu"))
        return known[1:]


@torch.no_grad()
def _record(network: Network, block: DeviceEquations, *, weights: Weights, wanted: Columns, keep_scores: bool) -> _Recorded:
    points = network.hook_points
    answering = -network.n_scored  # the position that predicts the answer
    recorded: dict[str, Tensor] = {}

    def keep(values: Tensor, label: str) -> None:
        if points[label].kind == "attention":
            recorded[label] = values[:, :, answering].clone()
        else:
            recorded[label] = (values[:, answering] if values.ndim == 3 else values)[:, wanted[label]].clone()

    with forward_hooks({points[label]: partial(keep, label=label) for label in wanted}):
        scores = functional_call(network, weights, (block.tokens,))
    answers = block.answers
    if network.n_scored > 1:
        scores, answers = scores[:, 0], answers[:, 0]
    right = scores.gather(1, answers[:, None])[:, 0]
    return _Recorded(scores.argmax(dim=1), right, scores if keep_scores else None, recorded)


def _sides(dataset: Dataset, table: Equations) -> Int[np.ndarray, " equations"]:
    sides = np.full(dataset.shape, Side.NEITHER).ravel()
    sides[dataset.index_of(dataset.train)] = Side.TRAIN
    sides[dataset.index_of(dataset.val)] = Side.VAL
    sides[dataset.index_of(dataset.seen)] = Side.SEEN
    chosen: Int[np.ndarray, " equations"] = sides[dataset.index_of(table)]
    return chosen


def _joined(parts: Sequence[Tensor]) -> np.ndarray:
    whole = torch.cat(list(parts))
    array: np.ndarray = (whole.float() if whole.dtype == torch.bfloat16 else whole).numpy()
    return array
