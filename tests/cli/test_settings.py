"""`grokterm settings`."""

import os
from pathlib import Path

from tests.cli.process import Here, assert_refused


def kept() -> Path:
    return Path(os.environ["GROKTERM_CONFIG_DIR"]) / "preferences.toml"


def test_it_lists_the_file_and_every_value_with_its_meaning(here: Here) -> None:
    outcome = here("settings")
    assert outcome.code == 0
    assert outcome.out.startswith(f"kept in {kept()}\n")
    (bell,) = (line for line in outcome.out.splitlines() if line.startswith("bell"))
    assert bell.split()[1:3] == ["true", "Whether"]
    assert not kept().exists()


def test_what_is_changed_stays_changed(here: Here) -> None:
    assert here("settings", "--set", "bell=false", "--set", "theme=nord").code == 0
    assert kept().read_text("utf-8").split() == ["theme", "=", '"nord"', "bell", "=", "false"]
    assert '"nord"' in here("settings").out


def test_a_name_that_does_not_exist_is_refused(here: Here) -> None:
    assert_refused(here("settings", "--set", "bel=false"), "unknown setting bel: did you mean 'bell'?")
    assert not kept().exists()


def test_a_damaged_file_is_refused_and_left_as_it_is(here: Here) -> None:
    kept().parent.mkdir()
    kept().write_text("bell =", encoding="utf-8")
    for arguments in (("settings",), ("settings", "--set", "bell=false")):
        assert_refused(here(*arguments), f"{kept()} must be corrected or deleted: not valid TOML", "line 1")
    assert kept().read_text("utf-8") == "bell ="
