"""`grokterm settings`."""

import os
from pathlib import Path

from tests.cli.process import Here, assert_refused


def kept() -> Path:
    return Path(os.environ["GROKTERM_CONFIG_DIR"]) / "preferences.toml"


def test_it_prints_the_file_with_every_value_its_meaning_and_default(here: Here) -> None:
    outcome = here("settings")
    assert outcome.code == 0
    assert outcome.out.startswith(f"# {kept()} (does not exist: these are the defaults)\n")
    assert "\nbell = true\n" in outcome.out
    assert (
        '\n# swap the training set: a smaller share (ungrokking), a new split, another operation\nswap = "w"\n' in outcome.out
    )
    assert not kept().exists()
    kept().parent.mkdir()
    kept().write_text(outcome.out, encoding="utf-8")
    again = here("settings")
    assert (again.out, again.err) == (outcome.out.replace(" (does not exist: these are the defaults)", ""), "")


def test_what_is_changed_stays_changed(here: Here) -> None:
    assert here("settings", "--set", "bell=false", "--set", "theme=nord", "--set", "keys.pause=<").code == 2
    assert here("settings", "--set", "bell=false", "--set", "theme=nord", "--set", "keys.pause=2").code == 2
    assert here("settings", "--set", "bell=false", "--set", "theme=nord", "--set", "keys.pause=K").code == 0
    assert kept().read_text("utf-8") == 'bell = false\ntheme = "nord"\n\n[keys]\npause = "K"\n'
    out = here("settings").out
    assert 'theme = "nord"  # default: "grokterm"\n' in out
    assert 'pause = "K"  # default: "space"\n' in out


def test_a_wrong_entry_is_told_of_and_ignored(here: Here) -> None:
    kept().parent.mkdir()
    kept().write_text("bel = false\nrun_dir = 'x'\n", encoding="utf-8")
    outcome = here("settings")
    assert outcome.code == 0
    assert outcome.err.splitlines() == [
        f"grokterm: {kept()}: unknown setting bel: did you mean 'bell'? (ignored)",
        f"grokterm: {kept()}: unknown setting run_dir: did you mean 'runs_dir'? (ignored)",
    ]


def test_runs_are_kept_where_the_settings_say_unless_told_otherwise(here: Here) -> None:
    assert here("settings", "--set", "runs_dir=mine").code == 0
    assert here("runs").err.startswith("no runs in mine")
    assert here("runs", GROKTERM_RUNS_DIR="theirs").err.startswith("no runs in theirs")
    assert here("runs", "--runs-dir", "./runs").err.startswith("no runs in runs")
    kept().write_text("runs_dir = 3", encoding="utf-8")
    outcome = here("runs")
    assert outcome.code == 0
    assert outcome.err.startswith(f"grokterm: {kept()}: runs_dir must be a path, not 3: runs are kept in ./runs\n")


def test_a_name_that_does_not_exist_is_refused(here: Here) -> None:
    assert_refused(here("settings", "--set", "bel=false"), "unknown setting bel: did you mean 'bell'?")
    assert not kept().exists()


def test_a_damaged_file_is_refused_and_left_as_it_is(here: Here) -> None:
    kept().parent.mkdir()
    kept().write_text("bell =", encoding="utf-8")
    for arguments in (("settings",), ("settings", "--set", "bell=false")):
        assert_refused(here(*arguments), f"{kept()} must be corrected or deleted: not valid TOML", "line 1")
    assert kept().read_text("utf-8") == "bell ="
