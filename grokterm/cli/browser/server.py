"""Serves the lab to a browser: a page with a terminal, and to each tab that shows it a lab of its own.

The terminal in the page is that of textual-serve: its script and its font are served here, but not its server. That one talks
to an application through pipes; in a pseudo-terminal the lab starts, draws and ends as in every other terminal.
"""

import asyncio
import json
import platform
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from html import escape
from importlib.resources import files
from logging import LogRecord
from pathlib import Path
from socket import socket as Socket  # noqa: N812 - told from the websocket of a tab
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.log import server_logger

from grokterm.cli.browser.gate import Gate
from grokterm.cli.browser.listening import address_of, ways_to
from grokterm.cli.browser.terminal import Size, Terminal
from grokterm.cli.console import print_results, print_status
from grokterm.session.commands import Leave
from grokterm.tui.appearance.preferences import RememberedPreferences
from grokterm.tui.appearance.remembered import preferences_path
from grokterm.tui.terminal import SAVE_SECONDS

if TYPE_CHECKING:
    from grokterm.cli.headless.signals import LeaveOnSignal
    from grokterm.session.commands import Command

HEARTBEAT_SECONDS = 15.0  # between two questions whether a tab is there, which may have gone without a word
CLOSE_SECONDS = 2.0  # within which a tab answers that it has closed
MOST_CELLS = 1000  # in a line, and lines
USUAL = Size(80, 24)

FATES = {"continue": "goes on in the background, `grokterm attach` opens it", "save": "is saved, and ends"}
"""What becomes of a training, by the setting `hangup`."""

PAGE = Path(__file__).with_name("page.html")
SCRIPT = Path(__file__).with_name("page.js")


class LabServer:
    """Shows a lab in every tab, until it is told to leave."""

    def __init__(self, command: Sequence[str], host: str) -> None:
        """Show what a command draws. `host`: where it listens, a name of which a browser may call it."""
        self.gate = Gate(frozenset({host.lower(), platform.node().lower()}))
        self._command = command
        self._labs = set[Terminal]()  # that have not ended
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_left = asyncio.Event()

    def send(self, command: "Command") -> None:
        """Take a command, from any thread; it heeds `Leave`."""
        if isinstance(command, Leave) and self._loop is not None:
            self._loop.call_soon_threadsafe(self._is_left.set)

    async def serve(self, listening: Socket, signals: "LeaveOnSignal") -> None:
        """Serve until a signal comes; then hang up every lab, and wait until it has saved what it trains."""
        runner = web.AppRunner(self.application(), access_log=None, shutdown_timeout=SAVE_SECONDS)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        self._loop = asyncio.get_running_loop()
        signals.attach(self)
        print_status(*ways_to(listening))
        print_results(f"{address_of(listening)}/?token={self.gate.token}")
        await self._is_left.wait()
        if n_labs := len(self._labs):
            hangup = RememberedPreferences(preferences_path(), print_status).hangup_now
            print_status(
                f"grokterm: {n_labs} {'lab is' if n_labs == 1 else 'labs are'} hung up: what trains there {FATES[hangup]}"
            )
        await runner.cleanup()

    def application(self) -> web.Application:
        """Return all that is served."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/", _page),
                web.get("/page.js", _script),
                web.get("/terminal", self._show_lab),
                web.static("/static", str(files("textual_serve") / "static")),
            ]
        )
        self.gate.guard(app)
        server_logger.addFilter(_is_a_fault_of_the_server)
        app.on_shutdown.append(self._hang_up)
        return app

    async def _hang_up(self, _app: web.Application) -> None:
        for lab in self._labs:
            lab.hang_up()

    async def _show_lab(self, request: web.Request) -> web.WebSocketResponse:
        """Start a lab, and pass on what it draws and what is typed, until it ends or the tab is closed."""
        tab = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, timeout=CLOSE_SECONDS)
        await tab.prepare(request)
        try:
            lab = await Terminal.start(self._command, size_of(request.query))
        except OSError as error:
            await tab.send_bytes(f"grokterm: no lab can be started: {error.strerror}\r\n".encode())
            await tab.close()
            return tab
        self._labs.add(lab)
        listening = asyncio.create_task(_listen(tab, lab))
        listening.add_done_callback(lambda _: lab.hang_up())
        try:
            with suppress(ConnectionError):
                while output := await lab.read():
                    await tab.send_bytes(output)
        finally:
            lab.hang_up()
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
            await tab.close()
            await lab.ended
            self._labs.discard(lab)
        return tab


def _is_a_fault_of_the_server(logged: LogRecord) -> bool:
    """Tell it from bytes that are no request, which anything that reaches the port can send."""
    return not (logged.exc_info and isinstance(logged.exc_info[1], HttpProcessingError))


async def _page(_request: web.Request) -> web.Response:
    page = PAGE.read_text("utf-8").replace("{host}", escape(platform.node()))
    return web.Response(text=page, content_type="text/html")


async def _script(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(SCRIPT)


async def _listen(tab: web.WebSocketResponse, lab: Terminal) -> None:
    """Pass on what is typed in a tab, and how large it is."""
    async for message in tab:
        if message.type is not WSMsgType.TEXT:
            continue
        with suppress(ValueError, RecursionError):  # not JSON
            match json.loads(message.data):
                case ["stdin", str(keys)]:
                    lab.press(keys)
                case ["resize", dict(size)]:
                    lab.resize(size_of(size))
                case ["ping", str(sent)]:
                    await tab.send_json(["pong", sent])


def size_of(told: Mapping[str, object]) -> Size:
    """Return the size of a terminal as a page has told it, or the usual one instead of what makes no sense."""
    found = (re.fullmatch(r"\d{1,4}", str(told.get(name))) for name in ("width", "height"))
    return Size(
        *(min(max(int(cells[0]), 1), MOST_CELLS) if cells else usual for cells, usual in zip(found, USUAL, strict=True))
    )
