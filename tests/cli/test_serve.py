import importlib.util
import os
import re
import signal
import socket
from importlib.machinery import ModuleSpec
from pathlib import Path
from unittest.mock import Mock

import pytest

from grokterm.cli import serve
from grokterm.cli.browser import server
from grokterm.cli.browser.listening import address_of, listen, ways_to
from grokterm.cli.console import print_results
from grokterm.errors import ConfigError
from grokterm.runs.store import Run
from tests.cli.process import Here, assert_refused


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--host", "0.0.0.0"],
            "--host 0.0.0.0 lets other machines in, unencrypted: leave it out and use ssh -L, or add --insecure",
        ),
        (["--host", ""], "--host '' is unknown here"),
        (["--host", "a..b"], "--host 'a..b' is unknown here"),
        (["--host", "192.0.2.1", "--insecure"], "cannot be listened at: an address of another machine"),
        (["--port", "65536"], "--port"),
        (["--preset", "quikc"], "did you mean 'quick'?"),
        (["nonsense"], "no run is called 'nonsense'"),
        (["-", "--start"], "RUN opens what is saved, --preset and --start something new: choose one"),
        (["x", "--preset", "quick"], "choose one"),
    ],
)
def test_what_cannot_be_served_is_refused_in_one_line(here: Here, arguments: list[str], words: str) -> None:
    assert_refused(here("serve", *arguments), words)


def test_a_port_that_is_taken_is_said_in_one_line(here: Here) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert_refused(
            here("serve", "--port", port), f"port {port} is taken: choose another with --port, or a free one with --port 0"
        )


@pytest.mark.parametrize(
    ("module", "words"),
    [("textual_serve", "pip install 'grokterm[serve]'"), ("termios", "pseudo-terminals, which this system lacks")],
)
def test_what_is_missing_is_named(here: Here, monkeypatch: pytest.MonkeyPatch, module: str, words: str) -> None:
    found = importlib.util.find_spec

    def find(name: str) -> ModuleSpec | None:
        return None if name == module else found(name)

    monkeypatch.setattr(serve, "find_spec", find)
    assert_refused(here("serve"), words)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_it_prints_one_address_with_a_token_and_ends_at_a_signal(
    here: Here, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: int
) -> None:
    def print_and_end(*parts: str) -> None:
        print_results(*parts)
        os.kill(os.getpid(), number)

    monkeypatch.setattr(server, "print_results", print_and_end)
    monkeypatch.setattr("grokterm.cli.headless.signals.Timer", Mock())  # which would end the process of the tests later
    outcomes = [here("serve", "--port", "0"), here("serve", "--port", "0")]
    tokens = [re.fullmatch(r"http://127\.0\.0\.1:(\d+)/\?token=([\w-]{43})\n", outcome.out) for outcome in outcomes]
    assert all(tokens)
    assert len({found[2] for found in tokens if found}) == 2
    for outcome in outcomes:
        assert outcome.code == code
        assert re.search(r"ssh -L (\d+):127\.0\.0\.1:\1 ", outcome.err)
        assert "hung up" not in outcome.err


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What each tab would start; no server is begun."""
    seen: list[list[str]] = []

    def note(command: list[str], _host: str) -> None:
        seen.append(command[3:])
        raise ConfigError("noted")

    monkeypatch.setattr(server, "LabServer", note)
    return seen


def test_a_tab_is_given_the_options(here: Here, commands: list[list[str]], finished: Run) -> None:
    for arguments in (
        ["--port", "0", "--preset", "quick", "--start", "--ascii", "--link", "calm"],
        ["--port", "0", "--runs-dir", "elsewhere"],
        ["--port", "0", "-"],
    ):
        here("serve", *arguments)
    assert commands == [
        ["--preset=quick", "--start", "--ascii", "--link=calm", "--runs-dir=runs"],
        ["--runs-dir=elsewhere"],
        ["open", str(finished.path), "--runs-dir=runs"],
    ]


def test_what_lets_others_in_warns_that_nothing_is_encrypted() -> None:
    with listen("0.0.0.0", 0, insecure=True) as listening:
        assert address_of(listening).startswith(f"http://{socket.gethostname()}:")
        assert "warning: nothing is encrypted" in ways_to(listening)[0]


@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="this system has no IPv6")
def test_the_loopback_of_ipv6_needs_no_word_of_danger() -> None:
    with listen("::1", 0, insecure=False) as listening:
        port = listening.getsockname()[1]
        assert address_of(listening) == f"http://[::1]:{port}"
        assert f"ssh -L {port}:[::1]:{port} " in ways_to(listening)[0]
