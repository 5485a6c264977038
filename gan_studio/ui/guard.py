"""Keeps foreign web pages from driving the app through a visitor's browser."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_SAFE = frozenset({"GET", "HEAD"})
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class OriginGuard:
    """Pure ASGI middleware: a request that can change something must come from the app's own page.

    Browsers send ``Origin`` with every cross-site request that is not a plain navigation. Where it names
    another host than the request itself, the request is refused. With ``local_only`` the request must also
    be addressed to this machine by a local name, which defeats DNS rebinding.
    """

    def __init__(self, app: ASGIApp, local_only: bool = False):
        self._app = app
        self._local_only = local_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
            problem = self._problem(scope.get("method", ""), headers)
            if problem:
                await PlainTextResponse(problem, 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _problem(self, method: str, headers: dict[str, str]) -> str:
        host = headers.get("host", "")
        if self._local_only and urlsplit(f"//{host}").hostname not in _LOCAL:
            return f"This app only answers to local names, not to {host!r}; start it with --host to serve others."
        origin = headers.get("origin")
        if method in _SAFE or origin is None:
            return ""
        own = {host, headers.get("x-forwarded-host", host)}
        return "" if urlsplit(origin).netloc in own else "This request comes from another site's page."
