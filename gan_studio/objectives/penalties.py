"""Penalties on the critic's slope: one row each, per sample, for points and pictures alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

Place = Callable[[torch.Tensor, torch.Tensor, torch.Generator], torch.Tensor]


@dataclass(frozen=True)
class Penalty:
    """Where the slope is measured, and what each sample pays for it; the row's name is its weight's field.

    ``place(real, fake, noise)``: samples like ``real``: (N, ...), drawn with the generator ``noise``.
    ``price``: squared slopes (N,) to (N,), before the weight.
    """

    place: Place
    price: Callable[[torch.Tensor], torch.Tensor]
    formula: str
    source: str


def squared_slopes(scores: torch.Tensor, samples: torch.Tensor) -> torch.Tensor:
    """||d score / d sample||^2 of each sample: (N,), differentiable again.

    ``scores``: (N,), computed from ``samples``: (N, ...), which require a gradient.
    """
    (slopes,) = torch.autograd.grad(scores.sum(), samples, create_graph=True)
    return slopes.flatten(1).square().sum(1)


def _off_one(squared: torch.Tensor) -> torch.Tensor:
    # The root's own slope is infinite at zero.
    return ((squared + 1e-12).sqrt() - 1).square()


def _half(squared: torch.Tensor) -> torch.Tensor:
    return squared / 2


def _per_sample(real: torch.Tensor, noise: torch.Generator) -> torch.Tensor:
    """One uniform number for each sample, shaped to multiply it."""
    return torch.rand(len(real), *[1] * (real.ndim - 1), device=real.device, generator=noise)


def _between(real: torch.Tensor, fake: torch.Tensor, noise: torch.Generator) -> torch.Tensor:
    return torch.lerp(real, fake, _per_sample(real, noise))


def _around_real(real: torch.Tensor, fake: torch.Tensor, noise: torch.Generator) -> torch.Tensor:
    spread = torch.rand(real.shape, device=real.device, generator=noise)
    return real + 0.5 * real.std() * _per_sample(real, noise) * spread


PENALTIES: dict[str, Penalty] = {
    "gradient_penalty": Penalty(
        _between,
        _off_one,
        "(||grad D(u x + (1 - u) G(z))|| - 1)^2, u uniform",
        "Gulrajani et al. 2017, arXiv:1704.00028, algorithm 1",
    ),
    "dragan_penalty": Penalty(
        _around_real,
        _off_one,
        "(||grad D(x + 0.5 std(x) a u)|| - 1)^2, u uniform, a uniform for each sample",
        "Kodali et al. 2017, arXiv:1705.07215, as in the authors' code",
    ),
    "zero_penalty": Penalty(
        _between,
        lambda squared: squared,
        "||grad D(u x + (1 - u) G(z))||^2, u uniform",
        "Thanh-Tung et al. 2019, arXiv:1902.03984, equation 7",
    ),
    "r1_penalty": Penalty(
        lambda real, fake, noise: real,
        _half,
        "||grad D(x)||^2 / 2",
        "Mescheder et al. 2018, arXiv:1801.04406, equation 9",
    ),
    "r2_penalty": Penalty(
        lambda real, fake, noise: fake,
        _half,
        "||grad D(G(z))||^2 / 2",
        "Mescheder et al. 2018, arXiv:1801.04406, equation 10",
    ),
}
