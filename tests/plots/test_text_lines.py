"""Lines of text."""

from grokterm.plots.text_lines import in_few_lines


def test_a_text_that_does_not_fit_into_its_lines_says_that_it_goes_on() -> None:
    assert in_few_lines("one two three four", 10, 2) == ["one two", "three four"]
    assert in_few_lines("one two three four five", 10, 2) == ["one two", "three …"]
    assert in_few_lines("", 10, 2) == []
