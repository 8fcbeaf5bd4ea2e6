import subprocess
import sys
from pathlib import Path

import pytest

from grokterm.experiment.reading.presets import list_presets
from tests.cli.process import SECONDS, Here, environment

NEVER_LOADED = {"torch", "numpy", "textual", "matplotlib", "plotext", "grokterm.experiment.experiment"}

COMPLETED = """
import sys
sys.argv = ["grokterm"]
from grokterm.cli.main import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


@pytest.fixture
def runs(tmp_path: Path) -> list[str]:
    """Folders that are named like runs."""
    names = ["liu-essay-1", "quick-1", "quick-2", "quick; rm -r $HOME"]
    for folder, some in (("runs", names), ("other", ["quick-3"]), ("runs/.trash", ["gone-1"])):
        for name in some:
            (tmp_path / folder / name).mkdir(parents=True)
            (tmp_path / folder / name / "experiment.toml").touch()
    (tmp_path / "runs" / "quick-notes").mkdir()
    (tmp_path / "runs" / "swept").mkdir()
    (tmp_path / "runs" / "swept" / "sweep.toml").touch()
    return names


def offered(here: Here, *words: str, **variables: str) -> list[str]:
    """Ask as bash does behind the last word."""
    line = {"COMP_WORDS": "\n".join(("grokterm", *words)), "COMP_CWORD": str(len(words))}
    outcome = here(_GROKTERM_COMPLETE="complete_bash", **line, **variables)
    assert (outcome.code, outcome.err) == (0, "")
    return outcome.out.splitlines()


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    "command",
    [
        ["open"],
        ["plot"],
        ["inspect"],
        ["figures"],
        ["run", "--resume"],
        ["runs", "show"],
        ["runs", "pin"],
        ["figures", "liu-essay-1"],
    ],
)
def test_runs_are_offered_wherever_one_is_taken(here: Here, command: list[str]) -> None:
    assert offered(here, *command, "quick-") == ["quick-1", "quick-2"]
    assert "quick-1" in offered(here, *command, "")


@pytest.mark.usefixtures("runs")
def test_sweeps_are_offered_where_one_is_taken(here: Here) -> None:
    for command in (["open"], ["figures"], ["runs", "show"], ["runs", "pin"], ["runs", "delete"], ["sweep"]):
        assert "swept" in offered(here, *command, "swep")
    assert "swept" not in offered(here, "plot", "swep")


@pytest.mark.usefixtures("runs")
def test_runs_are_those_of_the_folder_that_is_named(here: Here) -> None:
    assert offered(here, "open", "--runs-dir", "other", "q") == ["quick-3"]
    assert offered(here, "--runs-dir", "other", "open", "q") == ["quick-3"]
    assert offered(here, "runs", "--runs-dir", "other", "show", "q") == ["quick-3"]
    assert offered(here, "open", "q", GROKTERM_RUNS_DIR="other") == ["quick-3"]
    assert offered(here, "open", "q", GROKTERM_RUNS_DIR="nowhere") == [""]
    assert offered(here, "runs", "restore", "") == ["gone-1"]


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("a", ["a\\ b", "a\\:\\[c\\]", "ab"]),
        ('"a', ["ab"]),
        ("'a", ["ab"]),
        ("q", ["quick\\;\\ rm\\ -r\\ \\$HOME"]),
    ],
)
def test_names_are_escaped_as_bash_takes_them(here: Here, tmp_path: Path, word: str, names: list[str]) -> None:
    for name in ("ab", "a b", "a:[c]", "a\x1b", "quick; rm -r $HOME"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "experiment.toml").touch()
    assert offered(here, "open", word) == names


def test_settings_are_offered_as_the_preset_has_them_and_then_their_values(here: Here) -> None:
    rates = ["optimizer.learning_rate=", "optimizer.learning_rate=0.001"]
    assert offered(here, "run", "--preset", "liu-essay", "--set", "optimizer.lea") == rates
    assert {"task.modulus=", "task.operation="} <= set(offered(here, "sweep", "quick", "--grid", "task."))
    asked = {"_TYPER_COMPLETE_ARGS": "grokterm run --set task.operation=ad"}
    assert "task.operation=add" in here(_GROKTERM_COMPLETE="complete_zsh", **asked).out
    assert {"loss.kind=mse", "loss.kind=stablemax"} <= set(offered(here, "run", "--set", "loss.kind="))
    assert "model.n_heads=" in offered(here, "run", "--preset", "report-transformer-30", "--set", "model.n_")
    assert "model.n_heads=" not in offered(here, "run", "--preset", "quick", "--set", "model.n_")
    assert offered(here, "sweep", "nowhere", "--zip", "task.nothing") == [""]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["run", "--set", "task.operation", "=", "ad"], ["add"]),
        (["run", "--set", "task.split", "="], ["", "random", "nested", "symmetric", "stratified", "file"]),
        (["run", "--preset", "=", "liu-essay", "--set", "optimizer.learning_rate", "=", "0"], ["0.001"]),
        (["run", "--set", "=", "task.operation", "=", "ad"], ["add"]),
        (["run", "--from", "quick-1", "@", "20", "--set", "task.operation", "=", "ad"], ["add"]),
        (["run", "--preset", "=", "liu-e"], ["liu-essay"]),
    ],
)
def test_values_are_offered_in_the_words_that_bash_makes_of_a_line(here: Here, words: list[str], names: list[str]) -> None:
    assert offered(here, *words) == names


def test_topics_of_the_manual_are_offered(here: Here) -> None:
    assert offered(here, "help", "sea") == ["searching"]


def test_presets_are_offered(here: Here) -> None:
    quick = [preset.name for preset in list_presets() if preset.name.startswith("quick")]
    for command in (["--preset"], ["run", "--preset"], ["presets", "show"], ["verify"], ["bench", "--preset"]):
        assert offered(here, *command, "quick") == quick


def test_what_a_query_is_made_of_is_offered(here: Here) -> None:
    assert offered(here, "runs", "--filter", "opt") == ["optimizer:", "opt:"]
    assert {"grokked", "grokked_at>"} <= set(offered(here, "runs", "--filter", "grokk"))
    assert offered(here, "runs", "--filter", '"op:add opti') == ["op:add optimizer:"]
    assert offered(here, "runs", "--sort", "val_a") == ["val_accuracy"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_is_told_how_to_ask(here: Here, shell: str) -> None:
    outcome = here(_GROKTERM_COMPLETE=f"source_{shell}")
    assert outcome.code == 0
    assert f"_GROKTERM_COMPLETE=complete_{shell}" in outcome.out


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_offered_runs_too(here: Here, shell: str) -> None:
    asked = {"_TYPER_COMPLETE_ARGS": "grokterm open quick", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    out = here(_GROKTERM_COMPLETE=f"complete_{shell}", **asked).out
    assert "quick-1" in out
    assert "$HOME" not in out


@pytest.mark.usefixtures("runs")
def test_nothing_heavy_is_loaded_to_complete(tmp_path: Path) -> None:
    asked = {"_GROKTERM_COMPLETE": "complete_bash", "COMP_WORDS": "grokterm\nopen\nquick-", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", COMPLETED],
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env=environment() | asked,
        text=True,
        timeout=SECONDS,
    )
    assert done.stdout.split() == ["quick-1", "quick-2"]
    assert NEVER_LOADED.isdisjoint(done.stderr.split())
