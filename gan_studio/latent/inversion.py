"""Into the latent space: the latent whose picture is nearest to a given one, by gradient steps on z.

The same search fills in what is missing, takes noise away and enlarges: only what the target is compared with changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch.nn.functional import adaptive_avg_pool2d

from gan_studio.errors import StudioError

Degrade = Callable[[torch.Tensor], torch.Tensor]
Generate = Callable[[torch.Tensor], torch.Tensor]
Miss = Callable[[torch.Tensor], torch.Tensor]
TRIES = 16
"""Random latents that each restart looks at before it begins at the best of them."""


@dataclass(frozen=True)
class Found:
    """The search after ``step`` steps, the best restart first.

    ``latents``: (R, Z); ``errors``: (R,) mean squared difference where the target is known, pixels in [-1, 1];
    ``pictures``: (R, C, H, W), what the latents become; ``restarts``: (R,) which of the restarts each of them is.
    """

    step: int
    latents: torch.Tensor
    errors: torch.Tensor
    pictures: torch.Tensor
    restarts: torch.Tensor


def invert(
    generate: Generate,
    target: torch.Tensor,
    latent_size: int,
    *,
    mask: torch.Tensor | None = None,
    degrade: Degrade = lambda pictures: pictures,
    restarts: int = 8,
    steps: int = 200,
    prior: float = 1e-3,
    lr: float = 0.1,
    seed: int = 0,
    report_every: int = 10,
) -> Iterator[Found]:
    """Search for latents with ``degrade(generate(z))`` near ``target``: (C, H, W) in [-1, 1]; yields as it goes on.

    Creswell and Bharath 2018 (arXiv:1611.05644); with a mask, Yeh et al. 2017 (arXiv:1607.07539); with a smaller
    target, Menon et al. 2020 (arXiv:2003.03808). ``mask``: (1, H, W), 1 where the target is known. ``prior`` weighs
    ||z||^2 / Z, so that z stays where the generator has learned. Restarts are searched side by side, each from the
    nearest of :data:`TRIES` random latents: from one class to another there may be no slope. Adam with a rate that
    falls to zero as a half cosine. ``generate`` takes as many latents as there are restarts and must let gradients
    through. Raises :class:`StudioError` where nothing is known of the target, or the generator gives no finite picture.
    """
    known = torch.ones_like(target[:1]) if mask is None else mask
    if known.sum() == 0:
        raise StudioError("nothing of the picture is left to compare with: uncover some of it", "error.all_covered")
    weight = known / (known.sum() * target.shape[0])

    def miss(pictures: torch.Tensor) -> torch.Tensor:
        return ((degrade(pictures) - target).square() * weight).sum((1, 2, 3))

    rng = torch.Generator().manual_seed(seed)
    tries = (torch.randn(restarts, latent_size, generator=rng).to(target.device) for _ in range(TRIES))
    z = _nearest(tries, lambda z: miss(generate(z))).requires_grad_()
    optimizer = torch.optim.Adam([z], lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps + 1):
        pictures = generate(z)
        errors = miss(pictures)
        if step % report_every == 0 or step == steps:
            yield _ranked(step, z, errors, pictures)
        if step == steps:
            return
        (errors + prior * z.square().mean(1)).sum().backward(inputs=[z])
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()


@torch.no_grad()
def _nearest(tries: Iterator[torch.Tensor], miss: Miss) -> torch.Tensor:
    """Of ``tries``, (R, Z) each, the latent with the least ``miss`` for each of the R."""
    best = next(tries)
    least = miss(best)
    for z in tries:
        errors = miss(z)
        best = torch.where((errors < least)[:, None], z, best)
        least = torch.minimum(errors, least)
    return best


def _ranked(step: int, z: torch.Tensor, errors: torch.Tensor, pictures: torch.Tensor) -> Found:
    if not errors.isfinite().any():
        raise StudioError("the generator gives no finite picture here: its run has diverged", "error.run_diverged")
    order = errors.detach().nan_to_num(nan=torch.inf).argsort()
    return Found(step, z.detach()[order].clone(), errors.detach()[order], pictures.detach()[order], order)


def shrink(pictures: torch.Tensor, factor: int) -> torch.Tensor:
    """Pictures (N, C, H, W) with sides ``factor`` times smaller, each pixel the mean of those that it stands for."""
    height, width = pictures.shape[2:]
    return adaptive_avg_pool2d(pictures, (max(height // factor, 1), max(width // factor, 1)))


def add_noise(pictures: torch.Tensor, deviation: float, seed: int) -> torch.Tensor:
    """Pictures in [-1, 1] with Gaussian noise, cut to that range; the same for the same ``seed``."""
    rng = torch.Generator().manual_seed(seed)
    return (pictures + deviation * torch.randn(pictures.shape, generator=rng)).clamp(-1, 1)


def typical_distance(pictures: torch.Tensor) -> float:
    """The median distance between two of N pictures (N, C, H, W) in [-1, 1]: root mean square over their pixels."""
    return (torch.pdist(pictures.flatten(1)) / pictures[0].numel() ** 0.5).median().item()
