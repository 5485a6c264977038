"""Pictures in another size or with other colour channels, bytes in and bytes out."""

from __future__ import annotations

from pathlib import Path

import torch
from torch.nn.functional import interpolate

from gan_studio.data.dataset import Progress
from gan_studio.data.storage import new_bytes
from gan_studio.errors import Sentence

_RESIZING = Sentence("resizing pictures", "loading.resizing")
_CHUNK = 1024  # pictures at a time: at most 50 MB of 128 x 128 pixels in colour


def to_grey(pictures: torch.Tensor, folder: Path) -> torch.Tensor:
    """(N, 3, H, W) uint8 as (N, 1, H, W), by the luma weights of ITU-R 601 that Pillow uses as well."""
    if pictures.shape[1] == 1:
        return pictures
    grey = new_bytes((len(pictures), 1, *pictures.shape[2:]), folder)
    weights = torch.tensor([19595, 38470, 7471], dtype=torch.int32).view(3, 1, 1)  # 0.299, 0.587, 0.114 of 2 ** 16
    for chunk, target in zip(pictures.split(_CHUNK), grey.split(_CHUNK), strict=True):
        target.copy_((chunk * weights).sum(1, keepdim=True).add(1 << 15) >> 16)
    return grey


def to_colour(pictures: torch.Tensor) -> torch.Tensor:
    """(N, 1, H, W) as (N, 3, H, W): a view that repeats the one channel without memory of its own."""
    return pictures.expand(-1, 3, -1, -1)


def resize(pictures: torch.Tensor, side: int, folder: Path, progress: Progress) -> torch.Tensor:
    """(N, C, H, W) uint8 as (N, C, side, side), by antialiased bilinear interpolation."""
    if tuple(pictures.shape[2:]) == (side, side):
        return pictures
    resized = new_bytes((*pictures.shape[:2], side, side), folder)
    for start in range(0, len(pictures), _CHUNK):
        progress(_RESIZING, start / len(pictures))
        part = slice(start, start + _CHUNK)
        # Each channel by itself: torch's quick way through several fails for pictures of one pixel.
        grey = interpolate(pictures[part].flatten(0, 1)[:, None], (side, side), mode="bilinear", antialias=True)
        resized[part] = grey.view(-1, *resized.shape[1:])
    progress(_RESIZING, 1.0)
    return resized
