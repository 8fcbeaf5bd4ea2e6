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

for name in ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGWINCH", "SIGALRM", "SIGCHLD", "SIGQUIT", "pthread_sigmask"):
    delattr(signal, name)
for name in ("termios", "fcntl", "resource", "tty", "pty", "pwd", "grp"):
    sys.modules[name] = None
for name in ("getloadavg", "sched_getaffinity", "fork", "setsid", "killpg", "fchmod", "forkpty", "openpty"):
    delattr(os, name)
del socket.AF_UNIX

def getuid():
    raise AttributeError("getuid")  # os has it for platformdirs, which imports it on Linux

os.getuid = getuid
os.environ["USERNAME"] = "user"  # as Windows has it

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
    ["run", "--preset", "quick", "--detach"],
    ["attach"],
):
    print("----", flush=True)
    sys.argv = ["grokterm", *command]
    try:
        main()
    except SystemExit as end:
        assert (end.code or 0) == (2 if command[-1] in ("--detach", "attach") else 0), command
"""
"""What is printed before each command is NEXT."""


EVERY_MODULE = """
import importlib, pkgutil
import grokterm

EXTRAS = {"aiohttp", "matplotlib", "pyarrow", "ray", "submitit", "tensorboard", "textual_serve", "wandb"}

for module in pkgutil.walk_packages(grokterm.__path__, "grokterm."):
    if module.name not in ("grokterm.__main__", "grokterm.sweeps.engines.ray_driver", "grokterm.sweeps.engines.ray_task"):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            assert error.name.partition(".")[0] in EXTRAS, module.name

from grokterm.tui.terminal import is_terminal_gone

print(is_terminal_gone())
"""
"""But those that import Ray, whose own modules for Linux are all that it has here."""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder from which Python loads ELSEWHERE as it starts."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(ELSEWHERE)
    return folder


def test_what_trains_and_what_lists_runs_need_nothing_that_windows_lacks(elsewhere: Path, preset: Path) -> None:
    """All commands in one process, as each would take a second or two to load torch; the ensemble has processes too."""
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS.format(preset=str(preset))],
        env=environment(PYTHONPATH=str(elsewhere)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        text=True,
        encoding="utf-8",
    )
    run, ensemble, listed, verified, *refused = (part.splitlines() for part in done.stdout.split(NEXT)[1:])
    assert "ended         complete at step 20" in run
    assert "ended         complete at step 20" in ensemble
    assert [line.split()[1:3] for line in listed[1:]] == [["complete", "20"]] * 2
    assert verified[-1].endswith(" met, 0 not met, 0 not run")
    assert refused == [[], []]
    assert done.stderr.splitlines()[-2:] == [
        "grokterm: --detach needs Unix sockets, which this system lacks: leave it out, and the terminal open",
        "grokterm: attach needs Unix sockets, which this system lacks: grokterm open RUN follows a run",
    ]


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


def test_every_module_is_loaded_without_what_windows_lacks(elsewhere: Path) -> None:
    variables = environment(PYTHONPATH=str(elsewhere))
    assert subprocess.check_output([sys.executable, "-c", EVERY_MODULE], env=variables, text=True) == "False\n"
