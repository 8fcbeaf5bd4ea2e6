"""Values of an axis, written as a text."""

import re

import pytest

from grokterm.experiment.reading.ranges import spaced, values_of


def test_a_range_has_the_numbers_that_are_written() -> None:
    assert spaced("0.1:0.9:0.1") == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    assert spaced("10:50:20") == [10, 30, 50]
    assert spaced("0:1:0.3") == [0, 0.3, 0.6, 0.9]


def test_whole_numbers_stay_whole() -> None:
    assert all(isinstance(value, int) for value in spaced("100:500:100") or [])
    assert all(isinstance(value, float) for value in spaced("0.0:2.0:1") or [])


def test_a_logarithmic_range_has_equal_ratios_and_its_ends() -> None:
    assert spaced("1e-4:1e-1:log4") == [1e-4, 1e-3, 1e-2, 1e-1]
    assert spaced("1:1000:log2") == [1, 1000]


def test_values_are_read_as_a_setting_is() -> None:
    assert values_of("0, 0.1, 1") == [0, 0.1, 1]
    assert values_of("adam, adamw") == ["adam", "adamw"]
    assert values_of("[0.9, 0.98], [0.9, 0.999]") == [[0.9, 0.98], [0.9, 0.999]]
    assert values_of("true,false") == [True, False]
    assert values_of("full") == ["full"]


@pytest.mark.parametrize(
    "text",
    [
        *("1:0:1", "0:1:0", "0:1:-1", "0:1:x", "0:1:log1", "0:1:log3", "1:2:log2.5", "0:1:1e-9", "nan:1:1"),
        *("1:9:log1e99999999", "0:1e999999:1", "1e999999999:1e999999999:1", "1e-999:1:log3"),  # which no memory holds
    ],
)
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no range"):
        spaced(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (" ", "has no values"),
        (",", "has no values"),
        ("0.5,,0.6", "'0.5,,0.6' has nothing between two commas"),
        ("0.1:0.9", "'0.1:0.9' is no range: write FIRST:LAST:STEP"),
    ],
)
def test_an_axis_that_lacks_something_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        values_of(text)
