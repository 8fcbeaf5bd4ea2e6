"""What is shown where, and how it is looked at."""

import pytest
from textual.pilot import Pilot
from textual.widget import Widget

from grokterm.experiment.interventions import Swap
from grokterm.session.commands import SetPace
from grokterm.tui.app import GroktermApp
from grokterm.tui.panes import panes
from grokterm.tui.widgets.lab.curves import CurvesView
from grokterm.tui.widgets.lab.network import NetworkPane
from grokterm.tui.widgets.lab.network_picture import NetworkPicture
from grokterm.tui.widgets.picture import Picture
from grokterm.tui.widgets.tab_bar import TabBar
from grokterm.views.lab.weights import TOGETHER
from grokterm.views.table import VIEWS
from grokterm.views.view import ORDERS
from tests.tui.driving import BRIEF, ENDLESS, LARGE, SMALL, app_on, content, lab, training, until

TINY_SIZES = [(20, 5), (1, 1), (110, 5)]


def picture_of(app: GroktermApp) -> NetworkPicture:
    return app.screen.query_one("#present", NetworkPicture)


def title(widget: Widget) -> str:
    return f"{widget.border_title} {widget.border_subtitle}"


async def until_drawn(pilot: Pilot[int], app: GroktermApp, words: str) -> None:
    await until(pilot, lambda: words in title(picture_of(app)) and content(picture_of(app)).strip(), f"{words!r}")


async def test_a_small_terminal_shows_exactly_the_view_that_is_chosen_below_the_names_of_all() -> None:
    app = app_on(ENDLESS)
    async with training(app, SMALL) as pilot:
        names = content(app.screen.query_one("#views"))
        assert all(f"{number}{name}" in names for name, number in panes().items())
        for name, number in panes().items():
            await pilot.press(number)
            part = name if name in ("curves", "facts") else "network"
            shown = {one for one in ("curves", "network", "facts") if app.screen.query_one(f"#{one}").is_on_screen}
            assert shown == {part}
            assert f"[{number}{name}]" in content(app.screen.query_one("#views"))
            assert app.screen.query_one(f"#{part}").region.right == SMALL[0]


async def test_a_large_terminal_shows_curves_facts_and_one_tab() -> None:
    app = app_on(ENDLESS)
    async with training(app, LARGE) as pilot:
        assert all(app.screen.query_one(f"#{name}").is_on_screen for name in ("curves", "network", "facts"))
        assert not app.screen.query_one("#views").display
        seen: set[str] = set()
        for name in VIEWS:
            number = panes()[name]
            await pilot.press(number)
            assert f"[{number}{name}]" in content(app.screen.query_one("#tabs", TabBar))
            await until(pilot, lambda: len({*seen, title(picture_of(app))}) > len(seen), name)
            seen.add(title(picture_of(app)))
        assert len(app.screen.query(Picture)) == 3


@pytest.mark.parametrize(
    ("size", "shown"), [(LARGE, ["spectrum", "weights", "efficiency"]), (SMALL, ["weights", "curves", "facts"])]
)
async def test_tab_goes_from_view_to_view_and_back(size: tuple[int, int], shown: list[str]) -> None:
    app = app_on(ENDLESS)
    async with training(app, size) as pilot:
        for key, view in zip(("tab", "shift+tab", "shift+tab"), shown, strict=True):
            await pilot.press(key)
            assert lab(app).view == view


async def test_a_view_that_is_turned_to_is_drawn() -> None:
    app = app_on(ENDLESS)
    async with training(app, SMALL) as pilot:
        drawn = {""}
        for name in VIEWS:
            await pilot.press(panes()[name])
            await until(pilot, lambda: picture_of(app).border_title not in drawn, name)
            await until_drawn(pilot, app, "step")
            assert app.screen.query_one(NetworkPane).tab == name
            drawn.add(str(picture_of(app).border_title))


async def test_no_snapshot_is_made_while_the_network_is_off_screen() -> None:
    app = app_on(ENDLESS)
    async with training(app, SMALL) as pilot:
        lab(app)._look()
        await until(pilot, lambda: lab(app).state.step > 20, "twenty steps")
        assert lab(app).training.analysis is None


@pytest.mark.parametrize(
    ("tab", "key", "before", "after"),
    [
        ("2", "l", "first operand", "second operand"),
        ("2", "o", "sorted by frequency", "sorted by deviation"),
        ("3", "l", "first operand", "second operand"),
        ("4", "l", "after φ", "before φ"),
        ("4", "o", "sorted by frequency", "sorted by deviation"),
    ],
)
async def test_layer_and_order_can_be_chosen(tab: str, key: str, before: str, after: str) -> None:
    app = app_on(ENDLESS)
    async with training(app, LARGE) as pilot:
        await pilot.press(tab)
        await until_drawn(pilot, app, before)
        await pilot.press(*key)
        await until_drawn(pilot, app, after)


async def test_every_layer_and_order_can_be_drawn() -> None:
    app = app_on(ENDLESS.replace('scaling = "doshi"', 'scaling = "standard"\ndepth = 2'))
    async with training(app, SMALL) as pilot:
        await pilot.press("2")
        await until_drawn(pilot, app, "step")
        analysis = lab(app).training.analysis
        assert analysis is not None
        n_layers = len(analysis.snapshot.layers)
        seen = set()
        for key in "o" * len(ORDERS) + "l" * (n_layers + 1):
            await pilot.press(key)
            seen.add(str(picture_of(app).border_title))
        assert len(seen) == len(ORDERS) + n_layers
        assert any(title.startswith(TOGETHER) for title in seen)


async def test_x_toggles_the_axis_of_steps() -> None:
    app = app_on(ENDLESS)
    async with training(app, LARGE) as pilot:
        curves = app.screen.query(CurvesView).first()
        await until(pilot, lambda: f"{curves.border_subtitle}".startswith("log steps · l"), "the curves")
        await pilot.press("x")
        assert f"{curves.border_subtitle}".startswith("linear steps")
        await pilot.press("x")
        assert f"{curves.border_subtitle}".startswith("log steps")


async def test_z_holds_the_color_range_of_the_weights_and_the_next_time_lets_it_follow() -> None:
    app = app_on(ENDLESS.replace("learning_rate = 1e-2", "learning_rate = 0.3"))
    async with training(app, LARGE) as pilot:
        weights = picture_of(app)
        await until(pilot, lambda: "±" in title(weights), "the first range")
        await pilot.press("z")
        held, step = color_range(weights), snapshot_step(app)
        assert held.endswith(" held")
        await until(pilot, lambda: snapshot_step(app) > step + 10, "other weights")
        assert color_range(weights) == held
        await pilot.press("z")
        assert color_range(weights) != held.removesuffix(" held")


def color_range(weights: Widget) -> str:
    return next(part for part in str(weights.border_subtitle).split(" · ") if part.startswith("±"))


def snapshot_step(app: GroktermApp) -> int:
    snapshot = lab(app).training.analysis
    return -1 if snapshot is None else snapshot.step


async def test_no_size_of_the_terminal_is_too_small_to_draw_in() -> None:
    app = app_on(ENDLESS)
    async with training(app, LARGE) as pilot:
        await until(pilot, lambda: lab(app).training.analysis, "a snapshot")
        for size in TINY_SIZES:
            await pilot.resize_terminal(*size)
            for key in (*"12345678xlozo", "enter", "down", "right", "pagedown", "tab"):
                app.simulate_key(key)
            await pilot.pause()
        await pilot.resize_terminal(*LARGE)
        await until(
            pilot,
            lambda: all(content(picture).strip() for picture in app.screen.query(Picture) if picture.display),
            "all pictures",
        )


async def test_arrows_and_pages_choose_a_neuron_and_enter_shows_it_alone() -> None:
    app = app_on(ENDLESS.replace("width = 16", "width = 60"))
    async with training(app, SMALL) as pilot:
        await pilot.press("4", "space")
        await until_drawn(pilot, app, "1-")
        pane, shown = app.screen.query_one(NetworkPane), title(picture_of(app))
        await pilot.press("right", "left", "left")
        assert pane.choice.chosen == 0
        await pilot.press("pagedown")
        await until(pilot, lambda: title(picture_of(app)) != shown and " of 60" in title(picture_of(app)), "the second page")
        for _ in range(60):
            app.simulate_key("pagedown")
        await until(pilot, lambda: pane.choice.chosen == 59, "the last neuron")
        await pilot.press("pagedown")
        assert pane.choice.chosen == 59
        await pilot.press("enter")
        await until_drawn(pilot, app, "(60 of 60)")
        await pilot.press("escape")
        await until_drawn(pilot, app, "-60 of 60")


async def test_enter_changes_between_shares_and_cells_of_the_table() -> None:
    app = app_on(ENDLESS.replace("modulus = 11", "modulus = 97"))
    async with training(app, SMALL) as pilot:
        await pilot.press("6", "space")
        await until_drawn(pilot, app, "share of right answers")
        await pilot.press("enter")
        await until_drawn(pilot, app, "a 0 to ")
        await pilot.press("down")
        await until_drawn(pilot, app, "a 8 to ")
        await pilot.press("z")
        await until_drawn(pilot, app, "share of right answers")


async def test_nothing_is_worked_out_for_a_tab_that_is_not_shown() -> None:
    app = app_on(ENDLESS)
    async with training(app, LARGE) as pilot:
        await until_drawn(pilot, app, "step")
        await until(pilot, lambda: snapshot_step(app) > 20, "another look")
        assert not app.screen.query_one(NetworkPane)._view_requests.answers


async def test_after_a_swap_while_paused_the_table_is_of_the_new_training_set() -> None:
    app = app_on(ENDLESS)
    async with training(app, LARGE) as pilot:
        await pilot.press("6", "space")
        await until(pilot, lambda: "72/72" in content(picture_of(app)) or "/73" in content(picture_of(app)), "the table")
        lab(app).training.send(Swap(train_fraction=0.2))
        await until(pilot, lambda: "neither" in content(picture_of(app)), "the smaller training set")


@pytest.mark.usefixtures("_drawn_at_once")
async def test_what_is_frozen_can_be_looked_at_another_way() -> None:
    app = app_on(ENDLESS)
    async with training(app, LARGE) as pilot:
        await until_drawn(pilot, app, "step")
        await pilot.press("f")
        await until(pilot, lambda: f"frozen at step {step_shown(app)} " in content(app.screen.query_one("#banner")), "one step")
        frozen = step_shown(app)
        for keys, words in (("4", "after φ"), ("5", "the exact solution"), ("2l", "second operand")):
            await pilot.press(*keys)
            await until_drawn(pilot, app, words)
            assert step_shown(app) == frozen
        step = lab(app).state.step
        await until(pilot, lambda: lab(app).state.step > step + 33, "a second of steps")
        assert step_shown(app) == frozen
        await pilot.press("f")
        await until(pilot, lambda: step_shown(app) > frozen, "a later network")


async def test_what_is_frozen_and_thawed_after_the_end_is_the_newest_network() -> None:
    app = app_on(BRIEF)
    async with training(app, pace=20.0) as pilot:
        await pilot.press("2")
        await until_drawn(pilot, app, "step")
        assert step_shown(app) < 40
        await pilot.press("1")
        lab(app).training.send(SetPace(steps_per_second=None))
        await until(pilot, lambda: lab(app).state.phase == "ended", "the end")
        await pilot.press("f", "2")
        await until(pilot, lambda: "frozen at step 40 " in content(app.screen.query_one("#banner")), "the frozen step")
        await until(pilot, lambda: step_shown(app) == 40, "the network of that step")


async def test_a_network_frozen_before_its_first_snapshot_is_copied_once() -> None:
    app = app_on(ENDLESS)
    async with training(app, SMALL) as pilot:
        await pilot.press("f", "4")
        await until_drawn(pilot, app, "after φ")
        frozen, step = step_shown(app), lab(app).state.step
        await until(pilot, lambda: lab(app).state.step > step + 33, "a second of steps")
        assert step_shown(app) == frozen


@pytest.mark.usefixtures("_drawn_at_once")
async def test_a_training_that_is_restarted_is_not_frozen() -> None:
    app = app_on(ENDLESS)
    async with training(app, LARGE) as pilot:
        await until_drawn(pilot, app, "step")
        old = lab(app).training
        await pilot.press("f", "r", "enter")
        await until(pilot, lambda: lab(app).training is not old and lab(app).training.analysis is not None, "another look")
        assert not lab(app).has_class("-frozen")


def step_shown(app: GroktermApp) -> int:
    return int(str(picture_of(app).border_subtitle).split(" · ")[0].removeprefix("step ").replace(",", ""))
