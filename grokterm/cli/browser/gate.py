"""Who is let in: a browser that was given the token, on a page of this server.

The address with the token is opened once; a cookie then stands for it, so that it is neither kept in the address bar nor sent
on. Three headers that a browser writes, and no page can forge, say where a request comes from:

- Host: a page of another name that was made to lead here (DNS rebinding) is refused. A number cannot be rebound.
- Origin: a page of another server of this host, to which the browser sends the cookie too, is refused.
- the cookie itself is SameSite=Strict: no page of another host makes the browser send it.
"""

import re
import secrets
from ipaddress import ip_address

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::\d+)?", re.ASCII | re.IGNORECASE)

_HEADERS = {
    "Cache-Control": "no-cache, private",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "img-src data:; connect-src 'self' ws://{host} wss://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Gate:
    """Refuses every request that does not show the token, or the cookie that was given for it."""

    def __init__(self, names: frozenset[str]) -> None:
        self.token = secrets.token_urlsafe(32)
        self._names = names  # of this server, besides numbers and localhost
        self._cookie = f"grokterm-{secrets.token_hex(8)}"  # its own: cookies of all ports of a host are sent to each
        self._pass = secrets.token_urlsafe(32)

    def guard(self, app: web.Application) -> None:
        """Stand before all that an application answers."""
        app.middlewares.append(self._check)
        app.on_response_prepare.append(_harden)

    @web.middleware
    async def _check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if (name := _name_of(request)) is None or not self._is_own(name):
            return _refused("this server does not answer to that name: open it by its number, as in http://127.0.0.1:PORT/")
        if not _is_from_here(request):
            return _refused("this request is of a page of another server")
        shows_token = _same(request.query.get("token", ""), self.token)
        if not shows_token and not _same(request.cookies.get(self._cookie, ""), self._pass):
            return _refused("open the whole address that `grokterm serve` has printed, with its token")
        try:
            response = await handler(request)
        except web.HTTPException as error:
            return web.Response(status=error.status, text=f"{error.status}: {error.reason}\n")
        if shows_token and not response.prepared:
            response.set_cookie(self._cookie, self._pass, httponly=True, samesite="Strict")
        return response

    def _is_own(self, name: str) -> bool:
        try:
            ip_address(name)
        except ValueError:
            return name == "localhost" or name in self._names
        return True


def _name_of(request: web.Request) -> str | None:
    """Return the host that a request is meant for, without its port; None if it does not say so in order."""
    found = _HOST.fullmatch(request.headers.get(hdrs.HOST, ""))
    return None if found is None else (found[1] or found[2]).lower()


def _is_from_here(request: web.Request) -> bool:
    """Tell whether a request is of a page of this server. Only a websocket has to say where it comes from."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return hdrs.UPGRADE not in request.headers
    return origin.lower() in {f"{scheme}://{request.headers[hdrs.HOST].lower()}" for scheme in ("http", "https")}


def _same(one: str, other: str) -> bool:
    """Compare secrets in a time that does not depend on how much of them is right."""
    return secrets.compare_digest(one.encode(errors="replace"), other.encode())


def _refused(why: str) -> web.Response:
    return web.Response(status=403, text=f"403: {why}\n")


async def _harden(request: web.Request, response: web.StreamResponse) -> None:
    """Let a browser load nothing from elsewhere, show this page in no other one, and tell no server of it."""
    host = request.headers.get(hdrs.HOST, "") if _name_of(request) is not None else ""
    response.headers.update({name: text.replace("{host}", host) for name, text in _HEADERS.items()})
