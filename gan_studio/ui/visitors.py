"""Tells visitors apart, so that they take turns where the page works for them."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from gan_studio.worker import visitor

_HEADER = b"x-visitor"
_MOST_BYTES = 64


class Visitors:
    """Pure ASGI middleware: a visitor is an address and the random name that the page's scripts made up for a browser.

    Behind a proxy all have one address; and two computers that were set up as copies of one may have one name.
    """

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            name = dict(scope["headers"]).get(_HEADER, b"")[:_MOST_BYTES].decode("latin-1")
            visitor.set(f"{(scope.get('client') or [''])[0]} {name}")
        await self._app(scope, receive, send)
