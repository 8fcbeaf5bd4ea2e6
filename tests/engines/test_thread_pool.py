import gc
import threading
from collections.abc import Callable, Iterator

import pytest
import torch

from grokterm.engines import thread_pool
from grokterm.engines.thread_pool import PAIRS, ROUND, WARM_UPS, ThreadPool, ThreadTrial
from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.experiment.experiment import Experiment
from grokterm.models.mlp import MLP
from grokterm.models.network import Network
from grokterm.training.trainer import Trainer
from tests.training.outcome import assert_same_numbers, changed, finish, single_of

SECONDS = 60.0
"""How long to wait for what comes at once."""


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_results_come_in_the_order_of_the_blocks(n_threads: int) -> None:
    pool = ThreadPool(Network(), n_threads)
    assert list(pool.map(lambda _, block: block**2, range(50))) == [block**2 for block in range(50)]


def test_every_thread_has_a_network_of_its_own_and_computes_alone() -> None:
    network = MLP(MLPModel(width=2), 3, 0)
    seen = list(ThreadPool(network, 2).map(lambda own, _: (own, torch.get_num_threads()), range(20)))
    assert all(own is not network and n_threads == 1 for own, n_threads in seen)
    assert all(
        torch.equal(ours, theirs)
        for own, _ in seen
        for ours, theirs in zip(own.parameters(), network.parameters(), strict=True)
    )


def test_a_failure_in_a_thread_is_raised() -> None:
    def fail(_: Network, block: int) -> Callable[[], int]:
        raise ArithmeticError(block)

    with pytest.raises(ArithmeticError):
        list(ThreadPool(Network(), 2).map(fail, range(3)))


def test_a_run_does_not_depend_on_the_number_of_threads(grokking: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Network, "cpu_block_rows", 50)
    alone, shared = (finish(Trainer(grokking, threads=n_threads)) for n_threads in (1, 3))
    assert alone.trainer.trainable.weights.keys() == shared.trainer.trainable.weights.keys()
    assert all(
        torch.equal(weight, shared.trainer.trainable.weights[name]) for name, weight in alone.trainer.trainable.weights.items()
    )


def test_noise_does_not_depend_on_the_number_of_threads(
    tiny: Experiment, modifiers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Network, "cpu_block_rows", 20)
    noisy = changed(tiny, *modifiers)
    alone, shared = (finish(Trainer(noisy, threads=n_threads)) for n_threads in (1, 3))
    assert_same_numbers(alone.trainer, shared.trainer)


def test_the_threads_of_a_team_end_with_it() -> None:
    network = MLP(MLPModel(width=2), 3, 0)

    def threads() -> set[threading.Thread]:
        return {thread for thread in threading.enumerate() if thread.name.startswith("pool")}

    gc.collect()
    before = threads()
    pool = ThreadPool(network, 3)
    assert list(pool.map(lambda _, number: number + 1, range(20))) == list(range(1, 21))
    its_own = threads() - before
    assert its_own
    del pool
    gc.collect()
    for thread in its_own:
        thread.join(SECONDS)
    assert not any(thread.is_alive() for thread in its_own)


@pytest.mark.parametrize(("gain", "pays"), [(0.9, False), (1.1, False), (1.2, True), (2.0, True)])
def test_other_cores_are_left_alone_where_they_gain_little(gain: float, pays: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001 - a case
    now = 0.0
    monkeypatch.setattr(thread_pool, "perf_counter", lambda: now)

    def work(seconds: float, name: str) -> Iterator[str]:
        nonlocal now
        now += seconds
        yield name

    trial = ThreadTrial()
    used = ["".join(trial.run(work(1.0, "T"), work(gain, "H"))) for _ in range(ROUND)]
    n_tried = WARM_UPS + 2 * PAIRS
    assert used[:n_tried] == ["T"] * WARM_UPS + ["T", "H"] * PAIRS
    assert set(used[n_tried:]) == {"T" if pays else "H"}


def test_what_was_found_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    trial = ThreadTrial()
    monkeypatch.setattr(thread_pool, "perf_counter", lambda: 0.0)
    used = ["".join(trial.run(iter("T"), iter("H"))) for _ in range(2 * ROUND)]
    assert used[:ROUND] == used[ROUND:]


def test_the_number_of_threads_can_be_fixed(tiny: Experiment) -> None:
    for n_threads in (1, 3):
        trainer = Trainer(changed(tiny, f"training.threads={n_threads}"))
        assert single_of(trainer).threads == n_threads
