"""The matrix products of one update alone: a lower bound on its time for any engine that uses matrix products.

A layer has three: forward, the gradient of its weights, and that of its input. Features computed once per token count once per
token; the products of attention over a few positions are left out. Buffers are allocated before, and the fastest block plan is
chosen by timing. On a CUDA device the products are captured as a graph. Those of an ensemble's members are computed one after
another on a CPU, elsewhere as batched products.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import ceil
from time import perf_counter
from typing import NamedTuple

import torch

from grokterm.bench.measurement import Workload, measure
from grokterm.engines.batches import BLOCK_ROWS, batch_size
from grokterm.engines.cuda_graph import GraphMemory
from grokterm.engines.device import find_device
from grokterm.engines.thread_pool import ThreadPool
from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.models.build import network_of
from grokterm.models.embedding_mlp import EmbeddingMLP
from grokterm.models.lstm import LSTM
from grokterm.models.mlp import MLP
from grokterm.models.network import Network
from grokterm.models.transformer import Transformer
from grokterm.optim.rng import Lasting

TRIALS, TRIAL_SECONDS = 3, 0.05  # repetitions and seconds to time each block plan, before the fastest is chosen


class ProductShape(NamedTuple):
    """A product of (rows, inputs) by (inputs, outputs)."""

    rows: int
    inputs: int
    outputs: int


class BlockPlan(NamedTuple):
    """How the rows are split into blocks and over threads."""

    n_blocks: int
    """Row blocks, to fit the cache."""

    n_threads: int
    """torch threads per block."""

    n_workers: int
    """Python threads, one block each, as in grokterm's training."""

    def __str__(self) -> str:
        rows = f"{self.n_blocks} row blocks" if self.n_blocks > 1 else "all rows at once"
        threads = self.n_threads * self.n_workers
        return f"{rows}, {threads} thread{'s' if threads > 1 else ''}{' of Python' if self.n_workers > 1 else ''}"


class Products(Network):
    """The products of some layers, with their buffers; every worker of a pool has a copy."""

    def __init__(self, layers: Sequence[ProductShape], device: torch.device, members: int = 1) -> None:
        super().__init__()
        stack = (members,) if members > 1 else ()
        self._product = torch.bmm if members > 1 else torch.mm
        self.operands = [
            tuple(torch.rand((*stack, *shape), device=device) for shape in ((rows, inputs), (inputs, outputs), (rows, outputs)))
            for rows, inputs, outputs in layers
        ]
        self.results = [tuple(torch.empty_like(operand) for operand in operands) for operands in self.operands]

    def multiply(self) -> None:
        """Compute all products once."""
        for (inputs, weights, grad), (inputs_grad, weights_grad, outputs) in zip(self.operands, self.results, strict=True):
            self._product(inputs, weights, out=outputs)
            self._product(inputs.mT, grad, out=weights_grad)
            self._product(grad, weights.mT, out=inputs_grad)


class Floor:
    """The products of an experiment's update, with one Python thread per block or, `by_torch`, torch's threads on each block.

    Raises:
        ConfigError: if the products of this network are unknown, or the device has no torch threads.
    """

    def __init__(self, experiment: Experiment, *, by_torch: bool) -> None:
        if experiment.training.precision != "float32":
            raise ConfigError(f"no floor is known for training.precision {experiment.training.precision}")
        device = find_device(experiment.device)
        network = network_of(experiment)
        rows = batch_size(experiment.batch_limit, experiment.optimizer.batch_share, experiment.task.train_size)
        layers = list(layers_of(network, rows))
        members = experiment.training.members
        self._multiply: Callable[[int], object]
        if device.type == "cpu":
            plans = _plans(rows, network.cpu_block_rows, by_torch=by_torch)
            pools = {plan: _pool(plan, layers, device) for plan in plans}
            trials = {plan: Workload(partial(_multiply, plan, pool)) for plan, pool in pools.items()}
            rates = measure(trials, repetitions=TRIALS, seconds=TRIAL_SECONDS)
            self.plan = max(plans, key=lambda plan: max(rates[plan]))
            self._multiply = partial(_multiply, self.plan, pools[self.plan])
            self._products_per_step = members
        elif by_torch:
            raise ConfigError(f"{device.type} multiplies without torch's threads")
        else:
            self.plan = BlockPlan(1, 1, 1)
            self._products = Products(layers, device, members)  # kept: a graph only knows the addresses of its buffers
            self._multiply = partial(_replay, _captured(self._products, device))
            self._products_per_step = 1

    def update(self, n_steps: int) -> None:
        """Compute the products of `n_steps` updates."""
        self._multiply(n_steps * self._products_per_step)


def layers_of(network: Network, rows: int) -> Iterator[ProductShape]:
    """List the layers of a network that multiply matrices, for a batch of `rows` equations.

    Raises:
        ConfigError: if the network is not supported.
    """
    match network:
        case MLP(frozen=frozen, normalizes_batches=False) if not frozen:
            yield from (ProductShape(rows, *weight.shape) for weight in (*network.hidden_weights, network.readout))
        case Transformer():
            last = len(network.blocks) - 1
            for number, block in enumerate(network.blocks):
                sequences = min(rows, network.n_used_tokens) if number == 0 else rows
                n_queries = network.n_scored if number == last else network.n_prompt
                yield ProductShape(sequences * n_queries, *block.query.shape)
                for weight in (block.key, block.value):
                    yield ProductShape(sequences * network.n_prompt, *weight.shape)
                for weight in (block.output, block.mlp_in, block.mlp_out):
                    yield ProductShape(rows * n_queries, *weight.shape)
            yield ProductShape(rows * network.n_scored, *network.readout.shape)
        case LSTM():
            yield ProductShape(len(network.embedding), *network.recurrences[0].input.shape)
            for number, recurrence in enumerate(network.recurrences):
                if number > 0:
                    yield ProductShape(rows * network.n_prompt, *recurrence.input.shape)
                yield from [ProductShape(rows, *recurrence.recurrent.shape)] * (network.n_prompt - 1)
            yield ProductShape(rows * network.n_scored, *network.readout.shape)
        case EmbeddingMLP():
            d_model, width = network.embedding.shape[1], network.first.shape[1]
            yield from [ProductShape(network.n_elements, d_model, width)] * 2
            yield from (ProductShape(rows, *weight.shape) for weight in network.hidden)
            yield ProductShape(rows, *network.readout.shape)
        case _:
            raise ConfigError(f"no floor is known for {type(network).__name__}")


def _plans(rows: int, block_rows: int, *, by_torch: bool) -> set[BlockPlan]:
    n_blocks, n_threads = ceil(rows / block_rows), torch.get_num_threads()
    unsplit = {1} if rows <= BLOCK_ROWS else set()
    if by_torch:
        return {BlockPlan(number, n_threads, 1) for number in unsplit | {n_blocks}}
    return {BlockPlan(number, 1, 1) for number in unsplit | {n_blocks}} | {BlockPlan(max(n_blocks, n_threads), 1, n_threads)}


def _pool(plan: BlockPlan, layers: Sequence[ProductShape], device: torch.device) -> ThreadPool:
    block = [layer._replace(rows=ceil(layer.rows / plan.n_blocks)) for layer in layers]
    return ThreadPool(Products(block, device), plan.n_workers, fixed=True)


def _captured(products: Products, device: torch.device) -> Callable[[], None]:
    """Return the products as a CUDA graph, without the launches of the host."""
    memory = GraphMemory(device)
    memory.warm_up(products.multiply)
    return memory.capture(products.multiply, Lasting())


def _replay(multiply: Callable[[], None], n_times: int) -> None:
    for _ in range(n_times):
        multiply()


def _multiply(plan: BlockPlan, pool: ThreadPool, n_steps: int) -> float:
    """Compute the products of `n_steps` updates, and return the seconds that they took."""
    started = perf_counter()
    torch.set_num_threads(plan.n_threads)
    for _ in range(n_steps):
        for _ in pool.map(_multiply_block, range(plan.n_blocks)):
            pass
    return perf_counter() - started


def _multiply_block(products: Network, _: int) -> None:
    assert isinstance(products, Products)
    products.multiply()
