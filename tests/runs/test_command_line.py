from pathlib import Path

import pytest

from grokterm.runs.command_line import command_line


@pytest.mark.parametrize(
    ("name", "restore", "resume"),
    [
        ("one", "runs restore one --runs-dir other", "run --resume one --runs-dir other"),
        ("a b", "runs restore 'a b' --runs-dir other", "run --resume 'a b' --runs-dir other"),
        ("--yes", "runs restore --runs-dir other -- --yes", "run --resume=--yes --runs-dir other"),
    ],
)
def test_a_run_is_named_as_the_shell_and_the_command_take_it(
    name: str, restore: str, resume: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder, place in (("runs", ""), ("other", " --runs-dir other")):
        for command, line in (("runs restore", restore), ("run --resume", resume)):
            assert command_line(command, tmp_path / folder / name) == f"grokterm {line.replace(' --runs-dir other', place)}"
