import math

import numpy as np
import pytest

from grokterm.runs.results.over_seeds import Statistics


def test_statistics_are_those_of_numpy() -> None:
    values = [3.0, 1.0, 4.0, 1.5, 9.0]
    found = Statistics.of(values)
    assert (found.n, found.lowest, found.highest) == (5, 1.0, 9.0)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.standard_deviation == pytest.approx(np.std(values, ddof=1))
    assert found.quartiles == pytest.approx(tuple(np.percentile(values, (25, 50, 75))))


def test_members_that_lack_a_number_are_not_counted() -> None:
    assert Statistics.of([None, math.nan, math.inf]) == Statistics(n=0)
    assert Statistics.of([None, 40]) == Statistics(n=1, mean=40, lowest=40, quartiles=(40, 40, 40), highest=40)
