"""The IDX file format of the MNIST family, plain or gzipped.

Format: http://yann.lecun.com/exdb/mnist/ : two zero bytes, a type code, the number of dimensions,
each dimension as a big-endian 32-bit integer, then the data. Only unsigned bytes (0x08) occur here.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from gan_studio.data.dataset import damaged

_UNSIGNED_BYTE = 0x08
_MOST_BYTES = 2**31


def read_idx(path: Path) -> np.ndarray:
    """The array stored in an IDX file of unsigned bytes.

    Raises :class:`StudioError` that names the file where it is damaged or something else.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            shape = _read_shape(file, path)
            count = math.prod(shape)
            if count > _MOST_BYTES:
                raise damaged(path, f"claims {count} bytes of data, more than any data set of this kind has")
            data = file.read(count + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(path, f"cannot be read ({error}); replace it by a fresh copy") from None
    if len(data) != count:
        raise damaged(path, f"its header promises {count} bytes of data, it holds {_held(data, count)}")
    return np.frombuffer(bytearray(data), np.uint8).reshape(shape)


def _read_shape(file, path: Path) -> tuple[int, ...]:
    head = file.read(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] != _UNSIGNED_BYTE or head[3] not in (1, 3):
        raise damaged(path, "not an IDX file of pictures or labels")
    size = 4 * head[3]
    dimensions = file.read(size)
    if len(dimensions) < size:
        raise damaged(path, "ends inside its header")
    return struct.unpack(f">{head[3]}I", dimensions)


def _held(data: bytes, count: int) -> str:
    return "more" if len(data) > count else str(len(data))
