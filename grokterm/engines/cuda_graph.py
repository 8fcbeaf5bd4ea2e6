"""Steps and measurements as CUDA graphs: captured once, then replayed by a single call of the host.

A replay reads and writes at fixed addresses: the state, the rows of a minibatch, the numbers of a measurement. Its random
numbers come from generators registered with the graph, which are seeded before each replay as for a plain step; a number that
follows the step, such as the learning rate of a schedule, is written to the device before it.
"""

from collections.abc import Callable, Hashable
from dataclasses import replace
from math import isinf
from typing import Generic, Protocol, TypeAlias, TypeVar, runtime_checkable

import torch
from torch import Tensor

from grokterm.engines.batches import Selection
from grokterm.engines.step import TrainState
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.optimizer import RecursiveFeatures
from grokterm.experiment.plugins import plugins_of
from grokterm.optim.modifiers import rule_of
from grokterm.optim.rng import Lasting, StepRng
from grokterm.optim.rules import OptimizerState, Weights

Equations = TypeVar("Equations")
AnyRng = TypeVar("AnyRng", bound=StepRng)
EquationsRead = TypeVar("EquationsRead", contravariant=True)
EquationsGiven = TypeVar("EquationsGiven", covariant=True)
RngRead = TypeVar("RngRead", bound=StepRng, contravariant=True)

WARM_UPS = 3  # calls before a capture, in which libraries initialize, as torch requires. They are steps like any other.

CODE = ("network", "loss", "update rule")  # kinds of plugins that run in every step


def unsupported_reason(experiment: Experiment, device: torch.device) -> str:
    """Return why the steps of an experiment cannot be captured; empty if they can."""
    if isinstance(experiment.optimizer, RecursiveFeatures):
        return "needs a gradient to follow, and agop solves for its weights"
    if any(one["kind"] in CODE for one in plugins_of(experiment)):
        return "cannot capture the code of a plugin, which may read values from the device"
    if isinf(rule_of(experiment.optimizer).step_invariant_from):
        return "cannot replay optimizer.gradient_filter ma, whose window moves with every step"
    return "" if device.type == "cuda" else f"replays cuda graphs, and there are none on {device.type}"


@runtime_checkable
class Step(Protocol[EquationsRead, RngRead]):
    """The update of a network, or of several at once."""

    @property
    def invariant_from(self) -> float:
        """From which step on the number of a step no longer matters, but for its random streams."""

    def __call__(
        self, state: TrainState, batch: EquationsRead, rng: RngRead, *, measuring: bool = False
    ) -> tuple[TrainState, Tensor | None]:
        """Make one update; return the next state and, if asked, loss and accuracy of the batch before it."""
        ...


@runtime_checkable
class Source(Protocol[EquationsGiven]):
    """Where the batches of a training come from."""

    def at(self, step: int) -> EquationsGiven:
        """Return the equations of the update that follows this step."""
        ...

    def selection_at(self, step: int) -> Selection:
        """Return their rows."""
        ...

    def select(self, selection: Selection) -> EquationsGiven:
        """Return the equations of these rows."""
        ...


class Recording:
    """Work at fixed addresses: called a few times, then captured, then replayed."""

    def __init__(self, work: Callable[[], Tensor | None], lasting: Lasting, pool: "GraphMemory") -> None:
        self._lasting = lasting
        self._work = work
        self._pool = pool
        self._n_calls = 0
        self._numbers: Tensor | None = None
        self._replay: Callable[[], None] | None = None

    def __call__(self, step: int) -> Tensor | None:
        """Do the work as it is at a step, and return its numbers."""
        self._lasting.move_to(step)
        self._n_calls += 1
        if self._n_calls <= WARM_UPS:
            self._pool.warm_up(self._record)
        else:
            self._replay = self._replay or self._pool.capture(self._record, self._lasting)
            self._replay()
        return None if self._numbers is None else self._numbers.clone()

    def _record(self) -> None:
        numbers = self._work()
        if numbers is not None:
            if self._numbers is None:
                self._numbers = torch.empty_like(numbers)
            self._numbers.copy_(numbers)


class GraphMemory:
    """The memory pool that the graphs of a run share. Without CUDA a replay is another call."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._handle = torch.cuda.graph_pool_handle() if device.type == "cuda" else None
        # One stream for all, because freed memory is used again only by the stream that it was allocated on.
        self._aside = torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call] # of torch

    def warm_up(self, record: Callable[[], None]) -> None:
        """Call it on a side stream, as a capture does."""
        if self._aside is None:
            record()
            return
        here = torch.cuda.current_stream(self._device)
        self._aside.wait_stream(here)
        with torch.cuda.stream(self._aside):
            record()
        here.wait_stream(self._aside)

    def capture(self, record: Callable[[], None], lasting: Lasting) -> Callable[[], None]:
        """Capture it without running it; return the replay."""
        if self._aside is None:
            return record
        graph = torch.cuda.CUDAGraph()
        for generator in lasting.streams.values():
            graph.register_generator_state(generator)
        # thread_local: other threads may synchronize with the device during the capture.
        capturing = torch.cuda.graph(graph, self._handle, self._aside, capture_error_mode="thread_local")
        with torch.cuda.device(self._device), capturing:
            record()
        return graph.replay


Measure: TypeAlias = Callable[..., Tensor]
"""(flat weights, optimizer state, held_out_only=...) -> the numbers of every side or of what is held out, on the device."""


class CudaGraphs(Generic[Equations, AnyRng]):
    """Runs each kind of step, and of measurement, from a capture of its own."""

    def __init__(self, step: Step[Equations, AnyRng], measure: Measure, device: torch.device) -> None:
        self._step, self._measure = step, measure
        self._device = device
        self._pool = GraphMemory(device)
        self._tensors: tuple[Weights, OptimizerState] | None = None
        """Where replays read and write weights and optimizer state."""

        self._state: TrainState | None = None
        """The last state that was returned, whose values are there."""

        self._selections: dict[Hashable, Selection] = {}
        self._recordings: dict[Hashable, Recording] = {}

    def update(
        self, state: TrainState, batches: Source[Equations], rng: AnyRng, *, measuring: bool = False
    ) -> tuple[TrainState, Tensor | None]:
        """Return the state after a step and, if asked, loss and accuracy of its batch before it."""
        if rng.step < self._step.invariant_from:
            return self._step(state, batches.at(rng.step), rng, measuring=measuring)
        selection = batches.selection_at(rng.step)
        sizes = tuple(one.shape for one in selection)
        here, placed = self._placed_state(state), self._placed_selection(selection, sizes)
        state.take()

        def step(lasting: Lasting) -> Tensor | None:
            replayed = replace(rng, lasting=lasting)
            after, numbers = self._step(TrainState(*here), batches.select(placed), replayed, measuring=measuring)
            _copy(after.take(), here)
            return numbers

        numbers = self._recording((sizes, measuring), step)(rng.step)
        self._state = TrainState(*here)
        return self._state, numbers

    def measure(self, state: TrainState, *, held_out_only: bool = False) -> Tensor:
        """Return what a measurement says of a state."""
        placed = self._placed_state(state)
        kind = "measure", held_out_only
        recording = self._recording(kind, lambda _: self._measure(*placed, held_out_only=held_out_only))
        numbers = recording(0)  # there is nothing random in it
        assert numbers is not None
        return numbers

    def _recording(self, kind: Hashable, work: Callable[[Lasting], Tensor | None]) -> Recording:
        """Return the recording of a kind of work, or start it with this one."""
        if kind not in self._recordings:
            lasting = Lasting()
            self._recordings[kind] = Recording(lambda: work(lasting), lasting, self._pool)
        return self._recordings[kind]

    def _placed_state(self, state: TrainState) -> tuple[Weights, OptimizerState]:
        """Copy a state to where replays read it."""
        if self._tensors is None:
            self._tensors = state.copy().take()
        elif state is not self._state:
            _copy((state.weights, state.optimizer_state), self._tensors)  # a graph reads fixed addresses
            self._state = None
        return self._tensors

    def _placed_selection(self, selection: Selection, sizes: Hashable) -> Selection:
        """Copy the rows of a minibatch to where replays of its sizes read them."""
        if sizes not in self._selections:
            self._selections[sizes] = tuple(torch.empty_like(one) for one in selection)
        placed = self._selections[sizes]
        for place, one in zip(placed, selection, strict=True):
            place.copy_(one)
        return placed


def _copy(values: tuple[Weights, OptimizerState], to: tuple[Weights, OptimizerState]) -> None:
    for before, after in zip(to, values, strict=True):
        for name, value in before.items():
            if after[name] is not value:  # most rules update in place
                value.copy_(after[name])
