from pathlib import Path

import pytest
import torch

from grokterm.runs.store import Run, list_runs
from tests.cli.process import Here, assert_refused
from tests.session.driving import files_of


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (["model.widht=3"], ["unknown setting model.widht", "did you mean 'width'"]),
        (["modle.width=3"], ["unknown setting modle.width", "did you mean 'model'"]),
        (["task.train_fraction=1.5"], ["task.train_fraction must be above 0 and at most 1, not 1.5"]),
        (["task.modulus=many"], ["task.modulus must be a whole number, not 'many'"]),
        (["task.operation=ad"], ["task.operation must be one of add, ", "not 'ad'", "did you mean 'add'"]),
        (["task.operation=divide", "task.modulus=96"], ["modulus must be prime for divide, and 96 is not"]),
        (["task.train_fraction=0.001"], ["leaves training empty"]),
        (["task.train_fraction=0.999"], ["leaves validation empty"]),
        (["optimizer.batch_size=74"], ["optimizer.batch_size 74 is larger than the training set of 73 equations"]),
        (["training.steps"], ["a change is written name=value"]),
        (["training.evaluate_every=0"], ['training.evaluate_every must be at least 1 or "log", not 0']),
        (["training.evaluate_every=lgo"], ['training.evaluate_every must be a whole number or "log"', "did you mean 'log'"]),
    ],
)
def test_a_setting_that_breaks_a_rule_is_refused_before_anything_is_made(
    changes: list[str], words: list[str], here: Here, preset: Path, tmp_path: Path
) -> None:
    options = [option for change in changes for option in ("--set", change)]
    assert_refused(here("run", "--preset", preset, *options), *words)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--ascii", "open", "x"], "--ascii before open has no effect: write it after the command"),
        (["run"], "one of --preset NAME, --resume RUN and --from RUN@STEP"),
        (["run", "--preset", "quick", "--resume", "x"], "one of --preset NAME, --resume RUN and --from RUN@STEP"),
        (["run", "--from", "x@3", "--resume", "x"], "one of --preset NAME, --resume RUN and --from RUN@STEP"),
        (["run", "--from", "nonsense@3"], "no run is called 'nonsense'"),
        (["run", "--preset", ""], "no preset is called ''"),
        (["bench", "--preset", "quick", "--seconds", "inf"], "--seconds"),
        (["run", "--preset", "quikc"], "no preset is called 'quikc': did you mean 'quick'?"),
        (["run", "--preset", "./nowhere.toml"], "nowhere.toml cannot be read: No such file"),
        (["run", "--preset"], "--preset"),
        (["run", "--nonsense"], "--nonsense"),
        (["--nonsense"], "--nonsense"),
        (["nonsense"], "nonsense"),
        (["presets", "show"], "NAME"),
        (["presets", "show", "nonsense"], "no preset is called 'nonsense'"),
        (["runs", "show", "nonsense"], "no run is called 'nonsense'"),
        (["run", "--resume", "nonsense"], "no run is called 'nonsense'"),
        (["run", "--resume", "x" * 300], "no run is called"),
        (["run", "--preset", "quick", "more"], "more"),
    ],
)
def test_bad_usage_is_refused_in_one_line(here: Here, arguments: list[str], word: str) -> None:
    assert_refused(here(*arguments), word)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"title = [", "not valid TOML"),
        (b"title = \xff\n", "not a text in UTF-8"),
        (b"title = 3\n", "title must be a text, not 3"),
        (b"[optimizer]\nkind = 'gd'\nbetas = [0.9, 0.98]\n", "unknown setting optimizer.betas"),
    ],
)
def test_a_broken_preset_is_refused_in_one_line(content: bytes, word: str, here: Here, tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_bytes(content)
    assert_refused(here("run", "--preset", "./broken.toml"), word)
    assert_refused(here("--preset", "./broken.toml"), word)


def test_only_some_settings_may_change_when_a_run_goes_on(here: Here, finished: Run) -> None:
    files = files_of(finished)
    outcome = here("run", "--resume", finished.name, "--set", "task.modulus=13")
    assert_refused(outcome, "task.modulus cannot be changed when a run is resumed", "training.steps")
    assert files_of(finished) == files


def test_a_truncated_checkpoint_is_refused(here: Here, finished: Run) -> None:
    newest = max(finished.checkpoints.iterdir())
    newest.write_bytes(newest.read_bytes()[:100])
    outcome = here("run", "--resume", finished.name, "--set", "training.steps=70")
    assert_refused(outcome, newest.name, "cannot be read", "delete it")


def test_a_damaged_journal_is_refused(here: Here, finished: Run) -> None:
    finished.journal.write_bytes(b"nonsense\n" + finished.journal.read_bytes())
    assert_refused(here("run", "--resume", finished.name), "journal.jsonl, line 1, is not a record")


def test_a_runs_folder_that_is_a_file_is_refused(here: Here, preset: Path, tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("")
    outcome = here("run", "--preset", preset, "--runs-dir", "occupied")
    assert_refused(outcome, "occupied cannot be written: File exists", "--runs-dir")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there_is_refused_before_a_run_is_made(here: Here, preset: Path, tmp_path: Path) -> None:
    outcome = here("run", "--preset", preset, "--set", "device=cuda")
    assert_refused(outcome, "device cuda: this machine has no CUDA device")
    assert list_runs(tmp_path / "runs") == []


def test_what_is_missing_is_said_with_what_to_do(here: Here) -> None:
    assert_refused(here("runs", "show"), "Missing argument 'RUN': name a run", "`grokterm runs` lists them")
