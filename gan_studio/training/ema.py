"""An exponential moving average of a network: parameters and buffers."""

from __future__ import annotations

import copy

import torch
from torch import nn


class Average:
    """Keeps ``network``, a copy of ``source`` whose values follow it slowly.

    During the first steps the decay is ``(1 + n) / (10 + n)`` where that is smaller, so that the average is
    not held back by the initial weights (the warm-up of TensorFlow's ExponentialMovingAverage).
    """

    def __init__(self, source: nn.Module):
        self.network = copy.deepcopy(source).eval().requires_grad_(False)
        pairs = list(zip(_tensors(self.network), _tensors(source), strict=True))
        self._floats = [pair for pair in pairs if pair[0].is_floating_point()]
        self._counts = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self, decay: float, step: int) -> None:
        """Move towards the source after training step ``step`` (counted from 1)."""
        decay = min(decay, (1 + step) / (10 + step))
        torch._foreach_lerp_([a for a, _ in self._floats], [s for _, s in self._floats], 1 - decay)
        for average, source in self._counts:
            average.copy_(source)


def _tensors(network: nn.Module) -> list[torch.Tensor]:
    return [*network.parameters(), *network.buffers()]
