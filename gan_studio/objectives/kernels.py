"""Kernels on critic features, and the maximum mean discrepancy (MMD) that they define.

Features are (N, F). Before a kernel sees them they are divided by the square root of F, so that a scale means
the same whatever the width of the critic: ``||x - y||^2`` below is the mean squared difference per feature.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

Kernel = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""(N, F) and (M, F) to (N, M)."""


@dataclass(frozen=True)
class KernelRow:
    """One family: ``gram(x, y, scale)`` maps scaled (N, F) and (M, F) to (N, M)."""

    gram: Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor]
    formula: str
    source: str


def _squared_distances(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    # From the inner products, which is one matrix product; rounding must not make a distance negative.
    return (x.square().sum(1)[:, None] + y.square().sum(1)[None] - 2 * x @ y.T).clamp_min(0)


KERNELS: dict[str, KernelRow] = {
    "gaussian": KernelRow(
        lambda x, y, sigma: (-_squared_distances(x, y) / (2 * sigma**2)).exp(),
        "exp(-||x - y||^2 / (2 sigma^2))",
        "Li et al. 2015, arXiv:1502.02761",
    ),
    "polynomial": KernelRow(
        # A broken power of a negative number is no number.
        lambda x, y, degree: (x @ y.T + 1) ** max(round(degree), 1),
        "(x . y / F + 1)^degree, the degree a whole number",
        "Binkowski et al. 2018, arXiv:1801.01401, section 4",
    ),
    "rational_quadratic": KernelRow(
        lambda x, y, alpha: (1 + _squared_distances(x, y) / (2 * alpha)) ** -alpha,
        "(1 + ||x - y||^2 / (2 alpha))^-alpha",
        "Binkowski et al. 2018, arXiv:1801.01401, section 2.1",
    ),
}


def mixture(name: str, scales: Sequence[float]) -> Kernel:
    """The sum of the kernels of family ``name`` over ``scales``, on raw features."""
    row = KERNELS[name]

    def kernel(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        x, y = (features / features.shape[1] ** 0.5 for features in (x, y))
        return sum(row.gram(x, y, scale) for scale in scales)

    return kernel


def squared_mmd(kernel: Kernel, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Unbiased estimate of MMD^2 between x: (N, F) and y: (M, F), N, M >= 2.

    Gretton et al. 2012, "A Kernel Two-Sample Test", JMLR 13, lemma 6; it may be slightly negative.
    """
    return _mean_off_diagonal(kernel(x, x)) + _mean_off_diagonal(kernel(y, y)) - 2 * kernel(x, y).mean()


def witness(kernel: Kernel, at: torch.Tensor, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """How much more the points ``at``: (K, F) look like ``real`` than like ``fake``: (K,) (Gretton et al., 2.3)."""
    return kernel(at, real).mean(1) - kernel(at, fake).mean(1)


def _mean_off_diagonal(gram: torch.Tensor) -> torch.Tensor:
    n = len(gram)
    return (gram.sum() - gram.diagonal().sum()) / (n * (n - 1))
