"""What is slow to make is kept in files that are named after the content it was made from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

_VERSION = 2  # of what is kept


def kept(path: Path, make: Callable[[], dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The tensors in ``path``; where it is not there or damaged, they are made and kept there."""
    try:
        return load_file(path)
    except (OSError, SafetensorError):
        made = {name: tensor.contiguous() for name, tensor in make().items()}
        write(path, lambda part: save_file(made, part))
        return made


def write(path: Path, action: Callable[[Path], object]) -> None:
    """Write beside the file and move it into place; where the disk is full, it is only slower the next time."""
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        action(part)
        part.replace(path)
    except (OSError, SafetensorError):
        part.unlink(missing_ok=True)


def digest(*tensors: torch.Tensor) -> str:
    """A name for the content of ``tensors``, 24 hexadecimal digits."""
    found = hashlib.sha256(str(_VERSION).encode())
    for tensor in tensors:
        found.update(str((tensor.shape, tensor.dtype)).encode())
        found.update(tensor.contiguous().numpy())
    return found.hexdigest()[:24]
