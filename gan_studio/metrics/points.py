"""How far two clouds of points in the plane are from each other."""

from __future__ import annotations

import torch

from gan_studio.metrics.kernel import sums_across, sums_within
from gan_studio.objectives.kernels import mixture

BINS = 50
PROJECTIONS = 128
PAIRED = 250
"""How many points of either side the kernels compare at once: what they compute stays in the processor's cache."""
BANDWIDTHS = (0.1, 0.3, 1.0)
"""Standard deviations of the Gaussian kernels, in units of the set's scale."""


def histogram(points: torch.Tensor, extent: float, bins: int = BINS) -> torch.Tensor:
    """Shares of points (N, 2) in the squares of [-extent, extent]^2 and, last, outside it: (bins^2 + 1,) float64."""
    inside = (points.abs() < extent).all(1)
    column, row = ((points + extent) / (2 * extent) * bins).long().clamp(0, bins - 1).unbind(1)
    index = torch.where(inside, row * bins + column, bins**2)
    return torch.bincount(index, minlength=bins**2 + 1).double() / len(points)


def kl_divergence(p: torch.Tensor, q: torch.Tensor, floor: float) -> float:
    """``KL(p || q)`` of two histograms in nats; an empty place of q counts as ``floor``, such as half a sample."""
    q = q.clamp_min(floor)
    return torch.where(p > 0, p * (p.clamp_min(1e-300) / q).log(), 0.0).sum().item()


def js_divergence(p: torch.Tensor, q: torch.Tensor) -> float:
    """Jensen-Shannon divergence of two histograms in nats, from 0 to log 2."""
    middle = (p + q) / 2
    return (kl_divergence(p, middle, 0.0) + kl_divergence(q, middle, 0.0)) / 2


def sliced_wasserstein(x: torch.Tensor, y: torch.Tensor, seed: int = 0) -> float:
    """Sliced 2-Wasserstein distance of equally many points x and y: (N, 2), in their unit.

    The root of the mean squared distance of sorted projections over :data:`PROJECTIONS` directions at even angles
    from a random one (Bonneel et al. 2015, J. Math. Imaging Vis. 51, section 2.2).
    """
    offset = torch.rand(1, generator=torch.Generator().manual_seed(seed)).double()
    angles = (torch.arange(PROJECTIONS) + offset) * (torch.pi / PROJECTIONS)
    directions = torch.stack([angles.cos(), angles.sin()])
    sides = [(points.double() @ directions).sort(0).values for points in (x, y)]
    return (sides[0] - sides[1]).square().mean().sqrt().item()


def squared_mmd_of_points(x: torch.Tensor, y: torch.Tensor, at_once: int = PAIRED) -> float:
    """Unbiased MMD^2 under a sum of Gaussian kernels of :data:`BANDWIDTHS`; x and y: (N, 2), (M, 2) of order 1.

    In float64, ``at_once`` points of x against as many of y at a time, which the value does not depend on.
    """
    # The kernels divide by the number of coordinates, so that a bandwidth means the same in any dimension.
    kernel = mixture("gaussian", BANDWIDTHS)
    parts = [points.double().split(at_once) for points in (x, y)]
    own = [sums_within(kernel, side).sum() / (n * (n - 1)) for side, n in zip(parts, (len(x), len(y)), strict=True)]
    return (own[0] + own[1] - 2 * sums_across(kernel, *parts).sum() / (len(x) * len(y))).item()
