import subprocess
import sys
from pathlib import Path

import pytest

from grokterm.cli.console import open_closed_streams, print_results, print_status
from tests.cli.process import SECONDS, command_line, environment


def test_what_is_closed_takes_everything_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    open_closed_streams()
    assert not sys.stdout.isatty()
    print_results("nothing")
    print_status("nothing")
    assert sys.stdin.read() == ""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no file that is always full")
def test_results_for_which_there_is_no_room_are_told_of_in_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command_line("presets"),
            check=False,
            env=environment(),
            stderr=subprocess.PIPE,
            stdout=full,
            text=True,
            timeout=SECONDS,
        )
    said = "grokterm: what is to be printed cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (2, said)
