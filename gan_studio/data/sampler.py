"""A shuffled, endless, resumable order in which pictures are shown."""

from __future__ import annotations

import torch


class Sampler:
    """Goes through ``size`` items in a new random order each epoch, without a pause between epochs.

    The order of epoch ``e`` follows from ``seed`` and ``e`` alone, so two whole numbers, ``epoch`` and
    ``position``, are the complete state, and the batch size may change at any time.
    """

    def __init__(self, size: int, seed: int):
        self.size = size
        self.seed = seed
        self.seek(0, 0)

    def seek(self, epoch: int, position: int) -> None:
        """Continue at item ``position`` of ``epoch``."""
        self.epoch, self.position = epoch, position
        rng = torch.Generator().manual_seed((self.seed << 24) + epoch)
        self._order = torch.randperm(self.size, generator=rng)

    def draw(self, count: int) -> torch.Tensor:
        """The next ``count`` indices: (count,) int64 on the CPU."""
        parts = []
        while count > 0:
            part = self._order[self.position : self.position + count]
            parts.append(part)
            count -= len(part)
            self.position += len(part)
            if self.position == self.size:
                self.seek(self.epoch + 1, 0)
        return torch.cat(parts) if len(parts) > 1 else parts[0]

    @property
    def epochs(self) -> float:
        """How many times the whole set has been shown."""
        return self.epoch + self.position / self.size
