from pathlib import Path

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.runs.storage.making import create_run
from tests.cli.process import Here
from tests.conftest import TINY


@pytest.mark.parametrize("before", [True, False])
def test_a_command_to_type_names_the_folder_that_the_next_line_would_not_take(
    *, before: bool, here: Here, tiny: Experiment
) -> None:
    create_run(Path("my runs"), tiny, "tiny", {}, name="a b").path.rename("my runs/a b")
    place = "--runs-dir 'my runs'"

    def told(*command: str, **variables: str) -> str:
        option = [] if variables else ["--runs-dir", "my runs"]
        outcome = here(*([*option, *command] if before else [*command, *option]), **variables)
        return outcome.out + outcome.err

    assert f"grokterm run --resume 'a b' {place} goes on" in told("runs", "show", "a b")
    assert f"`grokterm runs {place}` lists them" in told("open", "nope")
    assert f"grokterm runs restore 'a b' {place} brings it back" in told("runs", "delete", "a b", "--yes")
    assert f"`grokterm run --preset quick {place}` makes one" in told("runs")
    assert "`grokterm run --preset quick` makes one" in told("runs", GROKTERM_RUNS_DIR="my runs")


@pytest.mark.parametrize("before", [True, False])
def test_the_runs_folder_may_be_named_before_or_after_the_command(before: bool, here: Here) -> None:  # noqa: FBT001
    Path("tiny.toml").write_text(TINY, encoding="utf-8")
    option, command = ["--runs-dir", "elsewhere"], ["run", "--preset", "./tiny.toml"]
    assert here(*(option + command if before else command + option)).code == 0
    assert len(list(Path("elsewhere").iterdir())) == 1
    assert not Path("runs").exists()
