"""The losses of the two players.

``real`` and ``fake`` are raw critic outputs: scores (N,), larger for "real", or, where a row ``reads`` them,
features (N, F).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch.nn.functional import softplus

from gan_studio.config import RunConfig
from gan_studio.objectives.kernels import Kernel, mixture, squared_mmd, witness

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Objective:
    """One objective: ``d_loss(real, fake)`` and ``g_loss(fake, real)``, each a scalar to minimise.

    ``smoothing(real, s)`` is what one-sided label smoothing by s adds to ``d_loss``; None where the objective
    has no target to smooth. ``needs_real``: ``g_loss`` reads its second argument.
    ``probability``: maps scores to the discriminator's belief in "real"; None where it has none.
    ``scores(at, real, fake)``: the outputs ``at`` as one number each, larger for "real".
    """

    d_loss: Loss
    g_loss: Loss
    formula: str
    source: str
    reads: Literal["scores", "features"] = "scores"
    needs_real: bool = False
    smoothing: Callable[[torch.Tensor, float], torch.Tensor] | None = None
    probability: Callable[[torch.Tensor], torch.Tensor] | None = None
    scores: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor] = lambda at, real, fake: at


def _cross_entropy(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    # softplus(-x) = -log sigmoid(x) and softplus(x) = -log(1 - sigmoid(x)), without overflow.
    return softplus(-real).mean() + softplus(fake).mean()


def _smooth_cross_entropy(real: torch.Tensor, amount: float) -> torch.Tensor:
    # With target 1 - s the cross-entropy of a logit x is (1 - s) softplus(-x) + s softplus(x) = softplus(-x) + s x.
    return amount * real.mean()


def _smooth_squares(real: torch.Tensor, amount: float) -> torch.Tensor:
    return ((real - 1 + amount).square() - (real - 1).square()).mean() / 2


def _mmd(kernel: Kernel) -> Objective:
    return Objective(
        d_loss=lambda real, fake: -squared_mmd(kernel, real, fake),
        g_loss=lambda fake, real: squared_mmd(kernel, fake, real),
        formula="D: -MMD^2(f(x), f(G(z)));  G: MMD^2",
        source="Li et al. 2017, arXiv:1705.08584; Binkowski et al. 2018, arXiv:1801.01401",
        reads="features",
        needs_real=True,
        scores=lambda at, real, fake: witness(kernel, at, real, fake),
    )


OBJECTIVES: dict[str, Objective] = {
    "minimax": Objective(
        d_loss=_cross_entropy,
        g_loss=lambda fake, real: -softplus(fake).mean(),
        formula="D: -log D(x) - log(1 - D(G(z)));  G: log(1 - D(G(z)))",
        source="Goodfellow et al. 2014, arXiv:1406.2661, equation 1",
        smoothing=_smooth_cross_entropy,
        probability=torch.sigmoid,
    ),
    "non_saturating": Objective(
        d_loss=_cross_entropy,
        g_loss=lambda fake, real: softplus(-fake).mean(),
        formula="D: -log D(x) - log(1 - D(G(z)));  G: -log D(G(z))",
        source="Goodfellow et al. 2014, arXiv:1406.2661, section 3",
        smoothing=_smooth_cross_entropy,
        probability=torch.sigmoid,
    ),
    "cross_entropy_squared": Objective(
        d_loss=_cross_entropy,
        g_loss=lambda fake, real: (fake.sigmoid() - 1).square().mean(),
        formula="D: -log D(x) - log(1 - D(G(z)));  G: (D(G(z)) - 1)^2",
        source="a classroom variant: the generator of Mao et al. 2017 (arXiv:1611.04076) on probabilities",
        smoothing=_smooth_cross_entropy,
        probability=torch.sigmoid,
    ),
    "least_squares": Objective(
        d_loss=lambda real, fake: ((real - 1).square().mean() + fake.square().mean()) / 2,
        g_loss=lambda fake, real: (fake - 1).square().mean() / 2,
        formula="D: (D(x) - 1)^2 / 2 + D(G(z))^2 / 2;  G: (D(G(z)) - 1)^2 / 2",
        source="Mao et al. 2017, arXiv:1611.04076, equation 9",
        smoothing=_smooth_squares,
        probability=lambda scores: scores.clamp(0, 1),
    ),
    "wasserstein": Objective(
        d_loss=lambda real, fake: fake.mean() - real.mean(),
        g_loss=lambda fake, real: -fake.mean(),
        formula="D: D(G(z)) - D(x);  G: -D(G(z))",
        source="Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1",
    ),
    "hinge": Objective(
        d_loss=lambda real, fake: (1 - real).relu().mean() + (1 + fake).relu().mean(),
        g_loss=lambda fake, real: -fake.mean(),
        formula="D: max(0, 1 - D(x)) + max(0, 1 + D(G(z)));  G: -D(G(z))",
        source="Lim and Ye 2017, arXiv:1705.02894; Miyato et al. 2018, arXiv:1802.05957, equations 16 and 17",
    ),
    "relativistic": Objective(
        d_loss=lambda real, fake: softplus(fake - real).mean(),
        g_loss=lambda fake, real: softplus(real - fake).mean(),
        formula="D: -log sigmoid(D(x) - D(G(z)));  G: -log sigmoid(D(G(z)) - D(x))",
        source="Jolicoeur-Martineau 2019, arXiv:1807.00734; Huang et al. 2024, arXiv:2501.05441",
        needs_real=True,
    ),
    "relativistic_average": Objective(
        d_loss=lambda real, fake: _cross_entropy(real - fake.mean(), fake - real.mean()),
        g_loss=lambda fake, real: _cross_entropy(fake - real.mean(), real - fake.mean()),
        formula="D: -log s(D(x) - E D(G(z))) - log(1 - s(D(G(z)) - E D(x)));  G: the same, x and G(z) exchanged",
        source="Jolicoeur-Martineau 2019, arXiv:1807.00734, section 4.2",
        needs_real=True,
    ),
    "mmd": _mmd(mixture("gaussian", (0.5, 1.0, 2.0, 4.0))),
}


def objective_of(config: RunConfig) -> Objective:
    """The row of ``config.objective``, with the config's kernel where it needs one."""
    row = OBJECTIVES[config.objective]
    return _mmd(mixture(config.kernel, config.bandwidths)) if row.reads == "features" else row
