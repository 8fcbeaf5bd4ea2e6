import json
from pathlib import Path

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.experiment.reading.presets import find_preset
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run
from grokterm.session.commands import Leave
from grokterm.session.start import start_session
from tests.cli.process import Here, assert_refused
from tests.training.outcome import changed


def test_runs_are_listed_with_what_they_came_to(here: Here, finished: Run) -> None:
    outcome = here("runs")
    assert (outcome.code, outcome.err) == (0, "")
    _, row = outcome.out.splitlines()
    assert row.split()[:3] == [finished.name, "complete", "60"]
    assert "\x1b" not in outcome.out


def test_runs_are_told_apart_by_what_differs_from_their_preset(here: Here, tiny: Experiment, tmp_path: Path) -> None:
    """From the preset where it is at hand, else from the first run of that name."""
    quick = find_preset("quick").experiment
    for experiment, preset in (
        (changed(quick, "optimizer.weight_decay=2", "title=Mine"), "quick"),
        (quick, "quick"),
        (tiny, "mine"),
        (changed(tiny, "seed=3", "training.stop_when=grokked"), "mine"),
        (changed(tiny, "interventions=[{ at_step = 3, save = true }]"), "mine"),
    ):
        create_run(tmp_path / "runs", experiment, preset, {})
    listed = json.loads(here("runs", "--json").out)
    assert [one["preset"] for one in listed] == ["quick", "quick", "mine", "mine", "mine"]
    assert [one["differs"] for one in listed][:4] == [
        {"optimizer.weight_decay": 2.0},
        {},
        {},
        {"seed": 3, "training.stop_when": "grokked"},
    ]
    assert listed[-1]["differs"] == {"interventions": [{"at_step": 3, "save": True}]}
    assert listed[0].keys() > {"run", "ended", "steps", "grokked_at", "val_accuracy"}
    rows = here("runs").out.splitlines()[1:]
    assert [row.split()[-1] for row in (rows[0], rows[3], rows[4])] == [
        "weight_decay=2",
        "stop_when=grokked",
        "interventions=[...]",
    ]
    assert "seed=3, stop_when" in rows[3]


def test_runs_are_searched_and_sorted(here: Here, tiny: Experiment, tmp_path: Path) -> None:
    for name, decay in (("a", 3.0), ("b", 0.5), ("c", 2.0)):
        create_run(tmp_path / "runs", changed(tiny, f"optimizer.weight_decay={decay}"), "tiny", {}, name=name)
    assert [row[0] for row in here("runs", "--filter", "wd>1 op:add", "--sort", "wd").out.splitlines()[1:]] == ["c", "a"]
    assert [one["run"][0] for one in json.loads(here("runs", "--json", "--sort", "-wd").out)] == ["a", "c", "b"]
    nothing = here("runs", "--filter", "nowhere")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "none of 3 runs is found by 'nowhere'\n")
    assert_refused(here("runs", "--filter", "wd>"), "wd> needs a number behind it")
    assert_refused(here("runs", "--filter", "opp:add"), "did you mean 'op'?")
    assert_refused(here("runs", "--sort", "agee"), "did you mean 'age'?")
    assert_refused(here("runs", "--filter", "x", "show", "a"), "--filter and --sort before show have no effect")


def test_a_run_is_found_by_the_beginning_of_its_name_and_the_newest_by_a_minus(here: Here, finished: Run) -> None:
    for outcome in (here("runs", "show", "ti"), here("plot", "-"), here("run", "--resume", "-"), here("runs", "show", "tiny")):
        assert outcome.code == 0, outcome.err
        assert finished.name in outcome.out


def test_what_is_written_to_a_run_is_listed_and_found(here: Here, finished: Run) -> None:
    here("runs", "tag", "-", "paper", "old")
    here("runs", "untag", "tiny", "old")
    assert here("runs", "note", "tiny", "the [red]one\x1b[31m").err == f'{finished.name}: #paper "the [red]one"\n'
    here("runs", "pin", "tiny", "-")
    row = here("runs", "--filter", "tag:paper pinned red").out.splitlines()[1]
    assert row.startswith(f"{finished.name} *  complete")
    assert row.endswith('  #paper "the [red]one"')
    (listed,) = json.loads(here("runs", "--json").out)
    assert (listed["is_pinned"], listed["tags"], listed["note"], listed["state"]) == (True, ["paper"], "the [red]one", "ended")
    here("runs", "note", "tiny", "")
    here("runs", "unpin", "tiny")
    assert here("runs", "untag", "tiny", "paper").err == f"{finished.name}: nothing is written to it\n"
    assert_refused(here("runs", "untag", "tiny", "paper"), "the run has no tag 'paper'")
    assert_refused(here("runs", "tag", "tiny", "two words"), "a tag is a word")


def test_a_run_is_deleted_restored_and_removed_for_good(here: Here, finished: Run) -> None:
    assert_refused(here("runs", "delete", "tiny"), "there is no terminal to ask on: add --yes")
    assert here("runs", "delete", "tiny", "-", "--yes").err.startswith(f"{finished.name} is in the trash")
    assert here("runs").err == "no runs in runs: `grokterm run --preset quick` makes one\n"
    assert here("runs", "restore", finished.name).err == f"{finished.name} is back\n"
    assert here("runs", "show", "tiny").code == 0
    here("runs", "delete", "tiny", "--yes")
    assert_refused(here("runs", "restore", "tiny-x"), "no run called 'tiny-x' is in the trash")
    assert_refused(here("runs", "purge"), "add --yes")
    assert "1 run removed, " in here("runs", "purge", "--yes").err
    assert here("runs", "purge").err == "the trash is empty\n"
    assert not finished.path.exists()


def test_a_run_that_trains_is_not_deleted(here: Here, tiny: Experiment, tmp_path: Path) -> None:
    session = start_session(tiny, tmp_path / "runs", "tiny")
    records = session.records()
    next(records)
    assert_refused(here("runs", "delete", "-", "--yes"), f"run {session.run.name} is trained by process")
    session.send(Leave())
    assert list(records)


def test_no_runs_is_not_an_error(here: Here) -> None:
    outcome = here("runs")
    assert (outcome.code, outcome.out) == (0, "")
    assert here("runs", "--json").out == "[]\n"
    assert outcome.err == "no runs in runs: `grokterm run --preset quick` makes one\n"


def test_another_folder_is_named_by_an_option_or_the_environment(here: Here, finished: Run, tmp_path: Path) -> None:
    finished.path.parent.rename(tmp_path / "other")
    for outcome in (
        here("runs", "--runs-dir", "other"),
        here("runs", "--runs-dir", "other", "show", finished.name),
        here("runs", "show", finished.name, "--runs-dir", "other"),
        here("runs", "show", finished.name, GROKTERM_RUNS_DIR="other"),
        here("runs", "show", f"other/{finished.name}"),
    ):
        assert outcome.code == 0, outcome.err
        assert finished.name in outcome.out


def test_a_run_is_summed_up_in_words_and_as_json(here: Here, finished: Run) -> None:
    words = here("runs", "show", finished.name)
    assert f"made with     grokterm {finished.meta['grokterm']}, " in words.out
    assert f", torch {finished.meta['torch']}, numpy " in words.out
    assert (words.code, words.err) == (0, "")
    assert "ended         complete at step 60" in words.out.splitlines()
    summed_up = here("runs", "show", finished.name, "--json").json
    assert (summed_up["run"], summed_up["steps"], summed_up["ended"]) == (finished.name, 60, "complete")


def test_a_run_that_is_not_there_names_the_nearest(here: Here, finished: Run) -> None:
    assert_refused(here("runs", "show", f"{finished.name}x"), f"did you mean '{finished.name}'")


def test_names_are_shown_as_plain_text(here: Here, tiny: Experiment, tmp_path: Path) -> None:
    run = start_session(tiny, tmp_path / "runs", "[bold red]x\x1b[31my").run
    for outcome in (here("runs"), here("runs", "show", run.name)):
        assert outcome.code == 0
        assert "[bold red]xy" in outcome.out
        assert "\x1b" not in outcome.out


def test_a_damaged_run_is_named_and_does_not_hide_the_others(
    here: Here, finished: Run, tiny: Experiment, tmp_path: Path
) -> None:
    damaged = start_session(tiny, tmp_path / "runs", "damaged").run
    damaged.journal.write_text("nonsense\n" * 2)
    outcome = here("runs")
    assert outcome.code == 0
    assert f"{damaged.name}/journal.jsonl, line 1, is not a record" in outcome.err
    assert finished.name in outcome.out


def test_a_runs_folder_that_is_a_file_is_refused(here: Here, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    assert_refused(here("runs"), "runs cannot be read: Not a directory", "--runs-dir")


def test_a_run_is_exported_as_a_preset_that_does_it_again(here: Here, tiny: Experiment, tmp_path: Path) -> None:
    session = start_session(tiny, tmp_path / "runs", "tiny")
    session.send(Swap(train_fraction=0.3))
    for _ in session.records():
        pass
    outcome = here("runs", "export", "tiny", "--preset", "mine.toml")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == "./mine.toml does it again: grokterm run --preset ./mine.toml\n"
    assert here("runs", "export", "tiny", "--preset", "-").out == Path("mine.toml").read_text()
    again = here("run", "--preset", "./mine.toml", "--json").json
    first = here("runs", "show", session.run.name, "--json").json
    assert {name: again[name] for name in ("steps", "train_loss", "val_loss")} == {
        name: first[name] for name in ("steps", "train_loss", "val_loss")
    }
    assert_refused(here("runs", "export", "tiny", "--preset", "mine.toml"), "mine.toml exists", "overwrite it with --force")
    assert here("runs", "export", "tiny", "--preset", "mine.toml", "--force").code == 0
    assert_refused(here("runs", "export", "tiny", "--preset", "mine"), "a preset ends in .toml, and mine does not")
    assert_refused(here("runs", "export", "tiny", "--preset", "nowhere/mine.toml"), "nowhere/mine.toml cannot be written")
    assert_refused(here("runs", "export", "tiny"), "runs export needs one of --format and --preset FILE")
    both = ("--preset", "x.toml", "--format", "split")
    assert_refused(here("runs", "export", "tiny", *both), "runs export needs one of --format and --preset FILE")
