"""Principal components of what a layer does, and the latent directions that move along them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import adaptive_avg_pool2d

from gan_studio.errors import StudioError
from gan_studio.latent.directions import with_signs
from gan_studio.latent.inside import layers_of
from gan_studio.networks.generator import Generator

LATENTS = 10_000
_BATCH = 250
_MOST_FEATURES = 2500
_POWER_ITERATIONS = 4


@dataclass(frozen=True)
class Components:
    """``directions`` (K, Z), unit vectors, one for each component; ``explained`` (K,): shares of the variance."""

    directions: torch.Tensor
    explained: torch.Tensor


@torch.no_grad()
def activation_components(
    network: Generator,
    layer: str,
    latent_size: int,
    labels: torch.Tensor | None = None,
    *,
    count: int = 16,
    latents: int = LATENTS,
    seed: int = 0,
) -> Components:
    """Components of the activations of ``layer`` over random latents, brought back to the latent space.

    As in Haerkoenen et al. 2020 (arXiv:2004.02546), section 3.2: PCA of the activations, then the directions that
    reproduce the components' coordinates best, by least squares. Their incremental PCA decomposes every batch anew,
    which took 8 to 20 s for a layer of the default DCGAN on one core. Here feature maps are averaged down to at most
    2,500 features as the latents go through in batches, and one randomised PCA with a fixed seed follows: 0.6 to
    2.3 s, of which up to 1.8 s are the network's own. ``labels``: (1,), the class of all, for a conditional
    generator. Raises :class:`StudioError` where there is no such layer or nothing varies.
    """
    if layer not in layers_of(network):
        raise StudioError(f"there is no layer {layer!r}; there are {', '.join(layers_of(network))}")
    z = torch.randn(latents, latent_size, generator=torch.Generator().manual_seed(seed))
    features = torch.cat([_features(network, layer, part, labels) for part in z.split(_BATCH)])
    spread = (features.amax(0) - features.amin(0)).sum()
    if not 0 < spread < math.inf:  # nor where it is not a number
        raise StudioError(
            f"layer {layer} puts out the same for all latents: the run has collapsed or diverged", "error.run_diverged"
        )
    count = min(count, latent_size, features.shape[1])
    coordinates, explained = principal_components(features, count, seed)
    # Least squares of z on the standardised coordinates; these are uncorrelated, so it is one product.
    coordinates = coordinates.double() / coordinates.double().std(0).clamp_min(1e-12)
    directions = coordinates.T @ (z - z.mean(0)).double() / latents
    directions = directions / directions.norm(dim=1, keepdim=True).clamp_min(1e-12)
    return Components(with_signs(directions).float(), explained)


def principal_components(features: torch.Tensor, count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Coordinates (N, K) of ``features``: (N, F) along their first components, and the shares (K,) of the variance.

    scikit-learn's randomised PCA (Halko et al. 2011, arXiv:0909.4061); K is ``count``, or as many as there can be.
    """
    from sklearn.decomposition import PCA
    from threadpoolctl import threadpool_limits

    count = min(count, *features.shape)
    solver = PCA(count, svd_solver="randomized", iterated_power=_POWER_ITERATIONS, random_state=seed)
    # More threads would fight with training for the cores.
    with threadpool_limits(1), np.errstate(invalid="ignore"):  # nothing varies: no share is a number
        coordinates = solver.fit_transform(features.numpy())
    return torch.from_numpy(coordinates).float(), torch.from_numpy(solver.explained_variance_ratio_).float()


def _features(network: Generator, layer: str, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
    """What ``layer`` puts out for z, large maps averaged down, with nothing computed after it: (N, F) on the CPU."""
    device = network.first.weight.device
    labels = None if labels is None else labels.expand(len(z)).to(device)
    out = network.up_to(list(layers_of(network)).index(layer), z.to(device), labels).float()
    if out.ndim == 4 and out[0].numel() > _MOST_FEATURES:
        side = max(1, math.isqrt(_MOST_FEATURES // out.shape[1]))
        out = adaptive_avg_pool2d(out, (min(side, out.shape[2]), min(side, out.shape[3])))
    return out.flatten(1).cpu()
