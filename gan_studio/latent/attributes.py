"""Directions from examples: from latents without an attribute to latents with it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from gan_studio.errors import StudioError

LEAST_EXAMPLES = 3
_FOLDS = 5


@dataclass(frozen=True)
class Attribute:
    """Two unit directions (Z,) that point from "without" to "with".

    ``mean`` joins the means of the two sides, ``separator`` is at right angles to the best separating plane;
    ``accuracy`` is the separator's share of right answers on examples it was not made from.
    """

    mean: torch.Tensor
    separator: torch.Tensor
    accuracy: float


def find_attribute(with_it: torch.Tensor, without_it: torch.Tensor) -> Attribute:
    """From latents (N, Z) with an attribute and (M, Z) without it.

    Radford et al. 2016 (arXiv:1511.06434), section 6.3.2, for the difference of means; Shen et al. 2020
    (arXiv:1907.10786) for the separator, here a logistic regression, cross-validated so that each example is judged
    by one that has not seen it. Raises :class:`StudioError` for too few examples or equal sides.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score

    least = min(len(with_it), len(without_it))
    if least < LEAST_EXAMPLES:
        raise StudioError(
            f"mark at least {LEAST_EXAMPLES} pictures with and {LEAST_EXAMPLES} without; one side has {least}",
            "error.few_examples",
            least=LEAST_EXAMPLES,
            count=least,
        )
    difference = with_it.mean(0) - without_it.mean(0)
    if difference.norm() < 1e-6:
        raise StudioError("the two sides are the same: mark other pictures", "error.same_examples")
    x = torch.cat([with_it, without_it]).numpy()
    y = [1] * len(with_it) + [0] * len(without_it)
    # Far fewer examples than dimensions: strongly held back, and both sides counted alike.
    model = LogisticRegression(C=0.1, class_weight="balanced", max_iter=1000)
    right = cross_val_score(model, x, y, cv=min(_FOLDS, least), scoring="balanced_accuracy")
    normal = torch.from_numpy(model.fit(x, y).coef_[0]).float()
    return Attribute(difference / difference.norm(), normal / normal.norm(), float(right.mean()))
