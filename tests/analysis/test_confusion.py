from dataclasses import replace
from math import isnan

import numpy as np
import pytest

from grokterm.analysis.confusion import (
    Cell,
    Confusion,
    Tally,
    answered_right,
    confusions,
    count_cells,
    mirror_leakage,
    outcome_table,
)
from grokterm.analysis.observation import Side
from tests.analysis.observations import answering, observed, pairs_of


@pytest.mark.parametrize(
    ("side", "is_right", "cell"),
    [
        (Side.NEITHER, False, Cell.NEITHER_WRONG),
        (Side.NEITHER, True, Cell.NEITHER_RIGHT),
        (Side.TRAIN, False, Cell.TRAIN_WRONG),
        (Side.TRAIN, True, Cell.TRAIN_RIGHT),
        (Side.VAL, False, Cell.VAL_WRONG),
        (Side.VAL, True, Cell.VAL_RIGHT),
    ],
)
def test_an_equation_is_in_the_cell_of_its_side_and_outcome(side: Side, is_right: bool, cell: Cell) -> None:  # noqa: FBT001
    answers = observed().answers
    observation = observed(scores=answering((answers + (not is_right)) % 11, 11), sides=np.full(121, side))
    assert (outcome_table(observation) == cell).all()
    assert Cell.of(side, is_right=is_right) == cell


def test_the_table_is_laid_out_by_a_and_b() -> None:
    observation = observed("subtract", 7)
    table = outcome_table(observation)
    for (a, b), side, is_right in zip(observation.operands, observation.sides, observation.is_right, strict=True):
        assert table[a, b] == Cell.of(Side(side), is_right=bool(is_right))


def test_pairs_without_an_answer_are_absent() -> None:
    table = outcome_table(observed("divide", 7))
    assert (table[:, 0] == Cell.ABSENT).all()
    assert count_cells(table)[Cell.ABSENT] == 7


def test_every_cell_is_counted_once() -> None:
    observation = observed("divide", 13)
    counts = count_cells(outcome_table(observation))
    assert sum(counts.values()) == 169
    assert counts[Cell.TRAIN_RIGHT] + counts[Cell.TRAIN_WRONG] == (observation.sides == Side.TRAIN).sum()
    assert counts[Cell.TRAIN_RIGHT] + counts[Cell.VAL_RIGHT] == observation.is_right.sum()


def test_each_side_has_its_own_table_of_right_and_wrong() -> None:
    right, wrong = Cell.VAL_RIGHT, Cell.VAL_WRONG
    table = np.array([[right, wrong], [Cell.TRAIN_RIGHT, Cell.ABSENT]], dtype=np.int64)
    assert answered_right(table, Side.VAL)[0].tolist() == [1.0, 0.0]
    assert np.isnan(answered_right(table, Side.VAL)[1]).all()
    assert np.nansum(answered_right(table, Side.TRAIN)) == 1.0


def test_confusions_are_listed_by_how_often_they_happen() -> None:
    observation = observed(scores=answering(observed().answers, 11), sides=np.full(121, Side.VAL))
    predicted = observation.answers.copy()
    for answer, instead, times in ((4, 0, 3), (2, 9, 1), (1, 5, 3), (4, 7, 2)):
        rows = np.flatnonzero(predicted == answer)[:times]
        predicted[rows] = instead + 100  # apart from the answers until all are chosen
    observation = replace(observation, predicted=np.where(predicted >= 100, predicted - 100, predicted))
    expected = [Confusion(1, 5, 3), Confusion(4, 0, 3), Confusion(4, 7, 2), Confusion(2, 9, 1)]
    assert confusions(observation) == expected
    assert confusions(observation, at_most=2) == expected[:2]
    assert confusions(observation, Side.TRAIN) == []


def test_the_ten_most_frequent_are_listed_and_those_as_frequent_by_answer() -> None:
    observation = observed(sides=np.full(121, Side.VAL))
    found = confusions(observation, at_most=121)
    assert len(found) > 50
    assert found == sorted(found, key=lambda one: (-one.n_equations, one.answer, one.predicted))
    assert confusions(observation) == found[:10]


def test_a_network_may_answer_with_what_is_no_residue() -> None:
    observation = observed(scores=answering(np.full(121, 12), 14), sides=np.full(121, Side.VAL))
    assert confusions(observation, at_most=1) == [Confusion(0, 12, 11)]
    assert count_cells(outcome_table(observation))[Cell.VAL_WRONG] == 121


def test_a_network_that_knows_only_mirrors_is_right_where_they_are_trained_on() -> None:
    operands = pairs_of("add", 11)
    below = operands[:, 0] > operands[:, 1]
    sides = np.where(below, Side.TRAIN, Side.VAL)
    answers = observed().answers
    on_diagonal = operands[:, 0] == operands[:, 1]
    predicted = np.where(on_diagonal, (answers + 1) % 11, answers)
    leakage = mirror_leakage(observed(scores=answering(predicted, 11), sides=sides))
    assert leakage.leaked == Tally(55, 55)
    assert leakage.rest == Tally(11, 0)
    assert leakage.share == 55 / 66


def test_mirrors_that_are_only_measured_give_nothing_away() -> None:
    leakage = mirror_leakage(observed(sides=np.full(121, Side.VAL)))
    assert (leakage.leaked.n_equations, leakage.rest.n_equations) == (0, 121)
    assert isnan(leakage.leaked.accuracy)


def test_leakage_is_counted_pair_by_pair() -> None:
    observation = observed("divide", 7)
    trained = {
        (a, b) for (a, b), side in zip(observation.operands.tolist(), observation.sides, strict=True) if side == Side.TRAIN
    }
    val = [tuple(pair) for pair in observation.operands[observation.sides == Side.VAL].tolist()]
    leakage = mirror_leakage(observation)
    assert leakage.leaked.n_equations == sum((b, a) in trained for a, b in val)
    assert leakage.rest.n_equations == sum((b, a) not in trained for a, b in val)


def test_without_validation_there_is_no_share() -> None:
    assert isnan(mirror_leakage(observed(sides=np.full(121, Side.TRAIN))).share)


def test_a_network_that_has_diverged_is_a_table_like_any_other() -> None:
    observation = observed(scores=np.full((121, 11), np.nan))
    assert sum(count_cells(outcome_table(observation)).values()) == 121
    assert sum(confusion.n_equations for confusion in confusions(observation, Side.VAL, at_most=121)) > 0
