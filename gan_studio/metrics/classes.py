"""What a classifier makes of the samples: how sure it is, and which classes there are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch


def classifier_score(logits: torch.Tensor) -> float:
    """``exp(mean KL(p(y | x) || p(y)))`` of logits (N, K): from 1, all alike, to K, all sure and every class as often.

    The inception score (Salimans et al. 2016, arXiv:1606.03498, section 4) of another classifier.
    """
    log_p = logits.double().log_softmax(1)
    marginal = log_p.logsumexp(0) - math.log(len(log_p))
    return (log_p.exp() * (log_p - marginal)).sum(1).mean().exp().item()


@dataclass(frozen=True)
class ClassCounts:
    """Shares of the classes among samples, beside ``real`` shares; ``covered``: classes with at least one sample."""

    shares: tuple[float, ...]
    real: tuple[float, ...]

    @property
    def covered(self) -> int:
        return sum(share > 0 for share in self.shares)

    def reverse_kl(self, floor: float) -> float:
        """``KL(generated || real)`` in nats; a class that no real sample has counts as ``floor``, above 0."""
        return sum(p * math.log(p / max(q, floor)) for p, q in zip(self.shares, self.real, strict=True) if p > 0)

    @property
    def total_variation(self) -> float:
        """Half the sum of the absolute differences, 0 to 1: the share of samples that would have to change class."""
        return sum(abs(p - q) for p, q in zip(self.shares, self.real, strict=True)) / 2


def count_classes(predicted: torch.Tensor, real: torch.Tensor, classes: int) -> ClassCounts:
    """Shares from class indices (N,) and (M,) below ``classes``."""
    shares = [torch.bincount(labels, minlength=classes).double() / len(labels) for labels in (predicted, real)]
    return ClassCounts(*(tuple(share.tolist()) for share in shares))
