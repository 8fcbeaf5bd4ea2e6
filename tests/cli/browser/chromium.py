"""A real browser without a window, driven by the DevTools protocol."""

import asyncio
import base64
import itertools
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

EMPTY = "about:blank"
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--no-first-run",
    "--remote-debugging-port=0",
    "--hide-scrollbars",
    "--enable-unsafe-swiftshader",
    EMPTY,
)


class Browser:
    """Sends commands, and keeps what every tab has told."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count()
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.tabs: dict[str, Tab] = {}

    async def listen(self) -> None:
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                continue
            told = message.json()
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
            elif (tab := self.tabs.get(told.get("sessionId", ""))) is not None:
                tab.told(told["method"], told["params"])

    async def send(self, method: str, session: str = "", **parameters: object) -> dict[str, Any]:
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        of_tab = {"sessionId": session} if session else {}
        await self._socket.send_json({"id": number, "method": method, "params": parameters, **of_tab})
        told = await answer
        assert "error" not in told, (method, told)
        result: dict[str, Any] = told["result"]
        return result

    async def tab(self, address: str, size: tuple[int, int], context: str = "") -> "Tab":
        """Open an address; `context`: of a browser that shares no cookies with the first."""
        where = {"browserContextId": context} if context else {}
        target = await self.send("Target.createTarget", url=EMPTY, **where)
        attached = await self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        tab = self.tabs[attached["sessionId"]] = Tab(self, attached["sessionId"], target["targetId"])
        for domain in ("Page", "Network", "Runtime", "Log"):
            await tab.send(f"{domain}.enable")
        await tab.resize(*size)
        await tab.send("Page.navigate", url=address)
        return tab

    async def stranger(self) -> str:
        """Return a context without cookies."""
        return str((await self.send("Target.createBrowserContext"))["browserContextId"])


class Tab:
    """A tab of a browser."""

    def __init__(self, browser: Browser, session: str, target: str) -> None:
        self._browser = browser
        self._session = session
        self._target = target
        self.is_loaded = False  # the page, and not the empty one before it
        self.received = ""  # by its websocket
        self.complaints: list[str] = []
        self.statuses: dict[str, int] = {}  # by path
        self._address = EMPTY
        self._changed = asyncio.Event()

    def told(self, method: str, parameters: dict[str, Any]) -> None:
        match method:
            case "Network.webSocketFrameReceived" if parameters["response"]["opcode"] == 2:
                self.received += base64.b64decode(parameters["response"]["payloadData"]).decode(errors="replace")
            case "Network.responseReceived":
                self.statuses[re.sub(r"^\w+://[^/]*|\?.*", "", parameters["response"]["url"])] = parameters["response"][
                    "status"
                ]
            case "Page.frameNavigated":
                self._address = parameters["frame"]["url"]
            case "Page.loadEventFired":
                self.is_loaded = self._address != EMPTY
            case "Log.entryAdded":
                self.complaints.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")
            case "Runtime.exceptionThrown":
                self.complaints.append(str(parameters["exceptionDetails"]))
        self._changed.set()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until what the tab has told fulfills a condition."""
        while not condition():
            await self.until_told()

    async def until_told(self) -> None:
        """Wait until it tells of anything."""
        self._changed.clear()
        await self._changed.wait()

    async def send(self, method: str, **parameters: object) -> dict[str, Any]:
        return await self._browser.send(method, self._session, **parameters)

    async def resize(self, width: int, height: int) -> None:
        await self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    async def evaluate(self, code: str) -> object:
        """Return what a script comes to."""
        done = await self.send("Runtime.evaluate", expression=code, awaitPromise=True, returnByValue=True)
        value: object = done["result"].get("value")
        return value

    async def press(self, key: str) -> None:
        await self.send("Input.dispatchKeyEvent", type="keyDown", text=key, key=key)
        await self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def screenshot(self) -> bytes:
        return base64.b64decode((await self.send("Page.captureScreenshot"))["data"])

    async def close(self) -> None:
        await self._browser.send("Target.closeTarget", targetId=self._target)


@asynccontextmanager
async def chromium(profile: Path) -> AsyncIterator[Browser]:
    """Start a browser with an empty profile."""
    assert CHROMIUM is not None
    process = await asyncio.create_subprocess_exec(
        CHROMIUM, *OPTIONS, f"--user-data-dir={profile}", stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        while not (found := re.search(r"DevTools listening on (ws://\S+)", (await process.stderr.readline()).decode())):
            pass
        async with ClientSession() as session, session.ws_connect(found[1], max_msg_size=0) as socket:
            browser = Browser(socket)
            listening = asyncio.create_task(browser.listen())
            yield browser
            listening.cancel()
    finally:
        process.kill()
        await process.wait()
