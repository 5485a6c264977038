"""The architectures: one registry row each, generator and discriminator side by side.

A generator maps z: (N, Z) to images: (N, C, H, W) in [-1, 1] and has its first layer, a linear one, as
``first``. A discriminator maps images to raw logits: (N,), larger for "real".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from gan_studio.config import RunConfig
from gan_studio.networks import dcgan, mlp

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class NetworkRow:
    """How to build one architecture for a config and a picture shape (C, H, W)."""

    generator: Callable[[RunConfig, Shape], nn.Module]
    discriminator: Callable[[RunConfig, Shape], nn.Module]
    initialise: Callable[[nn.Module, torch.Generator], None]
    source: str


NETWORKS: dict[str, NetworkRow] = {
    "dcgan": NetworkRow(
        dcgan.Generator, dcgan.Discriminator, dcgan.initialise, "Radford et al. 2016, arXiv:1511.06434"
    ),
    "mlp": NetworkRow(mlp.Generator, mlp.Discriminator, mlp.initialise, "Goodfellow et al. 2014, arXiv:1406.2661"),
}


def build_generator(config: RunConfig, shape: Shape) -> nn.Module:
    """An uninitialised generator for pictures of ``shape`` (C, H, W)."""
    return NETWORKS[config.network].generator(config, shape)


def build_networks(config: RunConfig, shape: Shape, rng: torch.Generator) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator for pictures of ``shape``, initialised from ``rng`` (a CPU generator)."""
    row = NETWORKS[config.network]
    pair = build_generator(config, shape), row.discriminator(config, shape)
    for network in pair:
        row.initialise(network, rng)
    return pair
