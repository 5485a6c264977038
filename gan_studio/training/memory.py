"""Memory of the process: what is freed is kept for the next step, and what is not there is refused."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

# From glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_LARGEST = 2**31 - 1
_STACKS = 2**29  # bytes: of threads, 8 MiB each, which hardly use them


def keep_freed_memory() -> bool:
    """Tell glibc's malloc not to return large blocks; True where that was possible.

    Every training step allocates the same megabytes of activations. By default glibc maps each large block
    afresh, and the page faults cost a DCGAN step on a CPU about a fifth of its time. Threads share one arena,
    because those of other threads are small and returned all the same. Call it before threads are started.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library, such as musl
        return False
    settings = {_M_MMAP_THRESHOLD: _LARGEST // 2, _M_TRIM_THRESHOLD: _LARGEST, _M_ARENA_MAX: 1}
    return all(mallopt(setting, value) for setting, value in settings.items())


def limit_memory() -> int | None:
    """Let what this computer has no room for be refused, so that a step can fail and say so.

    Linux grants more memory than there is, and ends the process that comes to use it. The limit in bytes, on data the
    process may write to (RLIMIT_DATA), is what it has now, what is available now, also to its control group, and
    :data:`_STACKS`. None where there is none: elsewhere than on Linux, and with CUDA, whose driver takes address space
    that costs nothing. Processes that are started have the same limit, unless :func:`without_limit`.
    """
    if not sys.platform.startswith("linux") or torch.cuda.is_available():
        return None
    import resource

    try:
        own = _kibibytes("/proc/self/status", "VmData:")
        limit = own + min(_kibibytes("/proc/meminfo", "MemAvailable:"), _left_to_control_group()) + _STACKS
        resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    except (OSError, ValueError, StopIteration):  # another kernel, or a lower limit that is there already
        return None
    return limit


@contextmanager
def without_limit() -> Iterator[None]:
    """Lift the limit of :func:`limit_memory` while another program is started."""
    if not sys.platform.startswith("linux"):
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _kibibytes(file: str, name: str) -> int:
    """The number after ``name`` in a file of Linux's, in bytes."""
    lines = Path(file).read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))


def _left_to_control_group(folder: Path = Path("/sys/fs/cgroup")) -> float:
    """Bytes that a container's limit leaves (control groups, version 2); infinity where it has none."""
    try:
        limit = int((folder / "memory.max").read_text())
        used = next(line for line in (folder / "memory.stat").read_text().splitlines() if line.startswith("anon "))
        return limit - int(used.split()[1])
    except (OSError, ValueError, StopIteration):  # no such group, or "max"
        return float("inf")
