"""What Windows and macOS lack is missed by no command: here it is taken away from Python, in every process of a command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from grokterm.bench.process import NOTEBOOK
from tests.cli.background import with_patch
from tests.cli.process import command_line, environment, grokterm

ELSEWHERE = """
import errno, os, signal, socket, subprocess, sys

for name in ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGPIPE", "pthread_sigmask"):
    delattr(signal, name)
for name in ("termios", "fcntl", "resource", "tty", "pty"):
    sys.modules[name] = None
for name in ("getloadavg", "sched_getaffinity", "fork"):
    delattr(os, name)
del socket.AF_UNIX

def open_no_directory(path, flags, *rest, real=os.open, **options):
    if flags == os.O_RDONLY and os.path.isdir(path):
        raise PermissionError(errno.EACCES, "Permission denied")
    return real(path, flags, *rest, **options)

class Popen(subprocess.Popen):
    def __init__(self, *arguments, **options):
        assert not options.get("pass_fds") and not options.get("preexec_fn")
        super().__init__(*arguments, **options)

os.open, subprocess.Popen = open_no_directory, Popen
"""

NEXT = "----\n"

COMMANDS = """
import sys
from grokterm.cli.main import main

for command in (
    ["run", "--preset", "quick", "--set", "training.steps=20"],
    ["run", "--preset", {preset!r}, "--set", "training.members=2", "--set", "training.steps=20"],
    ["runs"],
    ["verify", "exact-add"],
):
    print("----", flush=True)
    sys.argv = ["grokterm", *command]
    try:
        main()
    except SystemExit as end:
        assert not end.code, command
"""
"""What is printed before each command is NEXT."""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder from which Python loads ELSEWHERE as it starts."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(ELSEWHERE)
    return folder


def test_what_trains_and_what_lists_runs_need_nothing_that_windows_lacks(elsewhere: Path, preset: Path) -> None:
    """All commands in one process, as each would take a second or two to load torch; the ensemble has processes too."""
    said = subprocess.check_output(
        [sys.executable, "-c", COMMANDS.format(preset=str(preset))],
        env=environment(PYTHONPATH=str(elsewhere)),
        stdin=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
    run, ensemble, listed, verified = (part.splitlines() for part in said.split(NEXT)[1:])
    assert "ended         complete at step 20" in run
    assert "ended         complete at step 20" in ensemble
    assert [line.split()[1:3] for line in listed[1:]] == [["complete", "20"]] * 2
    assert verified[-1].endswith(" met, 0 not met, 0 not run")


def test_a_pipe_of_few_characters_gets_what_it_can_hold() -> None:
    outcome = grokterm("presets", PYTHONIOENCODING="ascii")
    assert outcome.code == 0, outcome.err
    assert any("(a + b)? solved by hand" in line for line in outcome.out.splitlines())


@pytest.mark.slow
def test_a_benchmark_needs_nothing_that_windows_lacks_and_times_each_in_a_process_of_its_own(
    elsewhere: Path, preset: Path
) -> None:
    arguments = ("bench", "--json", "--preset", preset, "--repetitions", "1", "--seconds", "0.01")
    alone = with_patch(
        "from grokterm.bench import comparison\ncomparison.ENGINES = comparison.FLOORS = ()", command_line(*arguments)
    )
    timed = json.loads(subprocess.check_output(alone, env=environment(PYTHONPATH=str(elsewhere)), stdin=subprocess.DEVNULL))
    racers = timed["presets"][0]["racers"]
    assert [racer["name"] for racer in racers] == ["fused", NOTEBOOK]
    assert timed["machine"]["load"] is None
    if sys.platform == "linux":
        assert all(0 <= racer["memory_bytes"] < 200e6 for racer in racers)


def test_the_lab_is_loaded_without_what_windows_lacks(elsewhere: Path) -> None:
    program = "from grokterm.tui import app, terminal; print(terminal.is_terminal_gone())"
    variables = environment(PYTHONPATH=str(elsewhere))
    assert subprocess.check_output([sys.executable, "-c", program], env=variables, text=True) == "False\n"
