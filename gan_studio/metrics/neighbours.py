"""What nearest neighbours among features tell: fidelity, diversity and memorisation.

Distances are Euclidean and computed in blocks of rows, so that memory stays bounded; no number depends on the
size of a block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from gan_studio.errors import StudioError

ROWS = 1000
_NEAREST_ROWS = 100  # a block of 60,000 columns then fits into a CPU's cache
PRECISION_NEIGHBOURS = 3
"""k of precision and recall, as in Kynkäänniemi et al. 2019, arXiv:1904.06991."""
DENSITY_NEIGHBOURS = 5
"""k of density and coverage, as in Naeem et al. 2020, arXiv:2002.09797."""
CLOSEST_SHARE = 0.01


@dataclass(frozen=True)
class Manifolds:
    """How two clouds of features lie in each other.

    ``precision``: share of fakes inside the real manifold; ``recall``: share of reals inside the fake one, where a
    manifold is the union of balls that reach each sample's third neighbour (Kynkäänniemi et al. 2019, equation 2).
    ``density``: how many real balls a fake lies in, as a multiple of what is expected; ``coverage``: share of real
    balls, to the fifth neighbour, that hold a fake (Naeem et al. 2020, equations 3 and 4).
    """

    precision: float
    recall: float
    density: float
    coverage: float


def compare_manifolds(real: torch.Tensor, fake: torch.Tensor) -> Manifolds:
    """Compare features real: (N, F) and fake: (M, F); raises :class:`StudioError` where there are too few."""
    need_samples(min(len(real), len(fake)), DENSITY_NEIGHBOURS + 1)
    neighbours = (PRECISION_NEIGHBOURS, DENSITY_NEIGHBOURS)
    precise, dense = radii(real, neighbours)
    (reach,) = radii(fake, (PRECISION_NEIGHBOURS,))
    inside_balls, recalled, covered = 0, [], []
    inside_real = torch.zeros(len(fake), dtype=torch.bool)
    for rows, block in _blocks(real, fake):
        inside_real |= (block <= precise[rows, None]).any(0)
        hits = block <= dense[rows, None]
        inside_balls += hits.sum().item()
        covered.append(hits.any(1))
        recalled.append((block <= reach).any(1))
    return Manifolds(
        precision=_share(inside_real),
        recall=_share(torch.cat(recalled)),
        density=inside_balls / (DENSITY_NEIGHBOURS * len(fake)),
        coverage=_share(torch.cat(covered)),
    )


def radii(features: torch.Tensor, neighbours: tuple[int, ...]) -> tuple[torch.Tensor, ...]:
    """For each k of ``neighbours`` the distance of every row of (N, F) to its k-th nearest other one: (N,)."""
    need_samples(len(features), max(neighbours) + 1)
    parts = []
    for rows, block in _blocks(features, features):
        block[torch.arange(len(rows)), rows] = -1.0  # itself comes first, whatever the rounding
        parts.append(block.topk(max(neighbours) + 1, largest=False).values)
    nearest = torch.cat(parts)
    return tuple(nearest[:, k] for k in neighbours)


def nearest(features: torch.Tensor, among: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The distance of each row of features: (N, F) to the nearest of among: (M, F), and which one: (N,) each."""
    # |x - y|^2 less |x|^2, halved: the nearest has the least of it, and no root is drawn of all the others.
    half = among.square().sum(1) / 2
    parts = [torch.addmm(half, x, among.T, alpha=-1).argmin(1) for x in features.split(_NEAREST_ROWS)]
    which = torch.cat(parts)
    return (features - among[which]).norm(dim=1), which


def memorised(fake_to_train: torch.Tensor, test_to_train: torch.Tensor) -> float:
    """The share of fakes nearer to a training picture than all but the nearest hundredth of unseen real pictures are.

    From distances to the nearest training picture, (M,) and (N,). 0.01 is expected of a generator that copies nothing.
    """
    return _share(fake_to_train < test_to_train.quantile(CLOSEST_SHARE))


def diversity(features: torch.Tensor) -> float:
    """The mean distance between two different rows of (N, F)."""
    need_samples(len(features), 2)
    total = sum(block.double().sum().item() for _, block in _blocks(features, features))
    return total / (len(features) * (len(features) - 1))


def _blocks(x: torch.Tensor, y: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Indices of some rows of x and their distances to all rows of y, until all have had their turn."""
    for rows in torch.arange(len(x)).split(ROWS):
        yield rows, torch.cdist(x[rows], y)


def _share(flags: torch.Tensor) -> float:
    return flags.float().mean().item()


def need_samples(count: int, least: int) -> None:
    """Raise :class:`StudioError` where ``count`` samples are fewer than ``least``."""
    if count < least:
        raise StudioError(
            f"{count} samples are too few: take {least} or more", "error.too_few", count=count, least=least
        )
