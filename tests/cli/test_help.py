import re
import shlex
import subprocess
import sys

import pytest

from grokterm import __version__
from grokterm.training.signals import ENDING
from tests.cli.process import SECONDS, Here, environment, grokterm
from tests.test_manual import PAGES, ROOT, commands

WATCHED = """
import sys
from grokterm.cli.main import main
for words in {all_words!r}:
    sys.argv = ["grokterm", *words]
    try:
        main()
    except SystemExit as end:
        assert not end.code
heavy = {{"torch", "textual", "numpy", "matplotlib", "pydantic", "rich", "importlib.metadata", "asyncio", "unittest"}}
sys.stderr.write(f"loaded {{sorted(heavy & sys.modules.keys())}}")
"""

COMMANDS = [name.split() for name in commands()]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_as_typer_would(here: Here, command: list[str]) -> None:
    explained, by_typer = here(*command, "-h"), here("--runs-dir", "runs", *command, "--help")
    assert (explained.code, explained.err) == (0, "")
    assert "Usage:" in explained.out
    assert "\x1b" not in explained.out
    assert explained.out == by_typer.out


@pytest.mark.parametrize("name", commands())
def test_every_command_has_examples_that_name_what_exists(here: Here, name: str) -> None:
    lines = here(*name.split(), "--help").out.partition("\n  Examples:\n")[2].splitlines()
    assert lines
    known = commands()
    for line in lines:
        words = shlex.split(line)
        assert words[: 1 + len(name.split())] == ["grokterm", *name.split()]
        options = {word for word in words if word.startswith("--")}
        inner = " ".join(words[1:3])
        assert options <= known[inner if inner in known else name]


def test_every_exit_code_is_on_the_page_of_commands() -> None:
    listed = re.findall(r"^- ((?:\d+, )*\d+): ", PAGES["commands"].partition("## Exit codes")[2], re.MULTILINE)
    known = {int(code) for codes in listed for code in codes.split(", ")}
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "grokterm").rglob("*.py"))
    named = re.findall(r"(?:Exit|exit)\((\d+)\)|^[A-Z_]+ = (\d+)  # exit code", sources, re.MULTILINE)
    used = {int(one or other) for one, other in named}
    assert {1, 2, 3, 143} <= used
    assert used | {128 + number for number in ENDING} | {0} == known


def test_the_help_lists_the_commands(here: Here) -> None:
    text = here("--help").out
    for command in ("run", "open", "plot", "figures", "inspect", "presets", "runs", "verify", "bench", "help"):
        assert f"\n  {command} " in text


def test_the_version_is_printed() -> None:
    outcome = grokterm("--version")
    assert (outcome.code, outcome.out, outcome.err) == (0, f"grokterm {__version__}\n", "")


def watched(*all_words: list[str]) -> str:
    """What is loaded by these commands, one after another."""
    script = WATCHED.format(all_words=all_words)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=False, env=environment(), text=True, timeout=SECONDS
    )
    assert done.returncode == 0
    return done.stderr


def test_no_help_on_a_command_loads_anything_heavy() -> None:
    assert watched(["--version"], *([*command, "--help"] for command in COMMANDS)) == "loaded []"


def test_the_manual_and_the_presets_are_shown_without_torch() -> None:
    loaded = watched(["help"], ["help", "engines"], ["presets"])
    assert "torch" not in loaded
    assert "textual" not in loaded
    assert "matplotlib" not in loaded
    assert "numpy" not in loaded  # a list of what is shipped validates nothing
