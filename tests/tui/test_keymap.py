"""Keys of a user's own: which there are, and that all that names a key names them."""

import pytest

from grokterm.cli.help.manual import read_manual
from grokterm.errors import ConfigError
from grokterm.tui.appearance.preferences import change_preferences
from grokterm.tui.appearance.remembered import preferences_path
from grokterm.tui.keyboard import choosable, guide, hints, keys
from grokterm.tui.keymap import action_name, check_keys, is_choosable, moved, parse_key, written
from grokterm.tui.situation import Situation
from grokterm.tui.widgets.key_bar import KeyBar
from tests.tui.driving import ENDLESS, LARGE, app_on, content, state, training, until

BINDINGS = [binding for key in keys() for binding in key.bindings]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("k", "k"),
        ("K", "K"),
        ("é", "é"),
        ("<", "less_than_sign"),
        (",", "comma"),
        ("+", "plus"),
        ("space", "space"),
        ("PageUp", "pageup"),
        ("f5", "f5"),
        ("ctrl+k", "ctrl+k"),
        ("shift+ctrl+up", "ctrl+shift+up"),
        ("alt+k", "alt+k"),
    ],
)
def test_a_key_is_a_sign_or_has_a_name(text: str, key: str) -> None:
    assert parse_key(text) == key


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there is no key ''"),
        (" ", "there is no key ' '"),
        ("kk", "there is no key 'kk'"),
        ("pagup", "there is no key 'pagup': did you mean 'pageup'?"),
        ("hyper+k", r"there is no key 'hyper\+k'"),
        ("ctrl+", r"there is no key 'ctrl\+'"),
        ("<any>", "there is no key '<any>'"),
        ("ctrl+i", r"ctrl\+i is tab to a terminal"),
        ("shift+k", "write 'K'"),
        (3, 'a key is a text such as "k"'),
    ],
)
def test_what_no_terminal_sends_is_no_key(text: object, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        parse_key(text)


def test_every_key_of_the_lab_is_read_as_it_is_written() -> None:
    assert [binding.key for binding in BINDINGS if parse_key(written(binding.key)) != binding.key] == []


def test_every_action_has_a_name_of_its_own_and_every_key_one_action() -> None:
    actions = {(action_name(binding), binding.action) for binding in BINDINGS}
    assert len(actions) == len({name for name, _ in actions}) == len({action for _, action in actions})
    assert len(BINDINGS) == len({binding.key for binding in BINDINGS})
    names = {name for _, defaults in choosable() for name in defaults}
    assert names == {action_name(binding) for binding in BINDINGS if is_choosable(binding)}
    assert names >= {"pause", "swap", "third_chart", "save_picture", "left", "next_view", "quit"}


@pytest.mark.parametrize(
    ("chosen", "used", "problems"),
    [
        ({"pause": "k"}, {"pause": "k"}, {}),
        ({"pause": "p", "save_picture": "space"}, {"pause": "p", "save_picture": "space"}, {}),
        ({"zoom_in": "+"}, {"zoom_in": "plus"}, {}),
        ({"pause": "p"}, {}, {"pause": "p is the key of save_picture already"}),
        ({"pause": "k", "swap": "k"}, {"pause": "k"}, {"swap": "k is the key of pause already"}),
        ({"pause": "k", "swap": "space"}, {"pause": "k", "swap": "space"}, {}),
        ({"pause": "oops", "swap": "space"}, {}, {"pause": "there is no key", "swap": "space is the key of pause already"}),
        ({"swap": "="}, {}, {"swap": "= is the key of zoom_in already"}),
        ({"swap": "2"}, {}, {"swap": "2 chooses weights already"}),
        ({"swap": "?"}, {}, {"swap": "? opens the manual already"}),
        ({"swop": "k"}, {}, {"swop": "there is no such action: did you mean 'swap'?"}),
        ({"weights": "k"}, {}, {"weights": "there is no such action"}),
    ],
)
def test_no_key_has_two_actions(chosen: dict[str, str], used: dict[str, str], problems: dict[str, str]) -> None:
    keys, told = check_keys(chosen, BINDINGS)
    assert keys == used
    assert told.keys() == problems.keys()
    assert [name for name, problem in problems.items() if not told[name].startswith(problem)] == []


def test_footer_and_manual_show_the_keys_of_a_user() -> None:
    own, _ = check_keys({"pause": "P", "faster": "g", "left": "H", "zoom_in": "i", "next_view": "ctrl+k"}, BINDINGS)
    shown = {hint.label: [text for text, _ in hint.keys] for hint in hints(Situation(), own)}
    assert (shown["pause"], shown["pace"], shown["zoom"]) == (["P"], ["<", "g"], ["i", "-"])
    assert shown["move"] == ["arrows"]  # in a word, whichever was moved
    told = {written for rows in guide(Situation(), own).values() for written, _ in rows}
    assert {"P", "< g", "i -", "up down H right pagedown pageup"} < told
    assert told.isdisjoint({"space", "< >", "+ -", "arrows"})
    assert next(written for written in told if written.startswith("1 ")).endswith(" ctrl+k shift+tab")


def test_pages_that_name_keys_by_default_say_which_were_moved(capsys: pytest.CaptureFixture[str]) -> None:
    assert moved({}) == ""
    read_manual(None, "detach")  # type: ignore[arg-type]  # asked only about other topics
    before = capsys.readouterr().out
    change_preferences(preferences_path(), {"keys": {"detach": "k", "slower": ","}})
    read_manual(None, "detach")  # type: ignore[arg-type]  # asked only about other topics
    told = "The pages name the keys by default. Yours: detach k, slower ,.\n\n"
    assert capsys.readouterr().out == told + before


async def test_the_lab_obeys_the_keys_of_a_user() -> None:
    change_preferences(preferences_path(), {"keys": {"pause": "k"}})
    async with training(app := app_on(ENDLESS), LARGE) as pilot:
        await pilot.press("space", "k")
        await until(pilot, lambda: state(app).phase == "paused", "the pause")
        await until(pilot, lambda: content(app.screen.query_one(KeyBar)).startswith(" k resume"), "its key in the footer")
        assert "key k" in [command.help for command in app.get_system_commands(app.screen) if command.title == "Pause"]
