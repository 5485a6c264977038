"""New processes that start at once: forked from one that has imported PyTorch and Gradio and done nothing with them.

A test of how Python itself starts or ends uses ``sys.executable`` instead.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
if sys.platform == "linux":  # torch._dynamo: the first optimizer imports it
    _CONTEXT.set_forkserver_preload(["gan_studio.ui.server", "torch._dynamo", "matplotlib.figure", "tests.conftest"])


class NewProcess:
    """``call(*arguments)`` in a new process, with what tests use of ``subprocess.Popen``; it returns the exit status.

    ``call`` must be a module's function. Its standard output is read from ``stdout``; its errors go to the file
    ``stderr``, else to where this process's go.
    """

    def __init__(self, call: Callable, *arguments, stderr: Path | None = None):
        ours, theirs = _CONTEXT.Pipe(duplex=False)
        self._process = _CONTEXT.Process(target=_call, args=(theirs, stderr, call, arguments))
        self._process.start()
        theirs.close()
        with ours:
            self.stdout = open(os.dup(ours.fileno()))  # noqa: PTH123, SIM115 (not a path; closed when it is dropped)

    @property
    def returncode(self) -> int | None:
        """The exit status, negative where a signal ended the process; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def send_signal(self, number: int) -> None:
        os.kill(self._process.pid, number)

    def wait(self, timeout: float) -> int:
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(str(self._process), timeout)
        return self.returncode


def _call(out: Connection, stderr: Path | None, call: Callable, arguments: tuple) -> None:
    os.dup2(out.fileno(), 1)
    out.close()
    if stderr is not None:
        with stderr.open("w") as err:
            os.dup2(err.fileno(), 2)
    sys.exit(call(*arguments))


@atexit.register  # else Python waits for them
def _end_what_failed_tests_left() -> None:
    for process in multiprocessing.active_children():
        process.kill()
