"""Fréchet distance between two sets of features, each summed up as a Gaussian."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from gan_studio.errors import StudioError


@dataclass(frozen=True)
class Moments:
    """Mean (F,) and covariance (F, F) of ``count`` feature vectors, in float64."""

    mean: torch.Tensor
    covariance: torch.Tensor
    count: int


def moments(features: torch.Tensor) -> Moments:
    """Sum up features (N, F). Raises :class:`StudioError` where N is too small for F dimensions.

    With N <= F the covariance has no full rank, and the distance says more about N than about the pictures.
    """
    count, size = features.shape
    if count <= size:
        raise StudioError(
            f"{count} samples are too few for {size} features: take more than {size}",
            "error.too_few",
            count=count,
            least=size + 1,
        )
    features = features.double()
    mean = features.mean(0)
    centred = features - mean
    return Moments(mean, centred.T @ centred / (count - 1), count)


def frechet_distance(a: Moments, b: Moments) -> float:
    """``||m_a - m_b||^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2))``, not less than 0.

    Dowson and Landau 1982; as a measure of GANs: Heusel et al. 2017, arXiv:1706.08500, section 4. The trace of the
    root is the sum of the roots of the eigenvalues of the symmetric ``C_a^(1/2) C_b C_a^(1/2)``, which has the same
    ones as ``C_a C_b`` and stays real.
    """
    values, vectors = torch.linalg.eigh(a.covariance)
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    product = root @ b.covariance @ root
    shared = torch.linalg.eigvalsh((product + product.T) / 2).clamp_min(0).sqrt().sum()
    distance = (a.mean - b.mean).square().sum() + a.covariance.trace() + b.covariance.trace() - 2 * shared
    return max(distance.item(), 0.0)
