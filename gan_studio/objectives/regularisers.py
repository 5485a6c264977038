"""Terms that are added to a player's loss."""

from __future__ import annotations

import torch


def label_smoothing(real: torch.Tensor, amount: float) -> torch.Tensor:
    """One-sided label smoothing (Salimans et al. 2016, arXiv:1606.03498, section 3.4) as a penalty.

    With target 1 - s the cross-entropy of a logit x is (1 - s) softplus(-x) + s softplus(x)
    = softplus(-x) + s x, so smoothing adds exactly ``amount`` times the mean of ``real``: (N,) logits.
    """
    return amount * real.mean()
