"""Fields that are checked as they are typed."""

from pathlib import Path

import pytest
from textual.widgets import Collapsible

from grokterm.tui.screens.lab import LabScreen
from grokterm.tui.screens.setup import SetupScreen
from tests.tui.driving import (
    BRIEF,
    SMALL,
    app_on,
    choose,
    content,
    control,
    explanation,
    form,
    press_at_once,
    said,
    settings_shown,
    structure,
    type_into,
    unfold,
    until,
)


async def test_an_invalid_value_is_marked_explained_and_refused_until_it_is_mended() -> None:
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=SMALL) as pilot:
        await type_into(pilot, control(app, "task.modulus"), "1")
        assert control(app, "task.modulus").has_class("-invalid")
        assert explanation(app).startswith("task.modulus must be at least 2")
        await pilot.press("ctrl+s")
        assert said(app) == [explanation(app)]
        assert isinstance(app.screen, SetupScreen)
        await type_into(pilot, control(app, "task.modulus"), "13")
        assert not control(app, "task.modulus").has_class("-invalid")
        assert explanation(app).startswith("The p in a + b mod p")
        assert form(app).experiment.task.modulus == 13
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, LabScreen), "the lab")


async def test_starting_right_after_an_invalid_value_starts_nothing() -> None:
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=SMALL) as pilot:
        control(app, "task.modulus").focus()
        await pilot.pause()
        app.simulate_key("x")
        app.simulate_key("ctrl+s")
        await until(pilot, lambda: said(app), "the refusal")
        assert isinstance(app.screen, SetupScreen)


async def test_enter_and_the_arrows_move_between_the_fields_and_the_form_scrolls_along() -> None:
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=SMALL) as pilot:
        control(app, "task.modulus").focus()
        for key, name in (("enter", "task.train_fraction"), ("down", "model.architecture"), ("up", "task.train_fraction")):
            await pilot.press(key)
            assert app.focused is control(app, name)
        assert isinstance(app.screen, SetupScreen)
        control(app, "seed").focus()
        await unfold(pilot, app)
        for _ in range(12):
            await pilot.press("down")
        assert app.focused is not None
        assert form(app).scroll_y > 0
        assert form(app).region.contains_region(app.focused.region)
        app.screen.query_one(Collapsible).collapsed = True


async def test_keys_that_arrive_together_are_typed_where_they_belong() -> None:
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=SMALL) as pilot:
        control(app, "task.modulus").focus()
        press_at_once(app, *"13", "tab", *"0.55", "up", "down", "shift+tab", *"17", "enter", *"0.35")
        await until(pilot, lambda: control(app, "task.train_fraction").value == "0.35", "keys that arrive together")
        await until(pilot, lambda: form(app).experiment.task.train_fraction == 0.35, "the last edit")
        assert form(app).experiment.task.modulus == 17
        assert control(app, "task.train_fraction").value == "0.35"


async def test_a_list_opens_on_enter_and_its_arrows_choose() -> None:
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=SMALL) as pilot:
        control(app, "task.operation").focus()
        await pilot.press("enter", "down", "enter")
        await until(pilot, lambda: settings_shown(app)["task.operation"] == "subtract", "the second operation")
        assert isinstance(app.screen, SetupScreen)


async def test_what_the_operation_is_follows_the_fields_and_is_not_said_of_invalid_ones() -> None:
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=SMALL) as pilot:
        assert structure(app) == "11 elements · commutative group, identity 0 · chance 9.1 % · basis: residues"
        await type_into(pilot, control(app, "task.modulus"), "1")
        assert structure(app) == ""
        await type_into(pilot, control(app, "task.modulus"), "13")
        await choose(pilot, control(app, "task.operation"), "multiply")
        assert structure(app) == "13 elements · commutative, identity 1 · chance 14.8 % · basis: logarithms"
        assert "more settings" in "\n".join(content(line) for line in app.screen.query("CollapsibleTitle"))
        assert app.screen.query_one("CollapsibleTitle").region.bottom < form(app).region.bottom


async def test_words_where_a_number_belongs_are_refused() -> None:
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=SMALL) as pilot:
        await type_into(pilot, control(app, "training.steps"), "many")
        assert "training.steps" in explanation(app)
        assert form(app).experiment.training.steps == 40


async def test_a_word_may_stand_where_a_setting_takes_it_beside_numbers() -> None:
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=SMALL) as pilot:
        await unfold(pilot, app)
        await type_into(pilot, control(app, "training.evaluate_every"), "lo")
        assert explanation(app).startswith('training.evaluate_every must be a whole number or "log", not')
        await type_into(pilot, control(app, "training.evaluate_every"), "log")
        assert not form(app).problem
        assert form(app).experiment.training.evaluate_every == "log"
        await type_into(pilot, control(app, "training.evaluate_every"), "20")
        assert form(app).experiment.training.evaluate_every == 20


async def test_an_unwise_value_is_a_warning_and_starts() -> None:
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=SMALL) as pilot:
        await type_into(pilot, control(app, "optimizer.weight_decay"), "200")
        assert explanation(app).startswith("warning: learning_rate times weight_decay is 2")
        assert not form(app).problem


@pytest.mark.parametrize("operation_first", [True, False])
async def test_settings_that_are_only_valid_together_can_be_typed_in_either_order(*, operation_first: bool) -> None:
    app = app_on(BRIEF.replace("modulus = 11", "modulus = 12"), start=False)
    async with app.run_test(size=SMALL) as pilot:
        if operation_first:
            await choose(pilot, control(app, "task.operation"), "divide")
            assert "prime" in form(app).problem
            assert control(app, "task.operation").has_class("-invalid")
            await type_into(pilot, control(app, "task.modulus"), "13")
        else:
            await type_into(pilot, control(app, "task.modulus"), "13")
            await choose(pilot, control(app, "task.operation"), "divide")
        assert not form(app).problem
        assert not app.screen.query(".-invalid")
        assert (form(app).experiment.task.operation, form(app).experiment.task.modulus) == ("divide", 13)


async def test_a_polynomial_is_typed_and_goes_when_another_operation_is_chosen() -> None:
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, control(app, "task.operation"), "expression")
        assert explanation(app).startswith("operation expression needs a polynomial in a and b")
        await type_into(pilot, control(app, "task.expression"), "a**2 + b/")
        assert form(app).problem.endswith("not 'a**2 + b/': / is not allowed")
        await type_into(pilot, control(app, "task.expression"), "a**2 + 3*a*b")
        assert not form(app).problem
        assert form(app).experiment.task.expression == "a**2 + 3*a*b"
        await choose(pilot, control(app, "task.operation"), "add")
        await until(pilot, lambda: settings_shown(app)["task.expression"] == "", "the empty field")
        assert (form(app).experiment.task.operation, form(app).experiment.task.expression) == ("add", "")


async def test_a_polynomial_typed_beside_another_operation_chooses_its_own() -> None:
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=SMALL) as pilot:
        await choose(pilot, control(app, "task.operation"), "multiply")
        await type_into(pilot, control(app, "task.expression"), "a - b")
        assert settings_shown(app)["task.operation"] == "expression"
        assert said(app) == ["task.operation is now expression"]
        assert not form(app).problem
        assert form(app).experiment.task.expression == "a - b"


async def test_the_polynomial_of_a_preset_is_dropped_with_a_word_by_another_operation() -> None:
    preset = BRIEF.replace("modulus = 11", 'modulus = 11\noperation = "expression"\nexpression = "a*b + 1"')
    app = app_on(preset, start=False)
    async with app.run_test(size=SMALL) as pilot:
        assert settings_shown(app)["task.expression"] == "a*b + 1"
        await type_into(pilot, control(app, "task.expression"), "a*")
        await choose(pilot, control(app, "task.operation"), "add")
        await until(pilot, lambda: settings_shown(app)["task.expression"] == "", "the empty field")
        assert said(app) == ["dropped expression = a*b + 1, which add does not have"]
        assert not form(app).problem


async def test_an_operation_with_its_own_number_of_elements_replaces_the_modulus_also_one_that_was_typed() -> None:
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=SMALL) as pilot:
        await type_into(pilot, control(app, "task.modulus"), "13")
        await choose(pilot, control(app, "task.operation"), "s4_product")
        await until(pilot, lambda: settings_shown(app).get("task.modulus") == "24", "the number of elements")
        assert said(app) == ["dropped modulus = 11: s4_product has its own number of elements"]
        await type_into(pilot, control(app, "task.modulus"), "23")
        assert form(app).problem == "modulus must be 24 for s4_product, the number of its elements, not 23"
        await choose(pilot, control(app, "task.operation"), "add")
        assert not form(app).problem
        assert form(app).experiment.task.modulus == 23


async def test_a_table_decides_the_modulus_once_its_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "three.csv").write_text("0,1,2\n1,2,0\n2,0,1")
    (tmp_path / "two.csv").write_text("0,1\n1,0")
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=SMALL) as pilot:
        await type_into(pilot, control(app, "task.modulus"), "13")
        await choose(pilot, control(app, "task.operation"), "table")
        assert explanation(app).startswith("operation table needs a file of answers")
        await unfold(pilot, app)
        control(app, "task.table").focus()
        control(app, "task.table").value = str(tmp_path / "three.csv")
        await until(pilot, lambda: settings_shown(app).get("task.modulus") == "3", "the number of elements")
        control(app, "task.table").value = str(tmp_path / "two.csv")
        await until(pilot, lambda: settings_shown(app).get("task.modulus") == "2", "the number of elements of another file")
        assert not app.screen.query_one(Collapsible).collapsed
        await until(pilot, lambda: app.focused is control(app, "task.table"), "the focus")
        assert not form(app).problem
        assert "task.table_sha256" not in settings_shown(app)


async def test_another_kind_rebuilds_the_form_and_says_what_was_dropped_and_filled() -> None:
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=SMALL) as pilot:
        await unfold(pilot, app)
        await choose(pilot, control(app, "optimizer.kind"), "sgd")
        await until(pilot, lambda: "optimizer.momentum" in settings_shown(app), "the fields of sgd")
        assert "optimizer.betas" not in settings_shown(app)
        assert settings_shown(app)["optimizer.learning_rate"] == "0.01"
        (text,) = said(app)
        assert "dropped betas, epsilon, decay_to, which sgd does not have" in text
        assert "filled momentum = 0.9" in text
        assert form(app).experiment.optimizer.kind == "sgd"


async def test_the_focus_stays_on_the_kind_that_was_chosen_by_keys() -> None:
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=SMALL) as pilot:
        control(app, "optimizer.kind").focus()
        await pilot.press("enter", "up", "enter")
        await until(pilot, lambda: form(app).experiment.optimizer.kind == "adam", "adam")
        await until(pilot, lambda: app.focused is control(app, "optimizer.kind"), "the focus")


async def test_a_kind_can_be_changed_after_a_setting_that_only_the_old_one_has() -> None:
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=SMALL) as pilot:
        await unfold(pilot, app)
        control(app, "optimizer.betas").value = "[0.8, 0.9]"
        await type_into(pilot, control(app, "optimizer.learning_rate"), "0.5")
        await choose(pilot, control(app, "optimizer.kind"), "sgd")
        await until(pilot, lambda: "optimizer.momentum" in settings_shown(app), "the fields of sgd")
        assert form(app).experiment.live_value("optimizer.learning_rate") == 0.5


async def test_a_kind_changed_while_another_field_is_invalid_rebuilds_the_form_once_that_is_mended() -> None:
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=SMALL) as pilot:
        await type_into(pilot, control(app, "task.modulus"), "1")
        await choose(pilot, control(app, "model.architecture"), "transformer")
        assert form(app).problem
        await type_into(pilot, control(app, "task.modulus"), "7")
        await until(pilot, lambda: "model.d_model" in settings_shown(app), "the fields of a transformer")
        assert settings_shown(app)["task.modulus"] == "7"
        assert app.focused is control(app, "task.modulus")


async def test_a_focused_field_says_what_it_means() -> None:
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=SMALL) as pilot:
        control(app, "task.train_fraction").focus()
        await until(pilot, lambda: explanation(app).startswith("Share of all equations that the network trains on"), "the help")
