from dataclasses import replace
from itertools import chain
from math import ceil

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grokterm.engines.batches import Batches, DeviceEquations, batch_size

sizes = st.tuples(st.integers(1, 60), st.integers(1, 60)).filter(lambda pair: pair[1] <= pair[0])
"""(equations, batch)."""


def numbered(n_equations: int) -> DeviceEquations:
    """Make equations whose answers are their numbers."""
    return DeviceEquations(torch.zeros(n_equations, 2, dtype=torch.int64), torch.arange(n_equations))


def batches(n_equations: int, size: int, *, seed: int = 0, first_step: int = 0) -> Batches:
    return Batches(numbered(n_equations), size, seed=seed, first_step=first_step)


def order(source: Batches, steps: range) -> list[list[int]]:
    return [source.at(step).answers.tolist() for step in steps]


@given(sizes, st.integers(0, 5), st.integers(0, 1000))
def test_an_epoch_shows_every_equation_once(pair: tuple[int, int], epoch: int, first_step: int) -> None:
    n_equations, size = pair
    per_epoch = ceil(n_equations / size)
    begin = first_step + epoch * per_epoch
    seen = order(batches(n_equations, size, first_step=first_step), range(begin, begin + per_epoch))
    assert sorted(chain(*seen)) == list(range(n_equations))
    assert [len(batch) for batch in seen[:-1]] == [size] * (per_epoch - 1)


@given(sizes, st.lists(st.integers(0, 200), min_size=1, max_size=10))
def test_a_batch_is_a_function_of_the_step_however_it_is_come_to(pair: tuple[int, int], steps: list[int]) -> None:
    wandering = batches(*pair)
    for step in steps:
        assert torch.equal(wandering.at(step).answers, batches(*pair).at(step).answers)


def test_every_epoch_every_seed_and_every_training_set_has_an_order_of_its_own() -> None:
    orders = [
        tuple(chain(*order(batches(50, 10, seed=seed, first_step=first), range(begin, begin + 5))))
        for seed, first, begin in [(0, 0, 0), (0, 0, 5), (1, 0, 0), (0, 100, 100)]
    ]
    assert len(set(orders)) == 4


def test_a_full_batch_is_the_training_set_in_its_own_order() -> None:
    full = batches(50, 50)
    assert order(full, range(3)) == [list(range(50))] * 3


@given(st.integers(1, 10_000), st.integers(1, 100))
def test_no_batch_exceeds_its_share_of_the_training_set_rounded_up(n_train: int, percent: int) -> None:
    assert batch_size(None, percent / 100, n_train) == -(-percent * n_train // 100)


@pytest.mark.parametrize(
    ("limit", "share", "n_train", "size"),
    [
        (None, 1.0, 60, 60),
        (32, 1.0, 60, 32),
        (64, 1.0, 60, 60),
        (None, 0.5, 61, 31),
        (32, 0.5, 61, 31),
        (32, 1e-9, 61, 1),
        (None, 0.07, 100, 7),
    ],
)
def test_the_smaller_of_what_was_asked_for_and_the_share_is_taken(
    limit: int | None, share: float, n_train: int, size: int
) -> None:
    assert batch_size(limit, share, n_train) == size


@given(st.integers(1, 300), st.integers(1, 300))
def test_blocks_are_consecutive_and_nearly_equal(n_equations: int, most_rows: int) -> None:
    equations = replace(numbered(n_equations), block_rows=most_rows)
    blocks = [block.answers.tolist() for block in equations.blocks]
    assert list(chain(*blocks)) == list(range(n_equations))
    assert all(0 < len(block) <= most_rows for block in blocks)
    assert len(blocks) <= 1 + ceil(n_equations / most_rows)


@given(st.integers(1, 300), st.integers(1, 300))
def test_two_threads_can_share_the_blocks_of_all_but_few_equations(n_equations: int, most_rows: int) -> None:
    sizes = [len(block) for block in replace(numbered(n_equations), block_rows=most_rows).blocks]
    if 2 * n_equations <= most_rows:
        assert sizes == [n_equations]
    else:
        halves = sum(sizes[0::2]), sum(sizes[1::2])
        assert abs(halves[0] - halves[1]) <= max(sizes)
