import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grokterm.tasks.orders import stratified_order


@given(classes=st.lists(st.integers(0, 8), min_size=1, max_size=120), seed=st.integers(0, 10))
def test_every_beginning_holds_the_share_of_every_class_rounded_up_or_down(classes: list[int], seed: int) -> None:
    answers = np.array(classes)
    order = stratified_order(answers, np.random.default_rng(seed))
    assert sorted(order) == list(range(len(classes)))
    held = np.cumsum(np.eye(9)[answers[order]], axis=0)
    share = np.outer(np.arange(1, len(classes) + 1), held[-1]) / len(classes)
    assert np.abs(held - share).max() < 1


def test_the_order_inside_a_class_and_of_classes_is_drawn() -> None:
    answers = np.repeat(np.arange(5), 4)
    first, second = (stratified_order(answers, np.random.default_rng(seed)) for seed in (0, 1))
    assert first.tolist() != second.tolist()
    assert answers[first].tolist() != answers[second].tolist()
    again = stratified_order(answers, np.random.default_rng(0))
    assert again.tolist() == first.tolist()
