"""Directions in latent space along which the picture changes most."""

from __future__ import annotations

import torch

from gan_studio.errors import StudioError


def principal_directions(weight: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Principal directions of a linear first layer with ``weight``: (M, Z).

    For z ~ N(0, I) the layer's outputs have covariance W W^T; its principal components, brought back to the
    latent space, are the right singular vectors of W (Haerkoenen et al. 2020, arXiv:2004.02546; for a linear
    layer the same as Shen and Zhou 2021, arXiv:2007.06600). Returns unit directions: (K, Z), and the share of
    the layer's variance that each explains: (K,), both in descending order, K = min(count, M, Z).
    Signs are fixed so that each direction's largest entry is positive. Raises :class:`StudioError` where the
    weights are not finite.
    """
    weight = weight.detach().float().cpu()
    if not weight.isfinite().all():
        raise StudioError("the generator's weights are not finite: the run has diverged", "error.run_diverged")
    # Eigenvectors of the small (Z, Z) matrix: much faster than the decomposition of a tall weight.
    variance, vectors = torch.linalg.eigh((weight.T @ weight).double())
    count = min(count, *weight.shape)
    variance, directions = variance.flip(0).clamp_min(0), vectors.T.flip(0)[:count]
    total = variance.sum().clamp_min(torch.finfo(variance.dtype).tiny)
    return with_signs(directions).float(), (variance[:count] / total).float()


def variance_shares(weight: torch.Tensor, directions: torch.Tensor) -> torch.Tensor:
    """The share of the variance of a linear layer with ``weight``: (M, Z) along each unit direction (K, Z): (K,)."""
    weight = weight.detach().float().cpu()
    total = weight.square().sum().clamp_min(torch.finfo(weight.dtype).tiny)
    return (directions @ weight.T).square().sum(1) / total


def with_signs(directions: torch.Tensor) -> torch.Tensor:
    """Directions (K, Z), turned so that the largest entry of each is positive."""
    largest = directions.gather(1, directions.abs().argmax(1, keepdim=True))
    return directions * largest.sign()
