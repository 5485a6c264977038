"""Threads that work for the page, and leave most of the time to training."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

from gan_studio.session import Session

T = TypeVar("T")


class Worker:
    """Does pieces of work one after the other; everybody on the page waits in one line.

    ``share``: the largest part of one core that they may take while a run trains.
    """

    def __init__(self, session: Session, share: float = 0.4):
        self._session, self._share = session, share
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="worker", initializer=_use_one_thread)
        self._not_before = 0.0

    def submit(self, work: Callable[..., T], *arguments: object) -> Future[T]:
        """Do it as soon as it is its turn; the future raises what ``work`` raises."""
        return self._pool.submit(self._do, work, *arguments)

    def close(self) -> None:
        """Forget what waits and end the thread after the piece in progress."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _do(self, work: Callable[..., T], *arguments: object) -> T:
        if self._session.snapshot.state == "running":
            time.sleep(max(0.0, self._not_before - time.monotonic()))
        start = time.thread_time()
        try:
            return work(*arguments)
        finally:
            busy = time.thread_time() - start
            self._not_before = time.monotonic() + busy * (1 / self._share - 1)


def _use_one_thread() -> None:
    """One picture is too little work to share; more threads would only fight with training for the cores."""
    torch.set_num_threads(1)
