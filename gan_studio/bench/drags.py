"""How fast the Latent tab answers a hand in a real Chromium, and what ten people's hands cost.

A move is answered by the frame that shows its picture, or that of a later move. Which move a frame belongs to is told
by the value that it was drawn for: it is the newest move until then with that value.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from gan_studio.errors import StudioError

MOVE_MS = 16
SETTLE_MS = 1500
VARY_SECONDS, VARY_TIMES = 0.2, 8


@dataclass(frozen=True)
class Drag:
    """Something to drag: its inner tab, its selector and its event; and JavaScript for the value that is asked for by a
    ``target`` and for the one that a canvas shows, whose request is ``drawn``."""

    what: str
    tab: str
    target: str
    event: str
    asked: str
    canvas: str = ""
    shown: str = "null"


DRAGS = (
    Drag(
        "a slider's move",
        "latent-walk",
        "#latent-principal-0 input[type=range]",
        "input",
        "Number(target.value)",
        "[data-sheet=picture]",
        "drawn.principal[0]",
    ),
    Drag(
        "a move on the pad",
        "latent-blend",
        "[data-blend]",
        "pointermove",
        "target.closest('gan-blend').place[0]",
        "[data-sheet=blend]",
        "drawn[0]",
    ),
    # Its frames are in the browser already, and are drawn within the event.
    Drag("a path's scrub", "latent-paths", "gan-paths [data-frame]", "input", "Number(target.value)"),
)

_WATCH = """([selector, event, asked, canvas, shown]) => {
  window.watched?.abort();
  window.watched = new AbortController();
  const { signal } = window.watched;
  window.moves = []; window.shown = [];
  const show = (value) => requestAnimationFrame(() => window.shown.push([Date.now(), value]));
  const target = document.querySelector(selector);
  const ask = Function("target", `return ${asked}`), read = Function("drawn", `return ${shown}`);
  target.addEventListener(event, () => {
    window.moves.push([Date.now(), ask(target)]);
    if (!canvas) show(ask(target));
  }, { signal });
  if (!canvas) return;
  const drawn = ({ target }) => show(read(JSON.parse(target.dataset.drawn)));
  document.querySelector(canvas).addEventListener("drawn", drawn, { signal });
}"""


def watch_drag(page: Any, drag: Drag, seconds: float) -> list[float]:
    """Drag to and fro on the Latent tab; for each move, the milliseconds until it or a newer one is shown."""
    page.locator("[data-tab-id=latent-tab]").click()
    page.locator(f"[data-tab-id={drag.tab}]").click()
    target = page.locator(drag.target)
    page.wait_for_timeout(SETTLE_MS)  # what the tab shows may still push the target down
    target.scroll_into_view_if_needed()
    page.evaluate(_WATCH, [drag.target, drag.event, drag.asked, drag.canvas, drag.shown])
    box = target.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    if drag.event == "input":
        page.mouse.down()
    end, place = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        place += 1
        share = abs((place * 0.02) % 2 - 1)
        page.mouse.move(box["x"] + box["width"] * (0.1 + 0.8 * share), middle)
        page.wait_for_timeout(MOVE_MS)
    page.wait_for_timeout(SETTLE_MS / 3)
    moves, shown = page.evaluate("[window.moves, window.shown]")
    if drag.event == "input":
        page.mouse.up()
    return delays(moves, shown)


def delays(moves: list[list[float]], shown: list[list[float]]) -> list[float]:
    """Milliseconds from each move until its value, or that of a later move, is on the screen; inf: never.

    Both are rows of a time in milliseconds and a value.
    """
    frames = [(at, _move_of(moves, at, value)) for at, value in shown]
    found = []
    for index, (when, _) in enumerate(moves):
        first = next((at for at, move in frames if move >= index), None)
        found.append(float("inf") if first is None else first - when)
    return found


def _move_of(moves: list[list[float]], at: float, value: float) -> int:
    """The newest move until ``at`` with ``value``; -1: none."""
    known = (i for i in reversed(range(len(moves))) if moves[i][0] <= at and abs(moves[i][1] - value) < 5e-4)
    return next(known, -1)


# -- many hands ------------------------------------------------------------------------------------------


def _slide(number: int, place: float, whole: bool) -> dict[str, Any]:
    return {"seed": number, "principal": [3 * place], "variations": 16 if whole else 0}


def _blend(number: int, place: float, whole: bool) -> dict[str, Any]:
    return {"seed": number, "places": [[abs(place), 0.5]]}


HANDS = {"a slider": ("latent", _slide), "the pad": ("blend", _blend)}
"""What many people drag, with its live route and the request of visitor ``number`` for a ``place`` in [-1, 1]; the page
asks for the ``whole`` view more seldom."""


@contextmanager
def people(address: str, count: int, hand: str = "a slider") -> Iterator[Any]:
    """``count`` people who drag one of :data:`HANDS` without a pause, as the page does it: with one request in flight,
    and variations of the picture as seldom as the page asks for them.

    Yields an array of how many pictures each has received.
    """
    context = multiprocessing.get_context("spawn")
    received = context.Array("i", count)
    process = context.Process(target=_drag_all, args=(address, received, hand))
    process.start()
    try:
        end = time.monotonic() + 30
        while min(received) == 0 and time.monotonic() < end:
            time.sleep(0.1)
        yield received
    finally:
        process.terminate()
        process.join()


def _drag_all(address: str, received: Any, hand: str) -> None:
    with suppress(KeyboardInterrupt, OSError, asyncio.IncompleteReadError):
        asyncio.run(_drag_each(address, received, hand))


async def _drag_each(address: str, received: Any, hand: str) -> None:
    await asyncio.gather(*(_drag(address, received, number, *HANDS[hand]) for number in range(len(received))))


async def _drag(
    address: str, received: Any, number: int, path: str, wanted: Callable[[int, float, bool], dict[str, Any]]
) -> None:
    """One person, through a bare socket: the machine that is measured has the people's browsers on it as well."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    varied = took = 0.0
    while True:
        now = time.monotonic()
        place = abs(now + number / len(received)) % 2 - 1
        whole = now - varied > max(VARY_SECONDS, VARY_TIMES * took)
        varied = now if whole else varied
        body = json.dumps(wanted(number, place, whole)).encode()
        head = f"POST /live/{path} HTTP/1.1\r\nHost: {host}:{port}\r\nX-Visitor: {number}\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
        if not answer.startswith(b"HTTP/1.1 200"):
            raise StudioError(f"a picture was refused: {answer.decode('latin-1').splitlines()[0]}")
        took = time.monotonic() - now
        received[number] += 1
        await asyncio.sleep(MOVE_MS / 1000)
