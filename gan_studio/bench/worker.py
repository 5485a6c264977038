"""Fresh processes that are asked for one window at a time, so that nothing but the thing itself is measured."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from gan_studio.errors import StudioError

Answer = Callable[[Any], Any]


class Worker:
    """``make(*arguments)`` in a process of its own; it returns the function that answers :meth:`ask`.

    Between two questions the process waits and takes no time from others. ``make`` must be a module's function.
    """

    def __init__(self, make: Callable[..., Answer], *arguments: Any):
        context = multiprocessing.get_context("spawn")  # a fork would share the memory and the threads of this process
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, make, arguments))
        self._process.start()
        other.close()

    def ask(self, question: Any) -> Any:
        """The answer; raises :class:`StudioError` where the process failed, with what it said."""
        try:
            self._pipe.send(question)
            answer, error = self._pipe.recv()
        except (EOFError, OSError):
            raise StudioError("a measuring process ended without an answer; is there memory enough?") from None
        if error:
            raise StudioError(error)
        return answer

    def close(self) -> None:
        """End the process; what it computes just now is given five seconds."""
        self._pipe.close()
        self._process.join(5)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _serve(pipe: Connection, make: Callable[..., Answer], arguments: tuple[Any, ...]) -> None:
    multiprocessing.set_start_method(None, force=True)  # its own processes start as everywhere: it inherits "spawn"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the command, and that ends this
    answer = None
    with suppress(EOFError, OSError):  # nobody asks any more
        while True:
            question = pipe.recv()
            try:
                answer = answer or make(*arguments)
                reply = answer(question), None
            except Exception as error:  # whatever it is, the command says it
                reply = None, f"{type(error).__name__}: {error}"
            pipe.send(reply)
    del answer  # a loader in it ends its own processes
    os._exit(0)  # taking PyTorch down in order takes seconds
