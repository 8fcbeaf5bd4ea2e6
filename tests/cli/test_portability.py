"""What Windows and macOS lack is missed by no command: here it is taken away from Python, in every process of a command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from grokterm.bench.process import NOTEBOOK
from tests.cli.background import with_patch
from tests.cli.process import Outcome, command_line, environment, grokterm

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


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder from which Python loads ELSEWHERE as it starts."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(ELSEWHERE)
    return folder


def lines_of(outcome: Outcome) -> list[str]:
    assert outcome.code == 0, outcome.err
    assert "Traceback" not in outcome.err
    return outcome.out.splitlines()


def test_a_run_an_ensemble_and_the_list_of_runs_need_nothing_that_windows_lacks(elsewhere: Path, preset: Path) -> None:
    def there(*arguments: str | Path) -> list[str]:
        return lines_of(grokterm(*arguments, PYTHONPATH=str(elsewhere)))

    assert "ended         complete at step 20" in there("run", "--preset", "quick", "--set", "training.steps=20")
    ensemble = there("run", "--preset", preset, "--set", "training.members=2", "--set", "training.steps=20")
    assert "ended         complete at step 20" in ensemble
    assert [line.split()[1:3] for line in there("runs")[1:]] == [["complete", "20"]] * 2


def test_a_pipe_of_few_characters_gets_what_it_can_hold() -> None:
    assert any("(a + b)? solved by hand" in line for line in lines_of(grokterm("presets", PYTHONIOENCODING="ascii")))


def test_a_verification_needs_nothing_that_windows_lacks(elsewhere: Path) -> None:
    verified = lines_of(grokterm("verify", "exact-add", PYTHONPATH=str(elsewhere)))
    assert verified[-1].endswith(" met, 0 not met, 0 not run")


@pytest.mark.slow
def test_a_benchmark_needs_nothing_that_windows_lacks(elsewhere: Path, preset: Path) -> None:
    arguments = ("bench", "--json", "--preset", preset, "--repetitions", "1", "--seconds", "0.01")
    alone = with_patch(
        "from grokterm.bench import comparison\ncomparison.ENGINES = comparison.FLOORS = ()", command_line(*arguments)
    )
    timed = json.loads(subprocess.check_output(alone, env=environment(PYTHONPATH=str(elsewhere)), stdin=subprocess.DEVNULL))
    assert [racer["name"] for racer in timed["presets"][0]["racers"]] == ["fused", NOTEBOOK]
    assert timed["machine"]["load"] is None


def test_the_lab_is_loaded_without_what_windows_lacks(elsewhere: Path) -> None:
    program = "from grokterm.tui import app, terminal; print(terminal.is_terminal_gone())"
    variables = environment(PYTHONPATH=str(elsewhere))
    assert subprocess.check_output([sys.executable, "-c", program], env=variables, text=True) == "False\n"
