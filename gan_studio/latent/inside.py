"""What happens inside the generator for one latent: activations, single channels, and how many directions matter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from gan_studio.errors import StudioError
from gan_studio.networks.generator import Generator
from gan_studio.networks.layers import ClassBatchNorm

_AT_ONCE = 128

Change = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class LayerView:
    """One layer of the generator: ``activations`` (C, H, W) or (F,), and where it is itself a batch
    normalisation what that has seen of each channel before it: running ``mean`` and ``deviation`` (C,)."""

    name: str
    kind: str
    activations: torch.Tensor
    mean: torch.Tensor | None = None
    deviation: torch.Tensor | None = None


def layers_of(network: Generator) -> dict[str, nn.Module]:
    """The layers that can be looked at, in the order of computing: "first", then "1", "2" and so on."""
    return {"first": network.first} | {str(number): layer for number, layer in enumerate(network.rest, 1)}


@torch.no_grad()
def look_inside(network: Generator, z: torch.Tensor, labels: torch.Tensor | None = None) -> list[LayerView]:
    """Every layer's activations for one latent z: (1, Z)."""
    views = []

    def keep(name: str, layer: nn.Module) -> Change:
        def change(output: torch.Tensor) -> torch.Tensor:
            # A block's inner normalisations have other channels than what the block puts out.
            norm = layer.norm if isinstance(layer, ClassBatchNorm) else layer
            known = isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
            about = (norm.running_mean, norm.running_var.sqrt()) if known else ()
            views.append(LayerView(name, type(layer).__name__, output[0].float().cpu(), *about))
            return output

        return change

    with _changed({layer: keep(name, layer) for name, layer in layers_of(network).items()}):
        network(z, labels)
    return views


@torch.no_grad()
def without_channel(
    network: Generator, z: torch.Tensor, layer: str, channel: int, labels: torch.Tensor | None = None
) -> torch.Tensor:
    """Samples for z: (N, Z) with one channel of ``layer`` set to 0 (Bau et al. 2019, arXiv:1811.10597).

    Raises :class:`StudioError` where there is no such layer or channel.
    """

    def silence(output: torch.Tensor) -> torch.Tensor:
        if not 0 <= channel < output.shape[1]:
            raise StudioError(f"layer {layer} has channels 0 to {output.shape[1] - 1}, not {channel}")
        keep = torch.ones(output.shape[1], device=output.device, dtype=output.dtype)
        keep[channel] = 0
        return output * keep.view(-1, *(1,) * (output.ndim - 2))

    with _changed({_layer(network, layer): silence}):
        return network(z, labels)


@torch.no_grad()
def channel_effects(
    network: Generator, z: torch.Tensor, layer: str, labels: torch.Tensor | None = None
) -> torch.Tensor:
    """How much the sample of z: (1, Z) changes without each channel of ``layer``: (C,), root of the mean square."""
    whole = network(z, labels)
    channels: list[int] = []

    def count(output: torch.Tensor) -> torch.Tensor:
        channels.append(output.shape[1])
        return output

    with _changed({_layer(network, layer): count}):
        network(z, labels)

    # One copy of the latent for each channel: copy i goes on without the i-th channel of the part.
    def silence_each(part: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
        keep = torch.ones(output.shape[:2], device=output.device, dtype=output.dtype)
        keep[torch.arange(len(part)), part] = 0
        return output * keep.view(*keep.shape, *(1,) * (output.ndim - 2))

    effects = []
    for part in torch.arange(channels[0]).split(_AT_ONCE):
        with _changed({_layer(network, layer): partial(silence_each, part)}):
            changed = network(z.expand(len(part), -1), None if labels is None else labels.expand(len(part)))
        effects.append((changed - whole).flatten(1).square().mean(1).sqrt().cpu())
    return torch.cat(effects)


def jacobian_singular_values(network: Generator, z: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
    """Singular values of d sample / d z at z: (1, Z), in descending order: how many directions matter here.

    (Odena et al. 2018, arXiv:1802.08768, section 2.)
    """

    def flat(latent: torch.Tensor) -> torch.Tensor:
        return network(latent[None], labels).flatten()

    return torch.linalg.svdvals(torch.func.jacfwd(flat)(z[0]).detach().double()).cpu()


def participation_ratio(values: torch.Tensor) -> float:
    """How many of the singular values (K,) matter: (sum s^2)^2 / sum s^4, from 1 to K; 0 where all are 0.

    (Gao et al. 2017, doi:10.1101/214262: of the eigenvalues s^2.)
    """
    squares = values.double().square()
    most = squares.max()
    return float((squares.sum() / most) ** 2 / (squares / most).square().sum()) if most > 0 else 0.0


def _layer(network: Generator, name: str) -> nn.Module:
    layers = layers_of(network)
    if name not in layers:
        raise StudioError(f"there is no layer {name!r}; there are {', '.join(layers)}")
    return layers[name]


@contextmanager
def _changed(changes: dict[nn.Module, Change]) -> Iterator[None]:
    """While it lasts, what a layer puts out goes through its change."""
    hooks = [
        layer.register_forward_hook(lambda module, inputs, output, change=change: change(output))
        for layer, change in changes.items()
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
