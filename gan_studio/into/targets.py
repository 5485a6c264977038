"""Pictures to search for: real ones that a run has not trained on, and a visitor's own."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from gan_studio.data import DataSet
from gan_studio.data.decode import Unusable, decode
from gan_studio.data.pixels import to_unit_range
from gan_studio.errors import StudioError
from gan_studio.latent.inversion import typical_distance

MOST_UPLOAD_BYTES = 24 * 2**20
"""One photograph."""
_COMPARED = 60


@dataclass(frozen=True)
class RealPicture:
    """``image``: (C, H, W) uint8 of class number ``label``; two of that class are typically ``typical`` apart,
    root of the mean square of pixels in [-1, 1]."""

    image: torch.Tensor
    label: int
    class_name: str
    typical: float


def real_picture(data: DataSet, label: int | None, seed: int) -> RealPicture:
    """A picture of ``data`` by ``seed``, of class number ``label`` or of any.

    Raises :class:`StudioError` where there is no such class, or none of its pictures.
    """
    if data.is_points:
        raise StudioError("this generator draws points; only pictures can be searched for", "error.find_points")
    if label is not None and data.classes and label >= len(data.classes):
        raise StudioError(f"label: there are {len(data.classes)} classes, counted from 0")
    rng = torch.Generator().manual_seed(seed)
    among = _of_class(data, label if data.classes else None)
    if not len(among):
        name = data.classes[label]
        raise StudioError(f"label: no picture of class {name} is held out", "error.class_not_held_out", name=name)
    index = among[torch.randint(len(among), (1,), generator=rng)].item()
    own = int(data.labels[index])
    alike = _of_class(data, own if data.classes else None)[:_COMPARED]
    typical = typical_distance(to_unit_range(data.samples[alike])) if len(alike) > 1 else 0.0
    return RealPicture(data.samples[index], own, data.classes[own] if data.classes else "", typical)


def _of_class(data: DataSet, label: int | None) -> torch.Tensor:
    return torch.arange(len(data.samples)) if label is None else (data.labels == label).nonzero()[:, 0]


def uploaded_picture(file: bytes, shape: tuple[int, int, int]) -> torch.Tensor:
    """The middle of a picture file in the ``shape`` (C, H, W) of a generator's: uint8.

    Raises :class:`StudioError` where it is no picture, damaged or too large.
    """
    channels, height, width = shape
    side = max(height, width)
    try:
        square = torch.from_numpy(decode(file, side, channels).copy())
    except Unusable as error:
        raise StudioError(
            f"this file cannot be used: {error}; upload a picture (PNG, JPEG, WebP, GIF)", "error.no_picture"
        ) from None
    top, left = (side - height) // 2, (side - width) // 2
    return square[:, top : top + height, left : left + width]
