"""Some members of an ensemble, trained one after another in one process."""

from collections.abc import Mapping, Sequence
from math import nan
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float64

from grokterm.engines.device import find_device, minding_the_device
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.experiment.metrics import METRICS_IN_ORDER
from grokterm.models.mixture import MixturePart
from grokterm.training.ensemble.arrays import Arrays, to_arrays, to_tensors
from grokterm.training.ensemble.naming import of_member, with_member
from grokterm.training.single import SingleNetwork
from grokterm.training.step_loop import Measured

Numbers: TypeAlias = Float64[np.ndarray, "members numbers"]


class Advance(NamedTuple):
    """The measurements of a group in a chunk."""

    numbers: Float64[np.ndarray, "members evaluations numbers"]
    first: list[Arrays]
    """The flat weights of its first member at every evaluation, if requested."""


class MemberGroup:
    """The members of these numbers, each trained with one thread as in its solo run.

    Raises:
        OutOfMemoryError: from every method, if memory is exhausted; `go_back` then undoes a chunk that was made in part.
    """

    def __init__(self, experiment: Experiment, numbers: Sequence[int], parts: Mapping[str, MixturePart] | None) -> None:
        device = find_device(experiment.device)
        with minding_the_device():
            self._networks = {
                number: SingleNetwork(experiment.member(number), device, threads=1, parts=parts) for number in numbers
            }
        self._mark()

    def advance(self, last: int, due: Sequence[int], *, keeping: bool) -> Advance:
        """Train every member up to a step and measure at the due steps; `go_back` returns to the start of the chunk."""
        self._mark()
        with minding_the_device():
            measured = [list(network.advance(last, set(due).__contains__)) for network in self._networks.values()]
        numbers = [[_filled_up(one) for one in of_member] for of_member in measured]
        first = [to_arrays(one.state.weights) for one in measured[0]] if keeping else []
        return Advance(np.array(numbers, np.float64).reshape(len(measured), len(due), len(METRICS_IN_ORDER)), first)

    def measure(self) -> Numbers:
        """Measure every side of every member."""
        with minding_the_device():
            return np.array([_filled_up(network.measure()) for network in self._networks.values()])

    def go_back(self, step: int) -> None:
        """Return to a step of the last chunk."""
        with minding_the_device():
            for network, mark in zip(self._networks.values(), self._marks, strict=True):
                if network.step == step:
                    continue  # keeps what was changed at this step
                network.go_back(*mark)
                while network.step < step:
                    network.update()

    def apply_settings(self, step: int, experiment: Experiment) -> None:
        """Apply the settings that may change while the training runs, from this step on."""
        for number, network in self._networks.items():
            network.step = step
            network.apply_settings(experiment.member(number))

    def check(self, step: int, swap: Swap, experiment: Experiment) -> None:
        """Refuse a swap that one of the members cannot make."""
        for number, network in self._networks.items():
            network.step = step
            network.dataset_after(swap, experiment.member(number))

    def swap(self, step: int, swap: Swap, experiment: Experiment) -> None:
        """Train every member on another dataset from this step on."""
        for number, network in self._networks.items():
            network.step = step
            network.swap(swap, experiment.member(number))

    def first_weights(self) -> Arrays:
        """Return the flat weights of the first member, uncopied: they are sent before the next step."""
        return to_arrays(next(iter(self._networks.values())).state.weights)

    def tensors(self) -> Arrays:
        """Copy what a checkpoint holds of every member."""
        return {
            name: value
            for n, network in self._networks.items()
            for name, value in to_arrays(with_member(n, network.tensors())).items()
        }

    def load(self, step: int, arrays: Arrays) -> None:
        """Continue from a checkpoint."""
        tensors = to_tensors(arrays)
        for number, network in self._networks.items():
            network.step = step
            network.load(of_member(number, tensors))
        self._mark()

    def _mark(self) -> None:
        self._marks = [(network.step, network.state.copy()) for network in self._networks.values()]


def _filled_up(measured: Measured) -> list[float]:
    """Return the numbers of a member, NaN for a side that it lacks and another may have."""
    numbers: list[float] = measured.numbers.tolist()
    return numbers + [nan] * (len(METRICS_IN_ORDER) - len(numbers))
