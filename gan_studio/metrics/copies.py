"""Which training pictures are nearest to a generated one, and whether it is suspiciously near."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from gan_studio.config import POINT_SETS, RunConfig
from gan_studio.data.pixels import to_unit_range
from gan_studio.data.storage import default_data_dir
from gan_studio.errors import StudioError
from gan_studio.metrics.classifier import has_classifier, load_judge
from gan_studio.metrics.extractor import Watched
from gan_studio.metrics.neighbours import CLOSEST_SHARE
from gan_studio.metrics.reference import PictureReference, load_pictures

Space = Literal["pixels", "features"]
_UNSEEN = 500
_ROWS = 5000


@dataclass(frozen=True)
class Nearest:
    """For N pictures the ``indices`` (N, K) of the nearest training pictures and their ``distances`` (N, K), ascending.

    ``limit``: nearer than that to a training picture is only one in a hundred of new real pictures.
    """

    indices: torch.Tensor
    distances: torch.Tensor
    limit: float

    @property
    def suspicious(self) -> torch.Tensor:
        """Which of the pictures are nearer than the limit: (N,) bool."""
        return self.distances[:, 0] < self.limit


@dataclass(frozen=True)
class Preparing:
    """Not yet: ``share`` of what has to be looked at first is done."""

    share: float


class TrainingPictures:
    """The pictures a run has trained on, to be searched by pixels and, where there is one, by a classifier's features.

    Distances are Euclidean; those of pixels are per pixel, as the root of the mean square in [-1, 1].
    Raises :class:`StudioError` for points, or where the data are missing.
    """

    def __init__(
        self, config: RunConfig, data_dir: Path | None = None, looked: Callable[[int], None] = lambda count: None
    ):
        """``looked`` is told how many more pictures the classifier has looked at; it may wait, or raise to end it."""
        if config.dataset in POINT_SETS:
            raise StudioError("this generator draws points: there are no pictures to compare", "error.copies_points")
        sets, self._reference = load_pictures(config, data_dir), None
        if has_classifier(config.dataset):
            cache = (data_dir or default_data_dir()) / "metrics"
            self._reference = PictureReference(config, sets, Watched(load_judge(config.dataset), looked), cache)
        self.pictures = sets["train"].samples[: config.train_size or None]
        self._unseen = sets["test"].samples[:_UNSEEN]
        self._limits: dict[Space, float] = {}

    def prepare(self, space: Space) -> None:
        """Do what the first search in ``space`` has to wait for: about a minute for the features of MNIST."""
        if space in self.spaces:
            self._limit(space)

    @property
    def to_look_at(self) -> int:
        """How many pictures the classifier has to look at before the first search by features."""
        return sum(len(data.samples) for data in self._reference.sets.values()) if self._reference else 0

    @property
    def spaces(self) -> tuple[Space, ...]:
        """In which spaces :meth:`nearest` can search."""
        return ("pixels", "features") if self._reference else ("pixels",)

    def nearest(self, images: torch.Tensor, space: Space, count: int = 1) -> Nearest:
        """The ``count`` training pictures nearest to each of images (N, C, H, W) uint8.

        Raises :class:`StudioError` where they have another shape, or there is no such space for these data.
        """
        if images.shape[1:] != self.pictures.shape[1:]:
            raise StudioError(
                f"pictures of {tuple(images.shape[1:])}, but {tuple(self.pictures.shape[1:])} was trained on",
                "error.other_shape",
            )
        if space not in self.spaces:
            raise StudioError(
                f"there is no classifier for these data: search by {', '.join(self.spaces)}", "error.pixels_only"
            )
        distances, indices = self._search(images, space, min(count, len(self.pictures)))
        return Nearest(indices, distances, self._limit(space))

    def _limit(self, space: Space) -> float:
        if space not in self._limits:
            if space == "features":
                distances = self._reference.unseen_to_train
            else:
                distances = self._search(self._unseen, "pixels", 1)[0][:, 0]
            self._limits[space] = float(distances.quantile(CLOSEST_SHARE))
        return self._limits[space]

    def _search(self, images: torch.Tensor, space: Space, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Distances and indices, (N, K) each, part by part of the training pictures."""
        if space == "features":
            points, among, scale = self._reference.look(images).features, self._reference.train_features, 1.0
        else:
            points, among, scale = _flat(images), self.pictures, images[0].numel() ** 0.5
        found: list[tuple[torch.Tensor, torch.Tensor]] = []
        for start in range(0, len(among), _ROWS):
            part = among[start : start + _ROWS]
            block = torch.cdist(points, part if space == "features" else _flat(part))
            values, indices = block.topk(min(count, len(part)), largest=False)
            found.append((values / scale, indices + start))
        distances, indices = (torch.cat(side, 1) for side in zip(*found, strict=True))
        best, order = distances.topk(count, largest=False)
        return best, indices.gather(1, order)


def _flat(images: torch.Tensor) -> torch.Tensor:
    return to_unit_range(images).flatten(1)
