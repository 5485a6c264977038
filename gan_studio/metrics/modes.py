"""Modes covered and share of good samples, for point sets whose clusters are known."""

from __future__ import annotations

from dataclasses import dataclass

import torch

PROTOCOL_SAMPLES = 2500
"""How many samples the published protocol draws (Lin et al. 2018, arXiv:1712.04086, section 4.1)."""


@dataclass(frozen=True)
class Coverage:
    """``covered`` of ``modes`` clusters have at least one good sample; ``good`` is the share of good samples."""

    covered: int
    modes: int
    good: float


def mode_coverage(samples: torch.Tensor, modes: torch.Tensor, sigma: float) -> Coverage:
    """The protocol of Srivastava et al. 2017 (VEEGAN, arXiv:1705.07761) and Lin et al. 2018 (PacGAN).

    A sample is good within three standard deviations ``sigma`` of its nearest mode; a mode is covered when it is
    the nearest one of a good sample. ``samples``: (N, 2), ``modes``: (K, 2).
    """
    distance, nearest = torch.cdist(samples, modes, compute_mode="donot_use_mm_for_euclid_dist").min(1)
    good = distance <= 3 * sigma
    return Coverage(len(nearest[good].unique()), len(modes), good.float().mean().item())
