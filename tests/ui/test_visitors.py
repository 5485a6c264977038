"""Who asks is told apart, and what is asked for is dropped with who asked."""

import asyncio
import json
from concurrent.futures import Future
from types import SimpleNamespace

import pytest
from fastapi import FastAPI

from gan_studio.ui import routes
from gan_studio.ui.arithmetic_routes import add_arithmetic_routes
from gan_studio.ui.directions_routes import add_directions_routes
from gan_studio.ui.find_routes import add_find_routes
from gan_studio.ui.honest_routes import add_honest_routes
from gan_studio.ui.inside_routes import add_inside_routes
from gan_studio.ui.map_routes import add_map_routes
from gan_studio.ui.paths_routes import add_paths_routes
from gan_studio.ui.visitors import Visitors
from gan_studio.worker import visitor


def call(app, path="/", body=None, headers=(), client=("10.0.0.1", 80)):
    """What ``app`` answers a browser that is closed as soon as it has asked."""
    sent, messages = [], [{"type": "http.request", "body": json.dumps(body).encode()}]

    async def receive():
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": list(headers), "client": client}
    asyncio.run(app({**scope, "query_string": b""}, receive, send))
    return sent


@pytest.mark.parametrize(
    ("headers", "client", "expected"),
    [
        ([(b"x-visitor", b"anna")], ("10.0.0.1", 80), "10.0.0.1 anna"),
        ([], ("10.0.0.2", 81), "10.0.0.2 "),
        ([(b"x-visitor", b"a" * 1000)], None, " " + 64 * "a"),
    ],
)
def test_a_visitor_is_an_address_and_a_browsers_name(headers, client, expected):
    seen = []

    async def app(scope, receive, send):
        seen.append(visitor.get())

    call(Visitors(app), headers=headers, client=client)
    assert seen == [expected]


class Endless:
    """An explorer that is never done."""

    def __init__(self):
        self.asked = []

    def submit(self, *arguments, **named):
        self.asked.append(Future())
        return self.asked[-1]

    quick = study = study_player = submit


PLANE = {"plane": "", "places": [[0, 0]]}
KEYS = {"keys": [{"seed": 1}, {"seed": 2}]}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("latent", {}),
        ("draw", {"z": ""}),
        ("plane", {}),
        ("map", PLANE),
        ("blend", {"places": [[0, 0]]}),
        ("heat", PLANE),
        ("cloud", {}),
        ("path", KEYS),
        ("path/curves", KEYS),
        ("path/film", {**KEYS, "row": "linear", "format": "gif"}),
        ("directions", {}),
        ("directions", {"kind": "layer"}),
        ("attribute", {"present": "", "absent": ""}),
        ("cross", {"z": ""}),
        ("inside", {}),
        ("inside/directions", {}),
        ("honest", {}),
        ("find/about", {}),
        ("find/real", {}),
        ("find/upload", {}),
        ("find/seen", {"pixels": ""}),
    ],
)
def test_what_a_closed_browser_asked_for_is_not_begun(path, body, monkeypatch):
    monkeypatch.setattr(routes, "_GONE_SECONDS", 0.01)
    app, explorer = FastAPI(), Endless()
    routes.add_drawing_routes(app, explorer)
    add_map_routes(app, explorer, None, SimpleNamespace(pictures=None))
    add_paths_routes(app, explorer, None)
    add_directions_routes(app, explorer)
    add_arithmetic_routes(app, explorer)
    add_inside_routes(app, explorer)
    add_honest_routes(app, explorer, None)
    add_find_routes(app, explorer, None, None)
    sent = call(app, f"/live/{path}", body)
    assert b"nobody waits" in sent[1]["body"], sent
    assert [future.cancelled() for future in explorer.asked] == [True]
