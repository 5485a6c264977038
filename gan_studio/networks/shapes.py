"""Shapes of samples, and how often a network halves a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gan_studio.errors import StudioError

Shape = tuple[int, ...]
"""One sample without its batch: (C, H, W) for pictures, (D,) for points."""


def are_points(shape: Shape) -> bool:
    """Whether samples of ``shape`` are points, not pictures."""
    return len(shape) == 1


@dataclass(frozen=True)
class Ladder:
    """How often ``network`` halves pictures: ``halvings`` maps the smallest side from which a count holds to it."""

    network: str
    halvings: Mapping[int, int]

    def count(self, shape: Shape) -> int:
        """How often pictures of ``shape`` (C, H, W) are halved. Raises as :meth:`check` does."""
        self.check(shape)
        return self._count(shape)

    def grid(self, shape: Shape) -> tuple[int, int]:
        """Height and width after all halvings. Raises as :meth:`check` does."""
        factor = 2 ** self.count(shape)
        return shape[1] // factor, shape[2] // factor

    def check(self, shape: Shape) -> None:
        """Raise :class:`StudioError` where the network does not serve samples of ``shape``."""
        if are_points(shape):
            raise StudioError(
                f"{self.network} (network, discriminator_network) needs pictures, not points: take mlp, or another "
                "dataset",
                "error.network_points",
                network=self.network,
            )
        _, height, width = shape
        factor = 2 ** self._count(shape)
        if height % factor or width % factor:
            raise StudioError(
                f"{self.network} (network, discriminator_network) needs pictures whose sides are divisible by "
                f"{factor}, not {height} x {width}: set picture_size, or take another dataset",
                "error.network_size",
                network=self.network,
                factor=factor,
                height=height,
                width=width,
            )

    def _count(self, shape: Shape) -> int:
        smaller = min(shape[1:])
        return self.halvings[max(side for side in self.halvings if side <= smaller)]
