"""The lab in a real browser."""

import asyncio
import io
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from PIL import Image

from grokterm.tui.appearance.preferences import change_preferences
from grokterm.tui.appearance.remembered import preferences_path
from tests.cli.browser.chromium import CHROMIUM, Tab, chromium
from tests.tui.driving import ENDLESS, journal, only_run

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]

SIZE = (730, 490)
CURVES = (60, 60, 700, 420)  # where they are drawn in a window of this size

OTHER_ORIGIN = """
new Promise(resolve => {{
  const socket = new WebSocket("ws://{host}/terminal");
  socket.onopen = () => resolve("open");
  socket.onerror = () => resolve("refused");
}})
"""


@pytest.fixture
async def served() -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """`grokterm serve`, and the address that it has printed."""
    Path("tried.toml").write_text(ENDLESS, encoding="utf-8")
    options = ("serve", "--port", "0", "--preset", "./tried.toml", "--start")
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "grokterm", *options, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield process, (await process.stdout.readline()).decode().strip()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def curves(tab: Tab) -> bytes:
    return Image.open(io.BytesIO(await tab.screenshot())).crop(CURVES).tobytes()


async def test_the_lab_trains_in_a_tab_that_has_the_token_and_in_no_other(
    served: tuple[asyncio.subprocess.Process, str], tmp_path: Path
) -> None:
    change_preferences(preferences_path(), {"hangup": "save"})
    process, address = served
    page, _, _ = address.partition("?")
    async with asyncio.timeout(300), chromium(tmp_path / "profile") as browser:
        tab = await browser.tab(address, SIZE)
        await tab.until(lambda: "● training" in tab.received)
        assert await tab.evaluate("location.href") == page
        assert str(await tab.evaluate("document.title")).startswith("grokterm · ")
        assert await tab.evaluate("document.fonts.check('15px \"Roboto Mono\"')")
        assert set(tab.statuses.values()) == {200}
        assert tab.complaints == []

        before = await curves(tab)
        assert len(set(before)) > 10
        while await curves(tab) == before:
            await tab.until_told()

        stranger = await browser.tab(page, SIZE, context=await browser.stranger())
        await stranger.until(lambda: stranger.is_loaded)
        assert stranger.statuses["/"] == 403
        assert "with its token" in str(await stranger.evaluate("document.body.innerText"))

        async with TestServer(web.Application()) as elsewhere:
            other = await browser.tab(f"http://127.0.0.1:{elsewhere.port}/", SIZE)  # to which the cookie is sent too
            await other.until(lambda: other.is_loaded)
            refused = await other.evaluate(OTHER_ORIGIN.format(host=page.split("/")[2]))
            assert refused == "refused"

        await tab.press(" ")
        await tab.until(lambda: "‖ paused" in tab.received)
        await tab.close()
        while journal(only_run())[-1].record != "finished":
            await asyncio.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert await process.wait() == 130
