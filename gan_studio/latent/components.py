"""Principal components of what a layer does, and the latent directions that move along them."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from gan_studio.errors import StudioError
from gan_studio.latent.inside import layers_of
from gan_studio.networks.generator import Generator

LATENTS = 10_000
_BATCH = 500


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

    As in Haerkoenen et al. 2020 (arXiv:2004.02546), section 3.2: incremental PCA of the activations, then the
    directions that reproduce the components' coordinates best, by least squares. ``labels``: (1,), the class of all,
    for a conditional generator. Raises :class:`StudioError` where there is no such layer or nothing varies.
    """
    from sklearn.decomposition import IncrementalPCA

    if layer not in layers_of(network):
        raise StudioError(f"there is no layer {layer!r}; there are {', '.join(layers_of(network))}")
    z = torch.randn(latents, latent_size, generator=torch.Generator().manual_seed(seed))
    pca = IncrementalPCA(min(count, latent_size))
    parts = [_activations(network, layer, part, labels) for part in z.split(_BATCH)]
    if not (parts[0].max(0) - parts[0].min(0)).sum() > 0:  # nor where it is not a number
        raise StudioError(f"layer {layer} puts out the same for all latents: the run has collapsed or diverged")
    for part in parts:
        pca.partial_fit(part)
    coordinates = torch.cat([torch.from_numpy(pca.transform(part)) for part in parts]).double()
    # Least squares of z on the standardised coordinates; these are uncorrelated, so it is one product.
    coordinates = coordinates / coordinates.std(0).clamp_min(1e-12)
    directions = coordinates.T @ (z - z.mean(0)).double() / latents
    directions = directions / directions.norm(dim=1, keepdim=True).clamp_min(1e-12)
    largest = directions.gather(1, directions.abs().argmax(1, keepdim=True))
    return Components((directions * largest.sign()).float(), torch.from_numpy(pca.explained_variance_ratio_).float())


def _activations(network: Generator, layer: str, z: torch.Tensor, labels: torch.Tensor | None):  # (N, F) numpy
    """What ``layer`` puts out for z, with nothing computed after it."""
    device = network.first.weight.device
    labels = None if labels is None else labels.expand(len(z)).to(device)
    out = network.up_to(list(layers_of(network)).index(layer), z.to(device), labels)
    return out.flatten(1).float().cpu().numpy()
