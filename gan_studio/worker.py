"""Threads that work for the page, and leave most of the time to training."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from functools import partial
from typing import Any, TypeVar

from gan_studio.errors import StudioError
from gan_studio.session import Session
from gan_studio.training.device import use_threads

T = TypeVar("T")

visitor: ContextVar[str] = ContextVar("visitor", default="")
"""Who asks for a piece of work: the server sets it for each request; what the piece asks for is of the same one."""

MOST_WAITING = 30
"""Pieces of one visitor that may wait at once."""
_MOST_REST = 2.0  # seconds
_LOOK_SECONDS = 0.02


class Worker:
    """Does pieces of work one after the other; everybody has a line, and the first of each line takes its turn.

    ``share``: the largest part of one core that they may take while a run trains.
    """

    def __init__(self, session: Session, share: float = 0.1):
        self._session, self._share = session, share
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="worker", initializer=_use_one_thread)
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._lines: OrderedDict[str, deque[_Piece]] = OrderedDict()  # by visitor, in the order of their turns
        self._rest_until = self._least_rest = 0.0

    def submit(self, work: Callable[..., T], *arguments: object) -> Future[T]:
        """Do it as soon as it is its turn; the future raises what ``work`` raises.

        A piece whose future is cancelled is never begun. Raises :class:`StudioError` where as many as may wait do.
        """
        piece = _Piece(partial(work, *arguments))
        with self._lock:
            line = self._lines.get(visitor.get(), ())
            line = deque(waiting for waiting in line if not waiting.future.cancelled())
            check_room(line)
            self._pool.submit(self._do_next)
            line.append(piece)
            self._lines[visitor.get()] = line
        return piece.future

    def rest_at_least(self, seconds: float) -> None:
        """For a piece to call: other threads have so much to do with what comes of it that the next one waits."""
        self._least_rest = seconds

    def close(self) -> None:
        """Forget what waits and end the thread after the piece in progress."""
        self._closed.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            waiting = [piece for line in self._lines.values() for piece in line]
            self._lines.clear()
        for piece in waiting:
            piece.future.cancel()

    def _do_next(self) -> None:
        self._rest()
        piece = self._next()
        if piece is None:
            return
        start, self._least_rest = time.thread_time(), 0.0
        piece.do()
        rest = max((time.thread_time() - start) * (1 / self._share - 1), self._least_rest)
        self._rest_until = time.monotonic() + min(rest, _MOST_REST)

    def _rest(self) -> None:
        """Leave training its time, for as long as it goes on."""
        while self._session.snapshot.state == "running":
            left = self._rest_until - time.monotonic()
            if left <= 0 or self._closed.wait(min(left, _LOOK_SECONDS)):
                return

    def _next(self) -> _Piece | None:
        """The first piece of who has waited longest for a turn; None where the others were cancelled."""
        with self._lock:
            while self._lines:
                who, line = self._lines.popitem(last=False)
                while line:
                    piece = line.popleft()
                    if piece.future.set_running_or_notify_cancel():
                        if line:
                            self._lines[who] = line  # behind everybody else's
                        return piece
        return None


def check_room(line: Sized) -> None:
    """Raise :class:`StudioError` where as much waits in a visitor's ``line`` as may."""
    if len(line) >= MOST_WAITING:
        raise StudioError(
            f"busy: {MOST_WAITING} things that you asked for wait already; try again in a moment",
            "error.worker_busy",
            count=MOST_WAITING,
        )


class _Piece:
    """Work, whose it is, and what comes of it."""

    def __init__(self, work: Callable[[], Any]):
        self._work, self._context = work, copy_context()
        self.future: Future[Any] = Future()

    def do(self) -> None:
        self._context.run(self._do)

    def _do(self) -> None:
        try:
            result = self._work()
        except BaseException as error:
            self.future.set_exception(error)
            del self  # else the error would keep alive what keeps it alive
        else:
            self.future.set_result(result)


def _use_one_thread() -> None:
    """One picture is too little work to share; more threads would only fight with training for the cores."""
    use_threads(1)
