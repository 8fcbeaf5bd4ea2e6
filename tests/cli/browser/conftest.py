"""The server without a network: a shell stands for the lab, and a client for the browser."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, CookieJar, WSMsgType
from aiohttp.test_utils import TestServer

from grokterm.cli.browser.server import LabServer

SHELL = ("sh",)


@dataclass
class Visitor:
    """A browser, and the server that it visits."""

    server: LabServer
    session: ClientSession
    origin: str
    """As `http://127.0.0.1:8000`."""

    async def status(self, path: str, **headers: str) -> int:
        async with self.session.get(f"{self.origin}{path}", headers=headers) as response:
            await response.read()
            return response.status

    async def enter(self) -> None:
        assert await self.status(f"/?token={self.server.gate.token}") == 200

    async def tab(self, query: str = "", **headers: str) -> "Tab":
        headers = {"Origin": self.origin} | headers
        return Tab(await self.session.ws_connect(f"{self.origin}/terminal{query}", headers=headers))


@dataclass
class Tab:
    """A terminal in a browser."""

    socket: ClientWebSocketResponse
    output: str = ""

    async def press(self, keys: str) -> None:
        await self.tell("stdin", keys)

    async def tell(self, *message: Any) -> None:  # noqa: ANN401 - anything
        await self.socket.send_json(message)

    async def until(self, words: str) -> None:
        """Read until these words are written."""
        while words not in self.output:
            message = await self.socket.receive(timeout=60)
            assert message.type in (WSMsgType.BINARY, WSMsgType.TEXT), (message, self.output)
            self.output += message.data.decode() if message.type is WSMsgType.BINARY else message.data

    async def until_closed(self) -> None:
        """Read to the end."""
        while (message := await self.socket.receive(timeout=60)).type is WSMsgType.BINARY:
            pass
        assert message.type is WSMsgType.CLOSE

    async def asked(self, command: str) -> str:
        """Let a shell run a command, and return what it writes."""
        self.output = ""
        await self.press(f"echo '['$({command})']'\n")
        await self.until("]\r\n")
        return self.output.rpartition("[")[2].partition("]")[0]


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    """Where the token was not shown yet."""
    server = LabServer(SHELL, "127.0.0.1")
    async with TestServer(server.application()) as running, ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        yield Visitor(server, session, f"http://127.0.0.1:{running.port}")
