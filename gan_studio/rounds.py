"""What many people ask for at the same time, answered together."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from gan_studio.worker import Worker, check_room, visitor

R = TypeVar("R")
T = TypeVar("T")

ANSWER_SECONDS = 0.0085
"""The rest for each answer of a round while a run trains: encoding and sending one takes the server a fifth of it. Ten
people see more than ten pictures a second each, and training keeps three quarters of its speed on two cores."""
_EVERYBODY = "everybody"


class Rounds(Generic[R, T]):
    """Each round takes the first request of everybody who waits, who waits longest first, and answers them in one go.

    ``answer(requests)`` gives for each what it asks for, or the exception that says why not. ``size(request)`` is how
    much work one is; a round takes no more than ``most`` in all, but always one request.
    """

    def __init__(
        self,
        worker: Worker,
        answer: Callable[[Sequence[R]], Sequence[T | Exception]],
        size: Callable[[R], int],
        most: int,
    ):
        self._worker, self._answer, self._size, self._most = worker, answer, size, most
        self._lock = threading.Lock()
        self._lines: OrderedDict[str, deque[tuple[R, Future[T]]]] = OrderedDict()  # by visitor
        self._called = False  # whether a round is to come, or goes on

    def submit(self, request: R) -> Future[T]:
        """Answer ``request`` in one of the next rounds; raises :class:`StudioError` as :meth:`Worker.submit` does.

        A request whose future is cancelled is not answered.
        """
        future: Future[T] = Future()
        with self._lock:
            line = deque(waiting for waiting in self._lines.get(visitor.get(), ()) if not waiting[1].cancelled())
            check_room(line)
            if not self._called:
                self._call()
            line.append((request, future))
            self._lines[visitor.get()] = line
        return future

    def _call(self) -> None:
        """Let there be one more round; with the lock held."""
        token = visitor.set(_EVERYBODY)  # a round has a turn of its own among the visitors' other work
        try:
            turn = self._worker.submit(self._round)
        finally:
            visitor.reset(token)
        self._called = True
        turn.add_done_callback(lambda done: done.cancelled() and self._forget())

    def _round(self) -> None:
        taken = self._take()
        self._worker.rest_at_least(ANSWER_SECONDS * len(taken))
        try:
            answers = self._answer([request for request, _ in taken]) if taken else []
        except BaseException as error:
            answers = [error] * len(taken)
        for (_, future), answer in zip(taken, answers, strict=True):
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)
        with self._lock:
            self._called = False
            if not self._lines:
                return
            try:
                self._call()
                return
            except RuntimeError:  # the worker has been closed
                pass
        self._forget()

    def _forget(self) -> None:
        """Nobody will be answered any more."""
        with self._lock:
            waiting = [future for line in self._lines.values() for _, future in line]
            self._lines.clear()
        for future in waiting:
            future.cancel()

    def _take(self) -> list[tuple[R, Future[T]]]:
        taken, size = [], 0
        with self._lock:
            for who, line in list(self._lines.items()):
                while line and line[0][1].cancelled():
                    line.popleft()
                if line and (not taken or size + self._size(line[0][0]) <= self._most):
                    request, future = line.popleft()
                    self._lines.move_to_end(who)
                    if future.set_running_or_notify_cancel():
                        taken.append((request, future))
                        size += self._size(request)
                if not line:
                    del self._lines[who]
        return taken
