"""Distributions in the plane whose density is known, so that what a generator learns can be judged exactly.

Most are Gaussian noise around a set of centres: a few (mixtures) or a whole curve. A curve is followed by
so many equally likely centres, nearer to each other than the noise is wide, that its density is exact to
rounding. https://arxiv.org/abs/1712.04086 is PacGAN: Lin, Khetan, Fanti, Oh, NeurIPS 2018, section 4.1.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

_CHUNK = 2**22  # pairs of a point and a centre at a time, 16 MB
_CURVE_CENTRES = 1000  # at most half a sigma apart on the longest curve

Sample = Callable[[int, torch.Generator], tuple[torch.Tensor, torch.Tensor]]
LogDensity = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, eq=False)
class ToyRow:
    """One distribution in the plane, in its own units.

    ``sample(n, rng)``: points (n, 2) float32 and labels (n,) int64, which are indices into ``classes`` or zeros;
    ``log_density(points)``: (N, 2) to (N,), natural logarithm, -inf where nothing can lie;
    ``extent``: half the side of the square around the origin that shows it all;
    ``modes``: (K, 2) centres where it has separate modes, each with standard deviation ``sigma``;
    ``scale``: what its points are divided by for the networks, which like inputs of order 1.
    """

    sample: Sample
    log_density: LogDensity
    extent: float
    source: str
    scale: float = 1.0
    classes: tuple[str, ...] = ()
    modes: torch.Tensor | None = None
    sigma: float | None = None


def mixture_log_density(points: torch.Tensor, centres: torch.Tensor, sigma: float) -> torch.Tensor:
    """Log density (N,) at ``points`` (N, 2) of equally likely round Gaussians at ``centres`` (K, 2)."""
    constant = math.log(len(centres) * 2 * math.pi * sigma**2)
    centres = centres.to(points)
    parts = points.split(max(1, _CHUNK // len(centres)))
    return torch.cat([torch.logsumexp(_squares(part, centres) / (-2 * sigma**2), 1) - constant for part in parts])


def _squares(points: torch.Tensor, centres: torch.Tensor) -> torch.Tensor:
    """Squared distances (N, K), by differences: the quicker matrix product rounds away narrow modes."""
    return (points[:, None, 0] - centres[:, 0]) ** 2 + (points[:, None, 1] - centres[:, 1]) ** 2


def _noise(count: int, sigma: float, rng: torch.Generator) -> torch.Tensor:
    return torch.randn(count, 2, generator=rng) * sigma


def _mixture(centres: torch.Tensor, sigma: float, extent: float, source: str, scale: float = 1.0) -> ToyRow:
    def sample(count: int, rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        mode = torch.randint(len(centres), (count,), generator=rng)
        return centres[mode] + _noise(count, sigma, rng), mode

    return ToyRow(
        sample,
        lambda points: mixture_log_density(points, centres, sigma),
        extent,
        source,
        scale,
        classes=tuple(str(mode) for mode in range(len(centres))),
        modes=centres,
        sigma=sigma,
    )


def _curves(
    curve: Callable[[torch.Tensor], torch.Tensor], sigma: float, extent: float, source: str, arms: int = 1
) -> ToyRow:
    """Noise around ``curve``, which maps (n,) numbers from 0 to 1 to (n, 2); each arm has an equal share of them."""
    centres = curve((torch.arange(_CURVE_CENTRES, dtype=torch.float64) + 0.5) / _CURVE_CENTRES)

    def sample(count: int, rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        where = torch.rand(count, generator=rng)
        label = (where * arms).long()
        return curve(where) + _noise(count, sigma, rng), label

    classes = tuple(str(arm) for arm in range(arms)) if arms > 1 else ()
    return ToyRow(sample, lambda points: mixture_log_density(points, centres, sigma), extent, source, classes=classes)


def _circle(count: int) -> torch.Tensor:
    angle = torch.arange(count) * (2 * math.pi / count)
    return torch.stack([angle.cos(), angle.sin()], 1)


def _grid() -> torch.Tensor:
    return torch.tensor(list(itertools.product((-4.0, -2.0, 0.0, 2.0, 4.0), repeat=2)))


def _line(where: torch.Tensor) -> torch.Tensor:
    return torch.stack([2 * where - 1, 2 * where - 1], 1)


def _ring(where: torch.Tensor) -> torch.Tensor:
    angle = 2 * math.pi * where
    return torch.stack([angle.cos(), angle.sin()], 1)


def _two_moons(where: torch.Tensor) -> torch.Tensor:
    """The upper moon for the first half of the numbers, the lower for the second; shifted to the origin."""
    lower = where >= 0.5
    angle = math.pi * (2 * where - lower.to(where.dtype))
    x = torch.where(lower, 1 - angle.cos(), angle.cos())
    y = torch.where(lower, 0.5 - angle.sin(), angle.sin())
    return torch.stack([x - 0.5, y - 0.25], 1)


def _spiral(where: torch.Tensor) -> torch.Tensor:
    """Two arms of one and a half turns; the root spreads the points evenly along them."""
    second = where >= 0.5
    along = (2 * where - second.to(where.dtype)).clamp(min=0).sqrt()
    angle = 3 * math.pi * along
    sign = torch.where(second, -1.0, 1.0)
    return torch.stack([-angle.cos(), angle.sin()], 1) * (2 * along * sign)[:, None]


def _swiss_roll(where: torch.Tensor) -> torch.Tensor:
    angle = 1.5 * math.pi * (1 + 2 * where)
    return torch.stack([angle.cos(), angle.sin()], 1) * (angle / 7.5)[:, None]


def _checkerboard_sample(count: int, rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    column = torch.randint(4, (count,), generator=rng)
    row = 2 * torch.randint(2, (count,), generator=rng) + column % 2
    corner = torch.stack([column, row], 1) - 2.0
    return corner + torch.rand(count, 2, generator=rng), torch.zeros(count, dtype=torch.long)


def _checkerboard_log_density(points: torch.Tensor) -> torch.Tensor:
    cell = points.floor()
    filled = (cell.sum(1).remainder(2) == 0) & (cell >= -2).all(1) & (cell < 2).all(1)
    return torch.where(filled, math.log(1 / 8), -math.inf).to(points.dtype)


TOYS: dict[str, ToyRow] = {
    "line": _curves(_line, 0.05, 1.5, "a segment with Gaussian thickness, as in GAN Lab (Kahng et al. 2018)"),
    "two_gaussians": _mixture(
        torch.tensor([[-0.7, -0.7], [0.7, 0.7]]), 0.2, 2.0, "two separate Gaussians, as in GAN Lab (Kahng et al. 2018)"
    ),
    "ring": _curves(_ring, 0.05, 1.5, "a circle of radius 1 with Gaussian thickness, as in GAN Lab"),
    "ring8": _mixture(
        _circle(8),
        0.01,
        1.25,
        "2D-ring of VEEGAN and PacGAN: radius 1, sigma 0.01 (Unrolled GAN: radius 2, sigma 0.02)",
        scale=0.5,
    ),
    "grid25": _mixture(_grid(), 0.05, 5.0, "2D-grid of VEEGAN and PacGAN: spacing 2, sigma 0.05", scale=2.0),
    "two_moons": _curves(_two_moons, 0.05, 2.0, "make_moons of scikit-learn with noise 0.05, centred", arms=2),
    "spiral": _curves(_spiral, 0.05, 2.5, "two arms of an Archimedean spiral, 540 degrees, sigma 0.05", arms=2),
    "swiss_roll": _curves(
        _swiss_roll, 0.25 / 7.5, 2.25, "make_swiss_roll of scikit-learn with noise 0.25, by 7.5, as in WGAN-GP's code"
    ),
    "checkerboard": ToyRow(
        _checkerboard_sample,
        _checkerboard_log_density,
        2.5,
        "uniform on 8 unit squares of a 4 x 4 board, as in FFJORD (Grathwohl et al. 2019)",
    ),
}
