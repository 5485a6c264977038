"""What turns pictures into the features that quality numbers are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch


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
