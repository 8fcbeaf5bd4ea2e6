import subprocess
import sys

import pytest

from grokterm import __version__
from tests.cli.process import SECONDS, Here, environment, grokterm

COMMANDS = [
    [],
    ["run"],
    ["presets"],
    ["presets", "show"],
    ["runs"],
    ["runs", "show"],
    ["verify"],
    ["figures"],
    ["inspect"],
    ["bench"],
    ["help"],
]

WATCHED = """
import sys
sys.argv = ["grokterm", *{arguments!r}]
from grokterm.cli.main import main
try:
    main()
finally:
    heavy = sorted({{"torch", "textual", "numpy", "matplotlib", "pydantic"}} & sys.modules.keys())
    sys.stderr.write(f"loaded {{heavy}}")
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(here: Here, command: list[str]) -> None:
    for option in ("--help", "-h"):
        outcome = here(*command, option)
        assert (outcome.code, outcome.err) == (0, "")
        assert "Usage:" in outcome.out
        assert "\x1b" not in outcome.out


def test_the_help_lists_the_commands(here: Here) -> None:
    text = here("--help").out
    for command in ("run", "open", "plot", "figures", "inspect", "presets", "runs", "verify", "bench", "help"):
        assert f"\n  {command} " in text


def test_the_version_is_printed() -> None:
    outcome = grokterm("--version")
    assert (outcome.code, outcome.out, outcome.err) == (0, f"grokterm {__version__}\n", "")


HELPED = ("run", "figures", "inspect", "verify", "bench")


def watched(*arguments: str) -> str:
    script = WATCHED.format(arguments=arguments)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=False, env=environment(), text=True, timeout=SECONDS
    )
    assert done.returncode == 0
    return done.stderr


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_the_list_of_commands_loads_nothing_heavy(argument: str) -> None:
    assert watched(argument) == "loaded []"


@pytest.mark.parametrize("arguments", [["help"], ["help", "engines"], *([name, "--help"] for name in HELPED)])
def test_help_on_a_topic_or_a_command_loads_nothing_but_what_typer_needs(arguments: list[str]) -> None:
    assert watched(*arguments) in ("loaded []", "loaded ['pydantic']")


def test_the_presets_are_listed_without_torch() -> None:
    assert watched("presets") == "loaded ['numpy', 'pydantic']"
