from itertools import combinations, product

from tests.pairwise import pairwise


def test_every_two_choices_meet_in_fewer_rows_than_all() -> None:
    axes = ("abc", range(5), (None, True), ["x", "y", "z"])
    rows = pairwise(*axes)
    for (first, ones), (second, others) in combinations(enumerate(axes), 2):
        assert {(row[first], row[second]) for row in rows} == set(product(ones, others))
    assert 15 <= len(rows) <= 20
    assert rows == pairwise(*axes)
