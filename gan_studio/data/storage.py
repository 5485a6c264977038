"""Where samples are kept: in memory, or in a file that the system maps into memory where they are many."""

from __future__ import annotations

import math
import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch

from gan_studio.errors import StudioError

MOST_IN_MEMORY = 2**30
"""Bytes from which on samples go into a mapped file: a laptop of 8 GB has to keep room for the training."""


def default_data_dir() -> Path:
    """Where data sets are fetched to when the user names no folder."""
    return Path.home() / ".cache" / "gan-studio" / "data"


def user_path(text: str) -> Path:
    """The path that a user wrote; raises :class:`StudioError` where nobody can have a file of that name here."""
    try:
        path = Path(text).expanduser()
        path.resolve()
        path.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise StudioError(
            f"source: {text[:80]!r} cannot be opened ({error})", "error.no_such_file", name=text[:80]
        ) from None
    return path


def not_kept(text: str, folder: Path, error: Exception) -> StudioError:
    """What is said, in ``text``, of something for which ``folder`` could not be written."""
    return StudioError(text, "error.not_kept", folder=str(folder), error=str(error))


def new_bytes(shape: tuple[int, ...], folder: Path) -> torch.Tensor:
    """An uint8 tensor of ``shape`` to be filled; a large one lives in an unnamed file in ``folder``.

    The file vanishes with the tensor, also when the program is killed. Raises :class:`StudioError` where the
    disk is too full for it.
    """
    if math.prod(shape) <= MOST_IN_MEMORY:
        return torch.empty(shape, dtype=torch.uint8)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check_space(folder, math.prod(shape))
        # Not in /tmp, which is memory on many systems.
        with tempfile.TemporaryFile(dir=folder) as file:
            return torch.from_numpy(np.memmap(file, np.uint8, "w+", shape=shape))
    except OSError as error:
        raise not_kept(f"{folder}: cannot hold the decoded pictures ({error})", folder, error) from None


def _check_space(folder: Path, size: int) -> None:
    """A mapped file that meets a full disk ends the whole process, so ask beforehand."""
    free = shutil.disk_usage(folder).free
    if free < size:
        raise StudioError(
            f"{folder}: the decoded pictures need {size / 2**30:.1f} GiB, {free / 2**30:.1f} GiB are free; "
            "choose a smaller picture_size or another data folder",
            "error.no_room",
            folder=str(folder),
            size=f"{size / 2**30:.1f}",
            free=f"{free / 2**30:.1f}",
        )
