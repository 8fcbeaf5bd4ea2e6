"""What the lab remembers of its user, and the faults of the file that keeps it."""

import os
from pathlib import Path

import pytest

from grokterm.errors import ConfigError, StorageError
from grokterm.tui.appearance.preferences import (
    Preferences,
    RememberedPreferences,
    change_preferences,
    parse_changes,
    read_preferences,
)
from grokterm.tui.appearance.remembered import default_runs_dir, preferences_path, remembered_theme
from tests.tui.driving import ENDLESS, SMALL, app_on, lab, said, training

DAMAGED = {"is not TOML": b"bell =", "is not text": b"bell = '\xff'"}

BY_HAND = """# My settings
theme = "nord" # cold
bel = false
bell = 3
link = "quick"
[keys] # as in mpv
pause = "k" # both hands
swap = "k"
wipe = "x"
"""
"""Wrong in five entries."""


@pytest.fixture
def path() -> Path:
    path = preferences_path()
    path.parent.mkdir(parents=True)
    return path


def remembered(path: Path) -> tuple[RememberedPreferences, list[str]]:
    told: list[str] = []
    return RememberedPreferences(path, told.append), told


def test_without_a_file_the_defaults_hold_and_none_is_made() -> None:
    assert read_preferences(preferences_path()) == (Preferences(), {})
    assert not preferences_path().exists()


def test_what_is_written_is_read_again(path: Path) -> None:
    changed = {"theme": "nord", "view": "weights", "x_scale": "linear", "overlays": ("runs/a",), "bell": False}
    assert change_preferences(path, {**changed, "order": "frequency"}) == Preferences.from_settings(changed)
    assert read_preferences(path) == (Preferences.from_settings(changed), {})
    assert "order" not in path.read_text("utf-8")
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_what_a_hangup_does_is_read_when_it_happens(path: Path) -> None:
    preferences, _ = remembered(path)
    assert preferences.hangup_now == "continue"
    change_preferences(path, {"hangup": "save"})
    assert (preferences.values.hangup, preferences.hangup_now) == ("continue", "save")
    path.write_text("bell =")  # damaged meanwhile
    assert preferences.hangup_now == "continue"


def test_the_folder_is_made_when_there_is_something_to_remember() -> None:
    preferences, told = remembered(preferences_path())
    preferences.change(view="curves")
    assert not preferences_path().parent.exists()
    preferences.change(view="weights")
    assert read_preferences(preferences_path()).values.view == "weights"
    assert told == []


def test_two_labs_keep_what_the_other_has_changed(path: Path) -> None:
    (first, _), (second, _) = remembered(path), remembered(path)
    first.change(theme="nord")
    second.change(view="weights")
    first.change(bell=False)
    assert read_preferences(path).values == Preferences(theme="nord", view="weights", bell=False)


def test_a_wrong_entry_is_told_of_in_a_line_and_has_its_default(path: Path) -> None:
    path.write_text(BY_HAND, encoding="utf-8")
    values, problems = read_preferences(path)
    assert values == Preferences(theme="nord", keys={"pause": "k"})
    assert list(problems) == ["keys.wipe", "keys.swap", "bel", "bell", "link"]
    assert problems["bel"] == "unknown setting bel: did you mean 'bell'?"
    assert problems["link"] == "link must be one of auto, full, calm, slow, not 'quick'"
    preferences, _ = remembered(path)
    assert preferences.problem == f"5 entries of {path} are ignored: `grokterm settings` lists them"


def test_what_was_written_by_hand_stays_when_the_lab_writes(path: Path) -> None:
    path.write_text(BY_HAND, encoding="utf-8")
    preferences, told = remembered(path)
    preferences.change(theme="dracula", view="weights")
    assert told == []
    assert path.read_text("utf-8") == BY_HAND.replace('"nord"', '"dracula"').replace('quick"\n', 'quick"\nview = "weights"\n\n')


def test_a_key_that_would_take_that_of_another_entry_is_refused(path: Path) -> None:
    path.write_text('[keys]\nswap = "k"\npause = "x"\nlog_x = "w"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"keys\.pause: k is the key of swap already"):
        change_preferences(path, parse_changes(["keys.pause=k"]))
    with pytest.raises(ConfigError, match=r"keys\.log_x: x is the key of pause already"):
        change_preferences(path, parse_changes(["keys.log_x=x"]))


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_told_of_once_and_left_as_it_is(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    preferences, told = remembered(path)
    assert preferences.values == Preferences()
    assert preferences.problem.startswith(f"{path} must be corrected or deleted: ")
    preferences.change(view="weights")
    preferences.change(view="facts")
    assert preferences.values.view == "facts"
    assert told == []
    assert path.read_bytes() == content
    path.write_text("bell = false", encoding="utf-8")
    preferences.change(view="weights")
    assert read_preferences(path).values == Preferences(view="weights", bell=False)


def test_a_folder_that_cannot_be_written_is_told_of_once() -> None:
    path = Path("file") / "preferences.toml"
    preferences, told = remembered(path)
    path.parent.write_text("", encoding="utf-8")
    preferences.change(view="weights")
    preferences.change(view="facts")
    assert len(told) == 1
    assert str(path) in told[0]


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_cannot_be_written(path: Path) -> None:
    path.parent.chmod(0o500)
    with pytest.raises(StorageError, match=r"preferences\.toml cannot be written: Permission denied"):
        change_preferences(path, {"bell": False})


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("bel=false", "unknown setting bel: did you mean 'bell'?"),
        ("bell=no", "bell must be true or false, not 'no'"),
        ("view=wieghts", "view must be one of curves, weights, .*, not 'wieghts'"),
        ("theme", "a change is written name=value, as in theme=dracula, not 'theme'"),
        ("theme=nrd", "theme must be one of grokterm, .*: did you mean 'nord'?"),
    ],
)
def test_a_change_that_cannot_be_is_refused_in_one_line(assignment: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        change_preferences(preferences_path(), parse_changes([assignment]))
    assert not preferences_path().exists()


async def test_the_lab_opens_as_it_was_left() -> None:
    async with training(app := app_on(ENDLESS)) as pilot:
        await pilot.press("2", "x", "o")
        app.theme = "grokterm-light"
        await pilot.pause()
    left = read_preferences(preferences_path()).values
    assert left == Preferences(theme="grokterm-light", view="weights", x_scale="linear", order="deviation")
    async with training(app := app_on(ENDLESS), SMALL):
        assert (app.theme, lab(app).view, lab(app).x_scale) == ("grokterm-light", "weights", "linear")
        assert lab(app)._layout.network.tab == "weights"
        assert lab(app)._layout.network.choice.order == "deviation"


async def test_the_lab_says_what_is_wrong_with_the_file(path: Path) -> None:
    path.write_text("bel = false\nview = 'weights'", encoding="utf-8")
    async with (app := app_on(ENDLESS, start=False)).run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert said(app) == [f"{path}: unknown setting bel: did you mean 'bell'? (ignored)"]


@pytest.mark.parametrize(
    ("content", "theme"),
    [
        (b'theme = "nord"', "nord"),
        (b'theme = "none such"', ""),
        (b"theme = []", ""),
        (b"theme = ", ""),
        (b"\xff", ""),
        (b"a = " + b"[" * 9999, ""),
        (b"", ""),
    ],
)
def test_the_theme_of_the_first_frame_is_read_alone(content: bytes, theme: str, path: Path) -> None:
    assert remembered_theme(path, {"nord"}) == ""
    path.write_bytes(content)
    assert remembered_theme(path, {"nord"}) == theme


@pytest.mark.parametrize(
    ("content", "folder", "problem"),
    [
        ("", "runs", ""),
        ("runs_dir = '/data/runs'", "/data/runs", ""),
        ("runs_dir = '~/runs'", str(Path("~/runs").expanduser()), ""),
        ("runs_dir = '~no-such-user/runs'", "~no-such-user/runs", ""),
        ("runs_dir = " + "[" * 9999, "runs", "nested too deep"),
        ("runs_dir = 3", "runs", "runs_dir must be a path, not 3"),
        ("runs_dir = ''", "runs", "runs_dir must be a path, not ''"),
        ("runs_dir =", "runs", "cannot be read, and runs are kept in ./runs: Invalid value"),
    ],
)
def test_the_folder_of_runs_is_read_alone(content: str, folder: str, problem: str, path: Path) -> None:
    assert default_runs_dir(path) == (Path("runs"), "")
    path.write_text(content, encoding="utf-8")
    found, told = default_runs_dir(path)
    assert str(found) == folder
    assert problem in told
    assert bool(problem) == bool(told)
