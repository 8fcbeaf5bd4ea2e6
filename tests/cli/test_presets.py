import re
from pathlib import Path

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.presets import Preset, find_preset
from tests.cli.process import Here, assert_refused

EVIL = 'title = "[bold red]hi[/] \\u001b[31mred\\u001b]0;title\\u0007 end\\u202e\\nline"\n'


def presets_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "presets"
    folder.mkdir()
    return folder


def test_the_presets_are_listed_with_what_they_show(here: Here) -> None:
    outcome = here("presets")
    assert (outcome.code, outcome.err) == (0, "")
    lines = {line.split()[0]: line for line in outcome.out.splitlines()[1:] if re.match("  [a-z]", line)}
    assert {"quick", "quick-ungrok", "liu-essay"} <= lines.keys()
    assert find_preset("quick").experiment.title in lines["quick"]


def test_presets_stand_under_the_source_they_follow(here: Here, tmp_path: Path) -> None:
    folder = presets_folder(tmp_path)
    (folder / "second.toml").write_text('source = "Aa 1999, Fig. 2"', encoding="utf-8")
    (folder / "mute.toml").write_text("", encoding="utf-8")
    lines = [line.rstrip() for line in here("presets").out.splitlines()]
    heading = lines.index("Aa 1999")
    assert re.fullmatch(r"  second +Untitled +Fig. 2", lines[heading + 1])
    assert lines.index("Gromov 2023") < lines.index("ours") < lines.index("no source given")


@pytest.mark.slow
def test_a_preset_is_printed_resolved_and_runs_from_a_file(here: Here, tmp_path: Path) -> None:
    shown = here("presets", "show", "quick")
    assert (shown.code, shown.err) == (0, "")
    assert Experiment.from_toml(shown.out) == find_preset("quick").experiment
    (tmp_path / "mine.toml").write_text(shown.out, encoding="utf-8")
    run = here("run", "--preset", "./mine.toml", "--set", "training.steps=1", "--json")
    assert run.code == 0, run.err
    assert (run.json["preset"], run.json["steps"]) == ("mine", 1)


def test_a_preset_is_printed_with_changes_and_what_followed_from_them(here: Here) -> None:
    shown = here("presets", "show", "quick", "--set", "optimizer.kind=gd")
    assert Experiment.from_toml(shown.out).optimizer.kind == "gd"
    assert "optimizer.kind changed from adamw to gd" in shown.err
    assert "expectations no longer apply" in shown.err


def test_a_sweep_is_listed_with_its_size_and_printed_with_its_points(here: Here) -> None:
    assert "(81 points, 1 seed)" in " ".join(here("presets").out.split())
    shown = here("presets", "show", "sweep-report-fig4")
    printed, preset = Preset("x", Path("x.toml"), shown.out), find_preset("sweep-report-fig4")
    assert (printed.experiment, printed.sweep) == (preset.experiment, preset.sweep)


def test_a_word_in_place_of_a_number_is_printed_as_text(here: Here) -> None:
    shown = here("presets", "show", "quick", "--set", "training.evaluate_every=log")
    assert (shown.code, shown.err) == (0, "")
    assert 'evaluate_every = "log"\n' in shown.out


def test_a_title_is_shown_as_plain_text(here: Here, tmp_path: Path) -> None:
    (presets_folder(tmp_path) / "evil.toml").write_text(EVIL, encoding="utf-8")
    outcome = here("presets")
    (row,) = (line for line in outcome.out.splitlines() if line.startswith("  evil"))
    assert "[bold red]hi[/] red end line" in row
    assert "\x1b" not in outcome.out
    assert "\u202e" not in outcome.out


def test_a_broken_preset_is_named_and_does_not_hide_the_others(here: Here, tmp_path: Path) -> None:
    (presets_folder(tmp_path) / "broken.toml").write_text("[task]\nmodulus = 1\n", encoding="utf-8")
    outcome = here("presets")
    assert outcome.code == 0
    assert outcome.err.startswith("grokterm: preset broken: task.modulus must be at least 2")
    assert "quick" in outcome.out


def test_a_setting_named_in_escape_codes_is_refused_in_one_plain_line(here: Here, tmp_path: Path) -> None:
    (tmp_path / "evil.toml").write_text('"\\u001b[31mred\\nherring" = 1\n', encoding="utf-8")
    outcome = here("presets", "show", "./evil.toml")
    assert_refused(outcome, "unknown setting red herring")
    assert "\x1b" not in outcome.err
