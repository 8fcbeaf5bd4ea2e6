"""How much is drawn on a terminal that is far away."""

import pytest

from grokterm.tui.link import FULL, LINKS, LinkChoice, LinkName, choose_link
from grokterm.tui.panes import panes
from grokterm.tui.widgets.lab.curves import CurvesView
from grokterm.tui.widgets.picture import Picture
from tests.tui.driving import ENDLESS, LARGE, app_on, content, paused, training, until


@pytest.mark.parametrize(
    ("choice", "round_trip", "name"),
    [
        ("auto", None, "full"),
        ("auto", 0.03, "full"),
        ("auto", 0.3, "calm"),
        ("auto", 1.0, "slow"),
        ("full", 1.0, "full"),
        ("calm", None, "calm"),
        ("slow", 0.001, "slow"),
    ],
)
def test_a_terminal_that_answers_late_is_drawn_on_less_unless_the_user_says_otherwise(
    choice: LinkChoice, round_trip: float | None, name: LinkName
) -> None:
    assert choose_link(choice, round_trip) is LINKS[name]


async def test_the_palette_turns_pictures_into_numbers_and_back() -> None:
    async with training(app := app_on(ENDLESS), LARGE) as pilot:
        await paused(pilot, app)
        curves, network = app.screen.query_one(CurvesView), app.screen.query_one("#present", Picture)

        def choose(title: str) -> None:
            next(one for one in app.get_system_commands(app.screen) if one.title == title).callback()

        await until(pilot, lambda: "acc" in content(curves), "the curves")
        choose("Link: slow")
        assert content(curves).startswith("train accuracy")
        await until(pilot, lambda: content(network).startswith("step "), "the numbers of the network")
        seen: set[str] = set()
        for name, words in (("table", "train right"), ("efficiency", "parameter norm"), ("spectrum", "share of the power")):
            await pilot.press(panes()[name])
            await until(pilot, lambda words=words: words in content(network), name)  # type: ignore[misc]
            seen.add(content(network))
        assert len(seen) == 3
        await pilot.press(panes()["activations"])
        await until(pilot, lambda: "no picture of the activations" in str(network.border_subtitle), "what is left out")
        assert "Link: slow" not in [one.title for one in app.get_system_commands(app.screen)]
        choose("Link: full")
        assert app.link is FULL
        assert "acc" in content(curves)
