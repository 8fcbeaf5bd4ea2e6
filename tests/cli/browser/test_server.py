import asyncio
import logging
import os
import re
import signal
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar

from grokterm.cli.browser.listening import address_of, listen
from grokterm.cli.browser.server import LabServer, size_of
from grokterm.cli.browser.terminal import Size, environment
from grokterm.cli.headless.signals import LeaveOnSignal, Trains
from grokterm.session.commands import Leave, Pause
from grokterm.tui.appearance.preferences import change_preferences
from grokterm.tui.appearance.remembered import preferences_path
from tests.cli.browser.conftest import SHELL, Visitor

CAUGHT = "trap 'kill $!; echo hung up > gone; exit' HUP; sleep 60 & echo rea'dy'; wait\n"


async def test_each_tab_is_a_terminal_of_its_own_as_large_as_it_says(visitor: Visitor) -> None:
    await visitor.enter()
    tabs = [await visitor.tab("?width=132&height=43"), await visitor.tab()]
    assert [await tab.asked("stty size") for tab in tabs] == ["43 132", "24 80"]
    assert len({await tab.asked("echo $$") for tab in tabs}) == 2
    await tabs[0].press("trap 'kill $!; stty size' WINCH; sleep 60 & echo rea'dy'; wait\n")
    await tabs[0].until("ready")
    await tabs[0].tell("resize", {"width": 100, "height": 30})
    await tabs[0].until("30 100\r\n")


async def test_a_program_that_ends_closes_its_tab_after_its_last_words(visitor: Visitor) -> None:
    await visitor.enter()
    tab = await visitor.tab()
    await tab.press("sleep 60 & echo '['$!']'; exec echo fare'well'\n")  # what it leaves behind keeps the terminal open
    await tab.until("farewell")
    await tab.until_closed()
    os.kill(int(re.findall(r"\[(\d+)\]", tab.output)[0]), signal.SIGTERM)


async def test_a_tab_that_is_closed_hangs_its_program_up(visitor: Visitor, tmp_path: Path) -> None:
    os.mkfifo(gone := tmp_path / "gone")  # reading it waits for who writes
    await visitor.enter()
    tab = await visitor.tab()
    await tab.press(CAUGHT)
    await tab.until("ready")
    await tab.socket.close()
    assert await asyncio.to_thread(gone.read_text) == "hung up\n"


DEEP, LONG = "[" * 100_000, "9" * 9999
NONSENSE = ["", "nonsense", DEEP, "{}", "[]", '["stdin"]', '["stdin", 3]', '["resize", {"width": 1e9}]', '["fly"]', LONG]


async def test_what_a_page_would_not_send_changes_nothing(visitor: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    await visitor.enter()
    tab = await visitor.tab("?width=-1&height=" + "9" * 5000)
    for message in NONSENSE:
        await tab.socket.send_str(message)
    await tab.socket.send_bytes(b"exit\n")
    await tab.tell("stdin", "\ud800\x7f")
    assert await tab.asked("stty size") == "24 80"
    await tab.tell("resize", {"width": 0, "height": 9999})
    assert await tab.asked("stty size") == "1000 1"
    await tab.tell("ping", "17")
    await tab.until('["pong", "17"]')
    assert caplog.records == []


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01nonsense", b"GET /?token=\xc3\xa9%00 HTTP/1.1\r\nHost: x", b"GET / HTTP/1.1\r\nX: " + b"a" * 9000]
)
async def test_what_is_no_request_leaves_no_traceback(sent: bytes, visitor: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(visitor.origin.rpartition(":")[2]))
    writer.write(sent + b"\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.0 400 ")
    writer.close()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_system_without_terminals_to_give_says_so_in_the_tab(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> tuple[int, int]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "openpty", fail)
    await visitor.enter()
    await (await visitor.tab()).until("grokterm: no lab can be started: No space left on device\r\n")


class Told(LeaveOnSignal):
    """Tells when a server has begun."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()

    def attach(self, session: Trains) -> None:
        super().attach(session)
        self.begun.set()


@pytest.mark.parametrize(("hangup", "fate"), [("continue", "goes on in the background"), ("save", "is saved, and ends")])
async def test_a_server_that_ends_hangs_its_labs_up_and_waits_for_them(
    hangup: str, fate: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    change_preferences(preferences_path(), {"hangup": hangup})
    server, signals = LabServer(SHELL, "127.0.0.1"), Told()
    with listen("127.0.0.1", 0, insecure=False) as listening:
        serving = asyncio.create_task(server.serve(listening, signals))
        await signals.begun.wait()
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
            visitor = Visitor(server, session, address_of(listening))
            await visitor.enter()
            tab = await visitor.tab()
            server.send(Pause())
            assert await tab.asked("stty size") == "24 80"
            await tab.press(CAUGHT)
            await tab.until("ready")
            server.send(Leave())
            await tab.until_closed()
            await serving
            assert (tmp_path / "gone").read_text() == "hung up\n"
    out, err = capsys.readouterr()
    assert out == f"{visitor.origin}/?token={server.gate.token}\n"
    assert err.splitlines()[-1].startswith(f"grokterm: 1 lab is hung up: what trains there {fate}")


def test_a_program_knows_the_terminal_of_the_browser_and_not_the_one_around_the_server() -> None:
    around = {
        "TERM": "screen",
        "TMUX": "/tmp/tmux",
        "LINES": "5",
        "KITTY_WINDOW_ID": "1",
        "TERM_PROGRAM": "tmux",
        "HOME": "/home",
    }
    assert environment(around) == {"HOME": "/home", "TERM": "xterm-256color", "COLORTERM": "truecolor"}


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [("132", "43", (132, 43)), ("0", "1001", (1, 1000)), ("1e3", "-2", (80, 24)), (120, True, (120, 24))],
)
def test_a_size_that_makes_no_sense_is_the_usual_one(width: object, height: object, size: tuple[int, int]) -> None:
    assert size_of({"width": width, "height": height}) == Size(*size)
