"""The hub: one snapshot, encoded once, to every viewer over server-sent events.

A viewer has a cursor: the run, the generation of its curve and the number of the last point it has. Each
message brings it from there to the newest snapshot, so a slow or reconnecting viewer loses no point and
nobody queues anything for it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import lru_cache

from gan_studio.snapshot import Snapshot
from gan_studio.ui.encode import REAL_COLUMNS, encode_points, encode_snapshot, samples_field

HEARTBEAT_SECONDS = 10.0
RETRY_MILLISECONDS = 500
DELIVERIES_PER_SECOND = 80
"""To all viewers together that take what they are sent; in a large class each gets fewer, so that training keeps its
speed."""


@dataclass(frozen=True)
class Cursor:
    """What a viewer already has."""

    run_id: str = ""
    generation: int = -1
    number: int = 0

    def __str__(self) -> str:
        return f"{self.run_id}|{self.generation}|{self.number}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """A cursor from a browser; anything else counts as having nothing."""
        run_id, _, rest = text.partition("|")
        generation, _, number = rest.partition("|")
        if len(text) > 200 or not (generation.isascii() and generation.isdigit() and number.isascii()):
            return cls()
        return cls(run_id, int(generation), int(number)) if number.isdigit() else cls()


class Hub:
    """Lives on the server's event loop; only :meth:`publish` may be called from another thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._snapshot = Snapshot(state="empty")
        self._changed = asyncio.Event()
        self._encoded = b""
        self._encode_tail = lru_cache(maxsize=32)(self._encode_tail_uncached)
        self._viewers = 0
        self._waiting = 0  # viewers that have taken what they were sent
        self.closing = False

    def attach(self, snapshot: Snapshot) -> None:
        """Begin to serve from the running event loop, with what there is now."""
        self._loop = asyncio.get_running_loop()
        self._take(snapshot)

    def publish(self, snapshot: Snapshot) -> None:
        """Make ``snapshot`` the newest; returns at once, from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, snapshot)

    def close(self) -> None:
        """End all streams, so that the server can stop; from any thread, or from a signal handler."""
        self.closing = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def _take(self, snapshot: Snapshot) -> None:
        self._snapshot, self._encoded = snapshot, b""
        self._encode_tail.cache_clear()
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    @property
    def published(self) -> float:
        """When the newest snapshot was made; no other has that time."""
        return self._snapshot.published

    def message(self, cursor: Cursor) -> tuple[bytes, Cursor]:
        """The JSON that brings a viewer from ``cursor`` to the newest snapshot, and its cursor afterwards."""
        if not self._encoded:
            self._encoded = encode_snapshot(self._snapshot, self._viewers)
        tail, after = self._encode_tail(cursor)
        return self._encoded + tail, after

    def _encode_tail_uncached(self, cursor: Cursor) -> tuple[bytes, Cursor]:
        snapshot = self._snapshot
        same_run = cursor.run_id == snapshot.run_id
        last, generation, points = snapshot.curve.since(cursor.number, cursor.generation if same_run else -1)
        reset = not same_run or cursor.generation != generation
        after = Cursor(snapshot.run_id, generation, last)
        extra = {"cursor": str(after), "reset": reset}
        if reset:
            extra["real"] = samples_field(snapshot.real, REAL_COLUMNS, snapshot.extent)
        return b',%s,"points":%s}' % (json.dumps(extra).encode()[1:-1], encode_points(points)), after

    async def events(self, cursor: Cursor) -> AsyncIterator[bytes]:
        """An endless stream of server-sent events for one viewer."""
        self._viewers += 1
        try:
            yield b"retry: %d\n\n" % RETRY_MILLISECONDS
            while not self.closing:
                changed, shown = self._changed, self._snapshot
                message, cursor = self.message(cursor)
                yield b"id: %s\ndata: %s\n\n" % (str(cursor).encode(), message)
                if self._snapshot is not shown:
                    continue  # newer already: this viewer is slow, serve it the newest at once
                self._waiting += 1
                try:
                    await asyncio.sleep(self._waiting / DELIVERIES_PER_SECOND)
                    while not self.closing and self._snapshot is shown:
                        try:
                            await asyncio.wait_for(changed.wait(), HEARTBEAT_SECONDS)
                        except asyncio.TimeoutError:
                            yield b": still here\n\n"
                finally:
                    self._waiting -= 1
        finally:
            self._viewers -= 1
