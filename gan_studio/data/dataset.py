"""What a loaded data set is: pictures or points in memory, with their classes and what to know about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from gan_studio.data.toys import ToyRow
from gan_studio.errors import StudioError
from gan_studio.space import Space

Progress = Callable[[str, float], None]
"""Told what is being done and which share of it is done, from 0 to 1."""


def no_progress(text: str, share: float) -> None:
    """A :data:`Progress` for callers that do not show it."""


def damaged(path: Path, reason: str) -> StudioError:
    """What is said of a file of a data set that cannot be used."""
    return StudioError(f"{path}: {reason}", "error.data_file", path=str(path))


@dataclass(frozen=True, eq=False)
class DataSet:
    """A data set that is ready to be drawn from.

    ``samples``: (N, C, H, W) uint8 pictures or (N, 2) float32 points; ``labels``: (N,) int64 indices into
    ``classes``, all zero where ``classes`` is empty, which means that there are no labels.
    ``notes`` are sentences for the user, such as which files were skipped.
    ``toy`` is the distribution that points come from; networks see points divided by ``scale``.
    """

    name: str
    samples: torch.Tensor
    labels: torch.Tensor
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    toy: ToyRow | None = None
    scale: float = 1.0

    @property
    def is_points(self) -> bool:
        """Whether the samples are points in the plane rather than pictures."""
        return self.samples.ndim == 2

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample: (C, H, W) or (2,)."""
        return tuple(self.samples.shape[1:])

    @property
    def space(self) -> Space:
        """What one sample is, for whoever draws generated ones."""
        return Space(self.shape, self.classes, self.scale, self.extent)

    @property
    def extent(self) -> float:
        """Half the side of the square view that shows all points; 1 for pictures."""
        return self.toy.extent if self.toy else 1.0
