"""Kernel distance: the unbiased squared maximum mean discrepancy of features, with its standard error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from gan_studio.metrics.neighbours import need_samples
from gan_studio.objectives.kernels import Kernel

BLOCKS = 20
"""Into how many parts each set is cut for the standard error."""


@dataclass(frozen=True)
class KernelDistance:
    """The estimate, which may be slightly negative, and its standard error."""

    value: float
    error: float


def polynomial_kernel(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """``(x . y / F + 1)^3`` for x: (N, F) and y: (M, F); Binkowski et al. 2018, arXiv:1801.01401, section 4."""
    return (x @ y.T / x.shape[1] + 1) ** 3


def kernel_distance(x: torch.Tensor, y: torch.Tensor, blocks: int = BLOCKS) -> KernelDistance:
    """Unbiased MMD^2 between features x: (N, F) and y: (M, F) under :func:`polynomial_kernel`, in float64.

    Gretton et al. 2012, JMLR 13, lemma 6, over all pairs. The standard error is the jackknife's over ``blocks``
    parts (Efron and Stein 1981), each of them left out in turn of both sets. Raises :class:`StudioError` where a
    set has fewer than two samples a part.
    """
    need_samples(min(len(x), len(y)), 2 * blocks)
    parts = [features.double().tensor_split(blocks) for features in (x, y)]
    sizes = [torch.tensor([len(part) for part in side], dtype=torch.float64) for side in parts]
    within = [sums_within(polynomial_kernel, side) for side in parts]
    across = sums_across(polynomial_kernel, *parts)
    everything = torch.ones(blocks, dtype=torch.float64)
    value = _estimate(within, across, sizes, everything)
    without = torch.stack([_estimate(within, across, sizes, everything - one) for one in torch.eye(blocks).double()])
    error = ((blocks - 1) / blocks * (without - without.mean()).square().sum()).sqrt()
    return KernelDistance(value.item(), error.item())


def sums_across(kernel: Kernel, x: Sequence[torch.Tensor], y: Sequence[torch.Tensor]) -> torch.Tensor:
    """Sums of ``kernel`` over all pairs from a part (N, F) of x and a part (M, F) of y: (A, B) float64.

    Only one part against another is in memory at a time.
    """
    sums = [[kernel(a, b).sum(dtype=torch.float64).item() for b in y] for a in x]
    return torch.tensor(sums, dtype=torch.float64)


def sums_within(kernel: Kernel, parts: Sequence[torch.Tensor]) -> torch.Tensor:
    """The same between the ``parts`` of one set, without the pairs of a sample with itself: (A, A) float64."""
    sums = torch.zeros(len(parts), len(parts), dtype=torch.float64)
    for i, a in enumerate(parts):
        own = kernel(a, a).double()
        sums[i, i] = own.sum() - own.diagonal().sum()
        if rest := parts[i + 1 :]:
            sums[i, i + 1 :] = sums[i + 1 :, i] = sums_across(kernel, [a], rest)[0]
    return sums


def _estimate(within: list[torch.Tensor], across: torch.Tensor, sizes: list[torch.Tensor], kept: torch.Tensor):
    """The unbiased estimate from the parts that are ``kept``: (B,) of zeros and ones."""
    counts = [(size * kept).sum() for size in sizes]
    own = [kept @ sums @ kept / (n * (n - 1)) for sums, n in zip(within, counts, strict=True)]
    return own[0] + own[1] - 2 * (kept @ across @ kept) / (counts[0] * counts[1])
