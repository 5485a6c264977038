"""The losses of the two players. ``real`` and ``fake`` are raw critic outputs, (N,), larger for "real"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn.functional import softplus

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Objective:
    """One objective: ``d_loss(real, fake)`` and ``g_loss(fake, real)``, each a scalar to minimise."""

    d_loss: Loss
    g_loss: Loss
    formula: str
    source: str


def _cross_entropy(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    # softplus(-x) = -log sigmoid(x) and softplus(x) = -log(1 - sigmoid(x)), without overflow.
    return softplus(-real).mean() + softplus(fake).mean()


OBJECTIVES: dict[str, Objective] = {
    "non_saturating": Objective(
        d_loss=_cross_entropy,
        g_loss=lambda fake, real: softplus(-fake).mean(),
        formula="D: -log D(x) - log(1 - D(G(z)));  G: -log D(G(z))",
        source="Goodfellow et al. 2014, arXiv:1406.2661, section 3",
    ),
}
