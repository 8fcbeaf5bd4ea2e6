"""Steps and measurements as CUDA graphs: captured once, then replayed by a single call of the host.

A replay reads and writes at fixed addresses: the state, the rows of a minibatch, the numbers of a measurement. Its random
numbers come from generators registered with the graph, which are seeded before each replay as for a plain step.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from math import isinf
from typing import TypeAlias

import torch
from torch import Generator, Tensor

from grokterm.engines.batches import Batches
from grokterm.engines.step import TrainState, TrainStep
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.optimizer import RecursiveFeatures
from grokterm.optim.modifiers import rule_of
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import OptimizerState, Weights

WARM_UPS = 3  # calls before a capture, in which libraries initialize, as torch requires. They are steps like any other.

Streams: TypeAlias = dict[tuple[str, int], Generator]
"""Open generators, by purpose and block."""


def unsupported_reason(experiment: Experiment, device: torch.device) -> str:
    """Return why the steps of an experiment cannot be captured; empty if they can."""
    if isinstance(experiment.optimizer, RecursiveFeatures):
        return "needs a gradient to follow, and agop solves for its weights"
    if isinf(rule_of(experiment.optimizer).step_invariant_from):
        return "cannot replay optimizer.gradient_filter ma, whose window moves with every step"
    if experiment.training.members > 1:
        return f"captures the steps of one network, not of training.members {experiment.training.members}"
    return "" if device.type == "cuda" else f"replays cuda graphs, and there are none on {device.type}"


@dataclass(frozen=True)
class GraphStepRng(StepRng):
    """Random streams that stay open, for every replay of the step that was captured with them."""

    streams: Streams = field(default_factory=dict)

    def generator(self, stream: str, block: int = 0) -> Generator:
        """Return the open stream of this purpose and block of rows."""
        if (stream, block) not in self.streams:
            self.streams[stream, block] = Generator(self.device).manual_seed(self.seed_of(stream, block))
        return self.streams[stream, block]

    def start_over(self, rng: StepRng) -> None:
        """Let every stream start where it does at another step."""
        for (stream, block), generator in self.streams.items():
            generator.manual_seed(rng.seed_of(stream, block))


class Recording:
    """Work at fixed addresses: called a few times, then captured, then replayed."""

    def __init__(self, work: Callable[[], Tensor | None], rng: GraphStepRng, pool: "GraphMemory") -> None:
        self.rng = rng
        self._work = work
        self._pool = pool
        self._n_calls = 0
        self._numbers: Tensor | None = None
        self._replay: Callable[[], None] | None = None

    def __call__(self) -> Tensor | None:
        """Do the work, and return its numbers."""
        self._n_calls += 1
        if self._n_calls <= WARM_UPS:
            self._pool.warm_up(self._record)
        else:
            self._replay = self._replay or self._pool.capture(self._record, self.rng.streams)
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

    def warm_up(self, record: Callable[[], None]) -> None:
        """Call it on a side stream, as a capture does."""
        if self._handle is None:
            record()
            return
        with torch.cuda.device(self._device):
            here, aside = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
            aside.wait_stream(here)
            with torch.cuda.stream(aside):
                record()
            here.wait_stream(aside)

    def capture(self, record: Callable[[], None], streams: Streams) -> Callable[[], None]:
        """Capture it without running it; return the replay."""
        if self._handle is None:
            return record
        graph = torch.cuda.CUDAGraph()
        for draw in streams.values():
            graph.register_generator_state(draw)
        with torch.cuda.device(self._device):
            # thread_local: other threads may synchronize with the device during the capture.
            aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            with torch.cuda.graph(graph, self._handle, aside, capture_error_mode="thread_local"):
                record()
        return graph.replay


Measure: TypeAlias = Callable[..., Tensor]
"""(flat weights, held_out_only=...) -> the numbers of every side, or of what is held out alone, on the device."""


class CudaGraphs:
    """Runs each kind of step, and of measurement, from a capture of its own."""

    def __init__(self, step: TrainStep, measure: Measure, device: torch.device) -> None:
        self._step, self._measure = step, measure
        self._device = device
        self._pool = GraphMemory(device)
        self._tensors: tuple[Weights, OptimizerState] | None = None
        """Where replays read and write weights and optimizer state."""

        self._state: TrainState | None = None
        """The last state that was returned, whose values are there."""

        self._rows: dict[int, Tensor] = {}
        self._recordings: dict[Hashable, Recording] = {}

    def update(
        self, state: TrainState, batches: Batches, rng: StepRng, *, measuring: bool = False
    ) -> tuple[TrainState, Tensor | None]:
        """Return the state after a step and, if asked, loss and accuracy of its batch before it."""
        if rng.step < self._step.invariant_from:
            return self._step(state, batches.at(rng.step), rng, measuring=measuring)
        here, rows = self._placed_state(state), self._placed_rows(batches.rows_at(rng.step))
        state.take()

        def step(rng: StepRng) -> Tensor | None:
            batch = batches.equations if rows is None else batches.equations.rows(rows)
            after, numbers = self._step(TrainState(*here), batch, rng, measuring=measuring)
            _copy(after.take(), here)
            return numbers

        recording = self._recording((None if rows is None else len(rows), measuring), step, rng)
        recording.rng.start_over(rng)
        numbers = recording()
        self._state = TrainState(*here)
        return self._state, numbers

    def measure(self, state: TrainState, *, held_out_only: bool = False) -> Tensor:
        """Return what a measurement says of a state."""
        weights, _ = self._placed_state(state)
        nothing_random = StepRng(0, 0, self._device)
        recording = self._recording(
            ("measure", held_out_only), lambda _: self._measure(weights, held_out_only=held_out_only), nothing_random
        )
        numbers = recording()
        assert numbers is not None
        return numbers

    def _recording(self, kind: Hashable, work: Callable[[StepRng], Tensor | None], rng: StepRng) -> Recording:
        """Return the recording of a kind of work, or start it with this one."""
        if kind not in self._recordings:
            lasting = GraphStepRng(rng.seed, rng.step, rng.device)
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

    def _placed_rows(self, rows: Tensor | None) -> Tensor | None:
        """Copy the rows of a minibatch to where replays of its size read them."""
        if rows is None:
            return None
        if len(rows) not in self._rows:
            self._rows[len(rows)] = torch.empty_like(rows)
        return self._rows[len(rows)].copy_(rows)


def _copy(values: tuple[Weights, OptimizerState], to: tuple[Weights, OptimizerState]) -> None:
    for before, after in zip(to, values, strict=True):
        for name, value in before.items():
            if after[name] is not value:  # most rules update in place
                value.copy_(after[name])
