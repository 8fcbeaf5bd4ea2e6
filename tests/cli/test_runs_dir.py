from pathlib import Path

import pytest

from tests.cli.process import Here
from tests.conftest import TINY


@pytest.mark.parametrize("before", [True, False])
def test_the_runs_folder_may_be_named_before_or_after_the_command(before: bool, here: Here) -> None:  # noqa: FBT001
    Path("tiny.toml").write_text(TINY, encoding="utf-8")
    option, command = ["--runs-dir", "elsewhere"], ["run", "--preset", "./tiny.toml"]
    assert here(*(option + command if before else command + option)).code == 0
    assert len(list(Path("elsewhere").iterdir())) == 1
    assert not Path("runs").exists()
