"""CIFAR-10 in its binary version: the Python version, which torchvision reads, is pickled code.

Format: https://www.cs.toronto.edu/~kriz/cifar.html : records of one label byte and 3,072 bytes of a picture,
red, green and blue, each row by row.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import torch

from gan_studio.data.dataset import DataSet, Progress, damaged
from gan_studio.data.download import RemoteFile, fetch
from gan_studio.errors import StudioError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FOLDER = "cifar-10-batches-bin"
FILES = {"train": tuple(f"data_batch_{number}.bin" for number in range(1, 6)), "test": ("test_batch.bin",)}
ARCHIVE = RemoteFile(
    "cifar-10-binary.tar.gz",
    ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
    "c32a1d4ab5d03f1284b67883e8d87530",
    170_052_171,
)
_RECORD = 1 + 3 * 32 * 32
_MOST_BYTES = 2**30


def load_cifar10(data_dir: Path, split: str, progress: Progress) -> DataSet:
    """Load CIFAR-10, pictures (N, 3, 32, 32), from ``data_dir/cifar-10-batches-bin``; fetch it if it is not there.

    Raises :class:`StudioError` where it cannot be fetched or where a file is damaged.
    """
    paths = [data_dir / FOLDER / name for name in FILES[split]]
    if not all(path.is_file() for path in paths):
        _fetch(data_dir, progress)
    records = np.concatenate([_read_records(path) for path in paths])
    labels = torch.from_numpy(records[:, 0].astype(np.int64))
    pictures = torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32))
    return DataSet("cifar10", pictures, labels, CLASSES)


def _read_records(path: Path) -> np.ndarray:
    """(N, 3073) uint8."""
    try:
        size = path.stat().st_size
        if size == 0 or size % _RECORD or size > _MOST_BYTES:
            raise damaged(path, f"{size} bytes are not a whole number of CIFAR-10 records of {_RECORD} bytes")
        records = np.fromfile(path, np.uint8).reshape(-1, _RECORD)
    except OSError as error:
        raise damaged(path, f"cannot be read ({error})") from None
    if records[:, 0].max() >= len(CLASSES):
        raise damaged(path, f"holds label {records[:, 0].max()}, but cifar10 has {len(CLASSES)} classes")
    return records


def _fetch(data_dir: Path, progress: Progress) -> None:
    try:
        fetch([ARCHIVE], data_dir, progress, lambda fetched: _unpack(fetched / ARCHIVE.name, data_dir / FOLDER))
    except StudioError as error:
        names = ", ".join(FILES["train"] + FILES["test"])
        raise StudioError(
            f"data set 'cifar10' is not here and {error}. Connect to the internet, or unpack {ARCHIVE.name} "
            f"by hand so that these files are in {data_dir / FOLDER}: {names}",
            "error.offline",
            name="cifar10",
            folder=str(data_dir / FOLDER),
            files=names,
        ) from None


def _unpack(archive: Path, folder: Path) -> None:
    """Take the six files and nothing else; each appears under its name when it is complete."""
    folder.mkdir(parents=True, exist_ok=True)
    unpacked = archive.parent / "unpacked"
    try:
        with tarfile.open(archive) as tar:
            for name in FILES["train"] + FILES["test"]:
                tar.extract(f"{FOLDER}/{name}", unpacked, filter="data")
                (unpacked / FOLDER / name).replace(folder / name)
    except (tarfile.TarError, KeyError) as error:
        raise StudioError(f"{archive.name} cannot be unpacked ({error})") from None
