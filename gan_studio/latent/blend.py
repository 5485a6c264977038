"""Blends of four latents over a square."""

from __future__ import annotations

import torch

from gan_studio.latent.paths import slerp


def blend(corners: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """The latents (N, Z) at ``places`` (N, 2) in [0, 1], to the right and down, between four corners (4, Z).

    Corners from the top left row by row. The bilinear patch, with great arcs in the place of its straight lines
    (:func:`gan_studio.latent.paths.slerp`, repeated as in Shoemake 1985): each corner is met exactly, and the length
    stays between theirs, so that blends of N(0, I) keep the length sqrt(Z) that pictures are sharp at.
    """
    across, down = places[:, 0], places[:, 1]
    top, bottom = slerp(corners[0], corners[1], across), slerp(corners[2], corners[3], across)
    return torch.cat([slerp(a, b, t[None]) for a, b, t in zip(top, bottom, down, strict=True)])
