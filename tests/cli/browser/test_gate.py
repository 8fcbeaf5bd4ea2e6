import re
from importlib.resources import files

import pytest
from aiohttp import WSServerHandshakeError

from grokterm.cli.browser.server import PAGE, SCRIPT
from tests.cli.browser.conftest import Visitor

PATHS = ["/", "/page.js", "/static/js/textual.js", "/static/css/xterm.css", "/terminal", "/nothing", "/?token=", "/?token=é"]


async def refusal(visitor: Visitor, **headers: str) -> int:
    with pytest.raises(WSServerHandshakeError) as caught:
        await visitor.tab(**headers)
    return caught.value.status


async def test_without_the_token_nothing_is_shown_not_even_what_there_is(visitor: Visitor) -> None:
    wrong = visitor.server.gate.token[:-1] + "?"
    for path in [*PATHS, f"/?token={wrong}", f"/?token={wrong}&token={visitor.server.gate.token}"]:
        assert await visitor.status(path) == 403, path
    assert await visitor.status("/", Cookie=f"token={visitor.server.gate.token}") == 403
    assert await refusal(visitor) == 403


async def test_the_token_gives_a_cookie_that_no_script_and_no_other_page_has_the_use_of(visitor: Visitor) -> None:
    async with visitor.session.get(f"{visitor.origin}/?token={visitor.server.gate.token}") as response:
        told, page = response.headers, await response.text()
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(told["Set-Cookie"].split("; "))
    assert visitor.server.gate.token not in told["Set-Cookie"] + page
    assert told["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in told["Content-Security-Policy"]
    for path in PATHS[:4]:
        assert await visitor.status(path) == 200, path


async def test_all_that_the_page_loads_is_served_here(visitor: Visitor) -> None:
    await visitor.enter()
    text = PAGE.read_text("utf-8") + SCRIPT.read_text("utf-8")
    named = set(re.findall(r'"((?:static/)?[\w/.-]+\.(?:css|js|ttf))"', text))
    assert len(named) == 5
    for path in named:
        assert await visitor.status(f"/{path}") == 200, path
    assert re.findall(r"\w+://[^'\"]*", text) == ["http://www.w3.org/2000/svg"]  # a name, which nothing is loaded from


async def test_no_other_file_is_served(visitor: Visitor) -> None:
    await visitor.enter()
    assert (files("textual_serve") / "templates" / "app_index.html").is_file()
    for path in ("/static/", "/static/js", "/static/%2e%2e/templates/app_index.html", "/static/..%2ftemplates/app_index.html"):
        assert await visitor.status(path) in (403, 404), path
    for path in ("/runs", "/download/x", "/server.py", "/page.html"):
        assert await visitor.status(path) == 404, path
    async with visitor.session.post(visitor.origin) as response:
        assert response.status == 405


@pytest.mark.parametrize("host", ["localhost:9", "127.0.0.1", "[::1]:80", "LOCALHOST", "192.168.1.5:8000"])
async def test_a_number_and_localhost_lead_here_from_the_other_end_of_ssh_too(visitor: Visitor, host: str) -> None:
    assert await visitor.status(f"/?token={visitor.server.gate.token}", Host=host) == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "localhost@evil.example", "[evil]", "", ":80"])
async def test_another_name_that_was_made_to_lead_here_is_refused(visitor: Visitor, host: str) -> None:
    await visitor.enter()
    assert await visitor.status(f"/?token={visitor.server.gate.token}", Host=host) == 403
    assert await refusal(visitor, Host=host, Origin=f"http://{host}") == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null", "", "file://"])
async def test_a_page_of_another_server_is_refused_although_the_browser_sends_the_cookie(visitor: Visitor, origin: str) -> None:
    await visitor.enter()
    assert await visitor.status("/", Origin=origin) == 403
    assert await refusal(visitor, Origin=origin) == 403


async def test_a_websocket_that_does_not_say_where_it_comes_from_is_refused(visitor: Visitor) -> None:
    await visitor.enter()
    with pytest.raises(WSServerHandshakeError) as caught:
        await visitor.session.ws_connect(f"{visitor.origin}/terminal")
    assert caught.value.status == 403
