from math import nan

import numpy as np

from grokterm.analysis.observation import Side
from tests.analysis.observations import observed


def test_sides_keep_the_numbers_by_which_they_are_drawn_and_stored() -> None:
    assert [int(side) for side in (Side.NEITHER, Side.TRAIN, Side.VAL, Side.SEEN)] == [0, 1, 2, 3]


def test_a_table_has_a_row_for_each_first_operand_and_is_fit_for_what_is_missing() -> None:
    observation = observed("divide", 7)
    numbered = np.arange(42)
    table = observation.as_table(numbered, missing=-1)
    assert table.dtype == numbered.dtype
    assert (table[:, 0] == -1).all()
    assert (table[tuple(observation.operands.T)] == numbered).all()
    assert observation.as_table(numbered / 2, missing=-1).max() == 20.5
    with_gaps = observation.as_table(numbered, missing=nan)
    assert np.isnan(with_gaps[:, 0]).all()
    assert np.array_equal(with_gaps[:, 1:], table[:, 1:])


def test_an_equation_is_right_if_it_has_the_target_answer() -> None:
    observation = observed(scores=np.eye(11)[np.zeros(121, dtype=int)])
    assert observation.is_right.tolist() == (observation.answers == 0).tolist()
