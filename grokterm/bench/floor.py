"""The matrix products of one update and nothing else: what no engine that multiplies matrices is expected to beat.

A layer takes three: forward, the gradient of its weights and the gradient of what it was given. What grokterm looks up once a
token is counted once a token; products over the few positions of attention are left out. They are made in memory that is there
before, with the same numbers over and over, in whichever plan is fastest here.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from math import ceil
from time import perf_counter
from typing import NamedTuple

import torch

from grokterm.bench.measurement import Timed, measure
from grokterm.engines.batches import BLOCK_ROWS, batch_size
from grokterm.engines.device import find_device
from grokterm.engines.thread_pool import ThreadPool
from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.models.build import build
from grokterm.models.mlp import MLP
from grokterm.models.network import Network
from grokterm.models.transformer import Transformer

TRIALS, TRIAL_SECONDS = 3, 0.05
"""How often each way to multiply is tried, and how long, before the fastest is kept."""


class ProductShape(NamedTuple):
    """So many rows of numbers go in, and as many come out."""

    rows: int
    inputs: int
    outputs: int


class BlockPlan(NamedTuple):
    """How the rows are shared out."""

    n_blocks: int
    """Row blocks, which fit the cache where all rows do not."""

    n_threads: int
    """Threads of torch that multiply one block."""

    n_workers: int
    """Python threads, each with a block of its own, as grokterm trains."""

    def __str__(self) -> str:
        rows = f"{self.n_blocks} row blocks" if self.n_blocks > 1 else "all rows at once"
        threads = self.n_threads * self.n_workers
        return f"{rows}, {threads} thread{'s' if threads > 1 else ''}{' of Python' if self.n_workers > 1 else ''}"


class Products(Network):
    """The products of some layers, in memory of their own: every worker of a pool has a copy."""

    def __init__(self, layers: Sequence[ProductShape], device: torch.device) -> None:
        super().__init__()
        self.operands = [
            tuple(torch.rand(shape, device=device) for shape in ((rows, inputs), (inputs, outputs), (rows, outputs)))
            for rows, inputs, outputs in layers
        ]
        self.results = [tuple(torch.empty_like(one) for one in operands) for operands in self.operands]

    def multiply(self) -> None:
        """Make them all once."""
        for (given, weights, slope), (given_slope, weights_slope, scores) in zip(self.operands, self.results, strict=True):
            torch.mm(given, weights, out=scores)
            torch.mm(given.T, slope, out=weights_slope)
            torch.mm(slope, weights.T, out=given_slope)


class Floor:
    """The products of an experiment's update: one thread a block, several blocks at a time, or all of torch's threads on each.

    Raises:
        ConfigError: if it is not known which products these are, or the device has no such threads.
    """

    def __init__(self, experiment: Experiment, *, by_torch: bool) -> None:
        device = find_device(experiment.device)
        network = build(experiment.model, experiment.task.modulus, experiment.seed, form=experiment.exact_form)
        rows = batch_size(experiment.batch_limit, experiment.optimizer.batch_share, experiment.task.n_train)
        layers = list(layers_of(network, rows))
        if by_torch and device.type != "cpu":
            raise ConfigError(f"{device.type} multiplies without torch's threads")
        plans = _plans(rows, network.cpu_block_rows if device.type == "cpu" else BLOCK_ROWS, by_torch=by_torch)
        pools = {plan: _pool(plan, layers, device) for plan in plans}
        trials = {plan: Timed(partial(_seconds, plan, pool)) for plan, pool in pools.items()}
        rates = measure(trials, repetitions=TRIALS, seconds=TRIAL_SECONDS)
        self.plan = max(plans, key=lambda plan: max(rates[plan]))
        self._pool = pools[self.plan]

    def update(self, n_steps: int) -> None:
        """Make the products of so many updates."""
        _multiply(self.plan, self._pool, n_steps)


def layers_of(network: Network, rows: int) -> Iterator[ProductShape]:
    """List the layers of a network that multiply matrices, for so many equations.

    Raises:
        ConfigError: if they have not been listed.
    """
    match network:
        case MLP(frozen=frozen, normalizes_batches=False) if not frozen:
            names = ("hidden", "readout") if network.hidden is not None else ("readout",)
            yield from (ProductShape(rows, *network.get_parameter(name).shape) for name in names)
        case Transformer():
            last = len(network.blocks) - 1
            for number, block in enumerate(network.blocks):
                sequences = min(rows, network.n_residue_tokens) if number == 0 else rows
                n_read = network.n_scored if number == last else network.n_shown
                yield ProductShape(sequences * n_read, *block.query.shape)
                yield from (ProductShape(sequences * network.n_shown, *one.shape) for one in (block.key, block.value))
                yield from (ProductShape(rows * n_read, *one.shape) for one in (block.output, block.mlp_in, block.mlp_out))
            yield ProductShape(rows * network.n_scored, *network.readout.shape)
        case _:
            raise ConfigError(f"no floor is known for {type(network).__name__}")


def _plans(rows: int, block_rows: int, *, by_torch: bool) -> set[BlockPlan]:
    n_blocks, n_threads = ceil(rows / block_rows), torch.get_num_threads()
    whole = {1} if rows <= BLOCK_ROWS else set()
    if by_torch:
        return {BlockPlan(number, n_threads, 1) for number in whole | {n_blocks}}
    return {BlockPlan(number, 1, 1) for number in whole | {n_blocks}} | {BlockPlan(max(n_blocks, n_threads), 1, n_threads)}


def _pool(plan: BlockPlan, layers: Sequence[ProductShape], device: torch.device) -> ThreadPool:
    block = [layer._replace(rows=ceil(layer.rows / plan.n_blocks)) for layer in layers]
    return ThreadPool(Products(block, device), plan.n_workers)


def _seconds(plan: BlockPlan, pool: ThreadPool, n_steps: int) -> float:
    started = perf_counter()
    _multiply(plan, pool, n_steps)
    return perf_counter() - started


def _multiply(plan: BlockPlan, pool: ThreadPool, n_steps: int) -> None:
    torch.set_num_threads(plan.n_threads)
    for _ in range(n_steps):
        for _ in pool.map(_one_block, range(plan.n_blocks)):
            pass


def _one_block(products: Network, _: int) -> None:
    assert isinstance(products, Products)
    products.multiply()
