"""Orders and parts of a data set that are the same each time it is loaded."""

from __future__ import annotations

import torch


def held_out(size: int) -> torch.Tensor:
    """(size,) bool: the items that are kept for "test" where a set has no test part, every tenth."""
    return torch.arange(size) % 10 == 9


def fixed_order(size: int) -> torch.Tensor:
    """(size,) int64: a shuffled order that depends on nothing but ``size``."""
    return torch.randperm(size, generator=torch.Generator().manual_seed(0))
