"""What turns pictures into the features that quality numbers are made of."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch

_PART = 200


@dataclass(frozen=True)
class Seen:
    """What an extractor says of samples: ``features`` (N, F) and ``logits`` (N, K), float32 on the CPU."""

    features: torch.Tensor
    logits: torch.Tensor


class Extractor(Protocol):
    """A trained network that judges pictures.

    ``name`` is how a number says what it was measured with; ``fingerprint`` names the content of the weights;
    ``real_per_sample`` is how many real pictures of a split are looked at for each generated one, None for all.
    """

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def real_per_sample(self) -> int | None: ...

    def look(self, images: torch.Tensor) -> Seen:
        """Features and logits of pictures (N, C, H, W) uint8, of any size, grey or colour."""


@dataclass(frozen=True, eq=False)
class Watched:
    """The same ``extractor``, some pictures at a time: ``looked`` hears how many, and may wait or raise in between."""

    extractor: Extractor
    looked: Callable[[int], None]

    @property
    def name(self) -> str:
        return self.extractor.name

    @property
    def fingerprint(self) -> str:
        return self.extractor.fingerprint

    @property
    def real_per_sample(self) -> int | None:
        return self.extractor.real_per_sample

    def look(self, images: torch.Tensor) -> Seen:
        parts = []
        for part in images.split(_PART):
            parts.append(self.extractor.look(part))
            self.looked(len(part))
        return Seen(torch.cat([p.features for p in parts]), torch.cat([p.logits for p in parts]))


class Pace:
    """Leaves a training run its time: what one thread does between two rests takes at most ``share`` of one core."""

    def __init__(self, share: float, training: Callable[[], bool]):
        self._share, self._training = share, training
        self.begin()

    def begin(self) -> None:
        """What was done before does not count."""
        self._start = time.thread_time()

    def rest(self) -> None:
        """Wait for as long as is needed after what was done since the last rest."""
        if self._training():
            time.sleep((time.thread_time() - self._start) * (1 / self._share - 1))
        self.begin()
