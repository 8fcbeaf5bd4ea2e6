"""Some members of an ensemble, trained one after another in one process."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from grokterm.engines.device import find_device, minding_memory
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.experiment.records import EVALUATION_METRICS
from grokterm.models.mixture import MixturePart
from grokterm.training.ensemble.naming import of_member, with_member
from grokterm.training.single import SingleNetwork

Numbers: TypeAlias = Float64[np.ndarray, "members numbers"]
Arrays: TypeAlias = dict[str, np.ndarray]


class Advance(NamedTuple):
    """What a group has measured on its way."""

    numbers: Float64[np.ndarray, "members evaluations numbers"]
    first: list[Arrays]
    """The weights of its first member at every evaluation, where they were asked for, as its step takes them."""


class MemberGroup:
    """The members of these numbers, each of which is trained as it would be alone, with one thread.

    Raises:
        OutOfMemoryError: from every method, if memory is exhausted; `go_back` then undoes a chunk that was made in part.
    """

    def __init__(self, experiment: Experiment, numbers: Sequence[int], parts: Mapping[str, MixturePart] | None) -> None:
        device = find_device(experiment.device)
        with minding_memory():
            self._fits = {
                number: SingleNetwork(experiment.member(number), device, threads=1, parts=parts) for number in numbers
            }
        self._keep_place()

    def advance(self, last: int, due: Sequence[int], *, keeping: bool) -> Advance:
        """Bring every member to a step and measure at those that are due; the place before can be gone back to."""
        self._keep_place()
        with minding_memory():
            measured = [list(fit.advance(last, set(due).__contains__)) for fit in self._fits.values()]
        numbers = [[one.numbers.tolist() for one in of_member] for of_member in measured]
        first = [_arrays(one.state.weights) for one in measured[0]] if keeping else []
        return Advance(np.array(numbers, np.float64).reshape(len(measured), len(due), len(EVALUATION_METRICS)), first)

    def measure(self) -> Numbers:
        """Measure both sides of every member where it stands."""
        with minding_memory():
            return np.array([fit.measure().numbers.tolist() for fit in self._fits.values()])

    def go_back(self, step: int) -> None:
        """Stand at a step of the last chunk again."""
        with minding_memory():
            for fit, place in zip(self._fits.values(), self._places, strict=True):
                if fit.step == step:
                    continue  # and keeps what has been changed there
                fit.go_back(*place)
                while fit.step < step:
                    fit.update()

    def apply_settings(self, experiment: Experiment) -> None:
        """Take over settings that may change while the training runs."""
        for number, fit in self._fits.items():
            fit.apply_settings(experiment.member(number))

    def check(self, swap: Swap, experiment: Experiment) -> None:
        """Refuse a swap that one of the members cannot follow."""
        for number, fit in self._fits.items():
            fit.dataset_after(swap, experiment.member(number))

    def swap(self, step: int, swap: Swap, experiment: Experiment) -> None:
        """Train every member on another dataset from this step on."""
        for number, fit in self._fits.items():
            fit.step = step
            fit.swap(swap, experiment.member(number))

    def first_weights(self) -> Arrays:
        """Show the weights of the first member, as its step takes them and changes them: they are sent before it goes on."""
        return _arrays(next(iter(self._fits.values())).state.weights)

    def tensors(self) -> Arrays:
        """Copy what a checkpoint holds of every member."""
        return {name: value for n, fit in self._fits.items() for name, value in _arrays(with_member(n, fit.tensors())).items()}

    def load(self, step: int, arrays: Arrays) -> None:
        """Stand at a checkpoint."""
        tensors = {name: torch.from_numpy(value) for name, value in arrays.items()}
        for number, fit in self._fits.items():
            fit.step = step
            fit.load(of_member(number, tensors))
        self._keep_place()

    def _keep_place(self) -> None:
        self._places = [(fit.step, fit.state.copy()) for fit in self._fits.values()]


def _arrays(tensors: Mapping[str, Tensor]) -> Arrays:
    return {name: value.cpu().numpy() for name, value in tensors.items()}
