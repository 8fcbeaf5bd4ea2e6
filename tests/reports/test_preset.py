"""A preset before it is trained, in words."""

from dataclasses import replace

import pytest

from grokterm.experiment.reading.presets import find_preset, list_presets
from grokterm.reports.preset import Prospect, ago, costs, expected, in_two_lines
from grokterm.training.estimate import Estimate


def prospect(name: str, *changes: str) -> Prospect:
    return Prospect(find_preset(name).overridden(changes).experiment)


def test_what_is_expected_is_said_in_plain_words_milestones_first() -> None:
    assert expected(prospect("quick").experiment)[:4] == [
        ("memorized", "15–30"),
        ("grokked", "35–55"),
        ("val accuracy", "0.99–1"),
        ("ipr at 200", "0.85–1"),
    ]
    assert ("grokked", "never") in expected(prospect("gromov-quadratic-form").experiment)


def test_two_lines_say_it_before_and_after_it_is_estimated() -> None:
    before = prospect("liu-essay")
    wanted = "memorized 1,200–2,200 · grokked 7,000–12,000 · val accuracy 0.99–1"
    assert list(in_two_lines(before)) == [wanted, "640 equations · estimating"]
    after = replace(before, estimate=Estimate(17.6, 14_400))
    assert list(in_two_lines(after)) == [wanted, "640 equations · 14,400 weights · about 18 s here"]
    assert list(in_two_lines(replace(before, problem="no such device")))[1] == "640 equations · not known"


def test_the_parts_of_a_mixture_come_first() -> None:
    first, _ = in_two_lines(prospect("report-mixture-10-1"))
    assert first.startswith("first generalizer report-generalizer, memorizer report-memorizer · grokked 463–1,042")


@pytest.mark.parametrize(
    ("changes", "seconds", "words"),
    [
        ([], 0.2, "about a second"),
        ([], 43.0, "about 45 s"),
        ([], 1000.0, "about 17 min"),
        ([], 23_500.0, "about 6.5 h"),
        (["training.stop_when=grokked"], 43.0, "at most about 45 s"),
    ],
)
def test_a_time_is_rounded(changes: list[str], seconds: float, words: str) -> None:
    found = replace(prospect("quick", *changes), estimate=Estimate(seconds, 145_500))
    assert costs(found)[1:] == [("weights", "145,500"), ("time here", words)]


def test_an_ensemble_has_its_weights_once_a_member() -> None:
    found = replace(prospect("quick", "training.members=8"), estimate=Estimate(1.0, 145_500))
    assert ("weights", "8 × 145,500") in costs(found)


def test_an_age_is_told_in_one_unit() -> None:
    ages = [ago(seconds) for seconds in (3, 200, 7300, 90_000, 400_000)]
    assert ages == ["just now", "3 min ago", "2 h ago", "1 day ago", "4 days ago"]


def test_every_preset_can_be_described() -> None:
    for preset in list_presets():
        assert all(in_two_lines(Prospect(preset.experiment)))
