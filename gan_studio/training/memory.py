"""Keep freed memory for the next step instead of handing it back to the operating system."""

from __future__ import annotations

import ctypes
import sys

# From glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_LARGEST = 2**31 - 1


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
