import sys

import pytest

from grokterm.cli.console import open_closed_streams, print_results, print_status


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
