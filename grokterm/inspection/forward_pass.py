"""Shows a network its whole table of equations and notes what passes, apart from the training that goes on beside it."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import partial
from threading import Lock
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor
from torch.func import functional_call

from grokterm.analysis.observation import Observation, Side
from grokterm.engines.batches import DeviceEquations, to_device
from grokterm.engines.thread_pool import ThreadPool
from grokterm.inspection.snapshot import Snapshot
from grokterm.models.hook_points import watching
from grokterm.models.network import Network
from grokterm.optim.rules import Weights
from grokterm.tasks.dataset import Dataset, Equations

Columns = Mapping[str, slice | Sequence[int]]
"""Which neurons are wanted, or heads, by the label of their place."""

Window = tuple[range, range]
"""The pairs (a, b) that are looked at: a in the first, b in the second."""

NOTHING: Columns = MappingProxyType({})


class _Seen(NamedTuple):
    """What is kept of a block of equations."""

    predicted: Tensor
    right_scores: Tensor
    scores: Tensor | None
    noted: dict[str, Tensor]


class ForwardPass:
    """A copy of a network on the CPU, which takes the weights of any snapshot of it; threads take turns."""

    def __init__(self, network: Network, threads: int = 1) -> None:
        copy = deepcopy(network).cpu()
        points = copy.hook_points.items()
        self.neurons = tuple(label for label, point in points if point.kind == "neurons")
        """The places where hidden neurons can be observed, from the operands to the answer."""

        self.attention = tuple(label for label, point in points if point.kind == "attention")
        """The places where attention can be."""

        self._pool = ThreadPool(copy, threads)
        self._known: tuple[Dataset, Equations, DeviceEquations] | None = None
        self._lock = Lock()

    def observe(
        self,
        snapshot: Snapshot,
        *,
        scores: bool = False,
        neurons: Columns = NOTHING,
        attention: bool = False,
        window: Window | None = None,
    ) -> Observation:
        """Pass the table through the network, or a window of it; of hidden neurons only these columns are kept."""
        with self._lock:
            table, equations = self._table(snapshot.dataset)
        if window is not None:
            seen = np.flatnonzero(np.isin(table.operands[:, 0], window[0]) & np.isin(table.operands[:, 1], window[1]))
            table, equations = table[seen], equations.rows(torch.from_numpy(seen))
        weights = {name: torch.from_numpy(value) for name, value in {**snapshot.parameters, **snapshot.statistics}.items()}
        heads: Columns = dict.fromkeys(self.attention if attention else (), slice(None))
        look = partial(_look, weights=weights, wanted={**neurons, **heads}, keep_scores=scores)
        with self._lock:
            blocks = list(self._pool.map(look, equations.blocks))
        return Observation(
            modulus=snapshot.dataset.modulus,
            operands=table.operands,
            answers=table.answers,
            truth=snapshot.dataset.asked.answers(table.operands, snapshot.dataset.modulus, snapshot.dataset.seed),
            sides=_sides(snapshot.dataset, table),
            predicted=_joined([block.predicted for block in blocks]),
            right_scores=_joined([block.right_scores for block in blocks]),
            scores=_joined([block.scores for block in blocks if block.scores is not None]) if scores else None,
            neurons={label: _joined([block.noted[label] for block in blocks]) for label in neurons},
            attention={label: _joined([block.noted[label] for block in blocks]) for label in heads},
        )

    def _table(self, dataset: Dataset) -> tuple[Equations, DeviceEquations]:
        if self._known is None or self._known[0] is not dataset:
            table = dataset.table
            self._known = dataset, table, to_device(table, self._pool.network, torch.device("cpu"))
        return self._known[1:]


@torch.no_grad()
def _look(network: Network, block: DeviceEquations, *, weights: Weights, wanted: Columns, keep_scores: bool) -> _Seen:
    points = network.hook_points
    answering = -network.n_scored  # of the positions that are worked out, the one that says the answer
    noted: dict[str, Tensor] = {}

    def note(values: Tensor, label: str) -> None:
        if points[label].kind == "attention":
            noted[label] = values[:, :, answering].clone()
        else:
            noted[label] = (values[:, answering] if values.ndim == 3 else values)[:, wanted[label]].clone()

    with watching({points[label]: partial(note, label=label) for label in wanted}):
        scores = functional_call(network, weights, (block.tokens,))
    answers = block.answers
    if network.n_scored > 1:
        scores, answers = scores[:, 0], answers[:, 0]
    right = scores.gather(1, answers[:, None])[:, 0]
    return _Seen(scores.argmax(dim=1), right, scores if keep_scores else None, noted)


def _sides(dataset: Dataset, table: Equations) -> Int[np.ndarray, " equations"]:
    sides = np.full(dataset.modulus**2, Side.NEITHER)
    sides[dataset.place(dataset.train)] = Side.TRAIN
    sides[dataset.place(dataset.val)] = Side.VAL
    chosen: Int[np.ndarray, " equations"] = sides[dataset.place(table)]
    return chosen


def _joined(parts: Sequence[Tensor]) -> np.ndarray:
    array: np.ndarray = torch.cat(list(parts)).numpy()
    return array
