"""Differentiable augmentation of what the discriminator sees (Zhao et al. 2020, arXiv:2006.10738).

Every operation is made of sums, products and reads from other places, so it can be differentiated twice.
Each acts on a picture with its own live probability. Pictures: (N, C, H, W) in [-1, 1].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

Operation = Callable[[torch.Tensor, torch.Generator], torch.Tensor]


@dataclass(frozen=True)
class Augmentation:
    """One operation on every picture; the row's name is the field of its probability."""

    apply: Operation
    formula: str
    source: str


def _rand(images: torch.Tensor, noise: torch.Generator) -> torch.Tensor:
    """One uniform number for each picture: (N, 1, 1, 1)."""
    return torch.rand(len(images), 1, 1, 1, device=images.device, generator=noise)


def _colour(images: torch.Tensor, noise: torch.Generator) -> torch.Tensor:
    images = images + _rand(images, noise) - 0.5  # brightness
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * 2 * _rand(images, noise)  # saturation
    mean = images.mean((1, 2, 3), keepdim=True)
    return mean + (images - mean) * (0.5 + _rand(images, noise))  # contrast


def _whole(images: torch.Tensor, low: int, high: int, noise: torch.Generator) -> torch.Tensor:
    """A whole number from ``low`` to ``high`` for each picture: (N, 1)."""
    return torch.randint(low, high + 1, (len(images), 1), device=images.device, generator=noise)


def _translation(images: torch.Tensor, noise: torch.Generator) -> torch.Tensor:
    n, _, height, width = images.shape
    places, kept = [], []
    for side in (height, width):
        reach = max(side // 8, 1)
        place = torch.arange(side, device=images.device) + _whole(images, -reach, reach, noise)
        kept.append((place >= 0) & (place < side))
        places.append(place.clamp(0, side - 1))
    rows, columns = places
    inside = (kept[0][:, :, None] & kept[1][:, None, :])[:, None]
    picture = torch.arange(n, device=images.device)[:, None, None]
    moved = images.permute(0, 2, 3, 1)[picture, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    return moved * inside


def _cutout(images: torch.Tensor, noise: torch.Generator) -> torch.Tensor:
    covered = []
    for side in images.shape[2:]:
        half = max(side // 4, 1)
        centre = _whole(images, 0, side, noise)
        covered.append((torch.arange(side, device=images.device) - centre + 0.5).abs() < half)
    return images * ~(covered[0][:, :, None] & covered[1][:, None, :])[:, None]


_SOURCE = "Zhao et al. 2020, arXiv:2006.10738, section 3.2"
AUGMENTATIONS: dict[str, Augmentation] = {
    "augment_colour": Augmentation(
        _colour, "brightness + U(-0.5, 0.5), saturation x U(0, 2), contrast x U(0.5, 1.5)", _SOURCE
    ),
    "augment_translation": Augmentation(_translation, "shift by up to an eighth of the side, grey outside", _SOURCE),
    "augment_cutout": Augmentation(_cutout, "a grey square of half the side, anywhere", _SOURCE),
}


def augment(images: torch.Tensor, probabilities: dict[str, float], noise: torch.Generator) -> torch.Tensor:
    """``images`` with each operation of ``probabilities`` applied to that share of them, at random."""
    for name, probability in probabilities.items():
        chosen = _rand(images, noise) < probability
        images = torch.where(chosen, AUGMENTATIONS[name].apply(images, noise), images)
    return images
