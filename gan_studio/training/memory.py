"""Keep freed memory for the next step instead of handing it back to the operating system."""

from __future__ import annotations

import ctypes
import sys

# From glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Tell glibc's malloc not to return large blocks; True where that was possible.

    Every training step allocates the same megabytes of activations. By default glibc maps each large block
    afresh, and the page faults cost a DCGAN step on a CPU about a fifth of its time (``benchmarks/``).
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library, such as musl
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGEST // 2) and mallopt(_M_TRIM_THRESHOLD, _LARGEST))
