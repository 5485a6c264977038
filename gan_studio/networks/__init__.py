"""The architectures: one registry row each, generator and discriminator side by side.

An architecture contributes only its layers. What all have in common is written once: conditioning and the
output function in :class:`Generator`; conditioning, packing, dropout, minibatch standard deviation and the
heads in :class:`Discriminator`; spectral normalisation in :mod:`gan_studio.networks.spectral`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from gan_studio.config import RunConfig
from gan_studio.networks import dcgan, dense_conv, mlp, modern, residual
from gan_studio.networks.discriminator import Discriminator, DiscriminatorBuilder, Verdict
from gan_studio.networks.generator import Generator, GeneratorBuilder
from gan_studio.networks.shapes import Shape
from gan_studio.networks.spectral import normalise_weights

__all__ = [
    "NETWORKS",
    "Discriminator",
    "Generator",
    "NetworkRow",
    "Shape",
    "Verdict",
    "build_generator",
    "build_networks",
    "discriminator_name",
]


@dataclass(frozen=True)
class NetworkRow:
    """One architecture: its layers for a config and a shape, and their initialisation.

    ``check`` raises :class:`gan_studio.errors.StudioError` for a shape that the architecture does not serve.
    """

    generator: GeneratorBuilder
    discriminator: DiscriminatorBuilder
    initialise: Callable[[nn.Module, torch.Generator], None]
    check: Callable[[Shape], None]
    source: str


NETWORKS: dict[str, NetworkRow] = {
    "dcgan": NetworkRow(
        dcgan.generator,
        dcgan.discriminator,
        dcgan.initialise,
        dcgan.LADDER.check,
        "Radford et al. 2016, arXiv:1511.06434",
    ),
    "mlp": NetworkRow(
        mlp.generator, mlp.discriminator, mlp.initialise, mlp.check, "Goodfellow et al. 2014, arXiv:1406.2661"
    ),
    "dense_conv": NetworkRow(
        dense_conv.generator,
        dense_conv.discriminator,
        dense_conv.initialise,
        dense_conv.LADDER.check,
        "after Chen et al. 2016, arXiv:1606.03657",
    ),
    "residual": NetworkRow(
        residual.generator,
        residual.discriminator,
        residual.initialise,
        residual.LADDER.check,
        "Miyato et al. 2018, arXiv:1802.05957",
    ),
    "modern": NetworkRow(
        modern.generator,
        modern.discriminator,
        modern.initialise,
        modern.LADDER.check,
        "Huang et al. 2024, arXiv:2501.05441",
    ),
}


def discriminator_name(config: RunConfig) -> str:
    """The name of the discriminator's architecture."""
    return config.network if config.discriminator_network == "same" else config.discriminator_network


def build_generator(config: RunConfig, shape: Shape, classes: int = 0) -> Generator:
    """An uninitialised generator for samples of ``shape``, of ``classes`` classes (0: they have none).

    Raises :class:`gan_studio.errors.StudioError` where the network does not serve the shape or the condition.
    """
    row = NETWORKS[config.network]
    row.check(shape)
    return Generator(config, shape, classes, row.generator)


def build_networks(
    config: RunConfig, shape: Shape, classes: int, rng: torch.Generator
) -> tuple[Generator, Discriminator]:
    """Generator and discriminator for samples of ``shape``, initialised from ``rng`` (a CPU generator).

    Raises :class:`gan_studio.errors.StudioError` where a network does not serve the shape or the condition.
    """
    generator = build_generator(config, shape, classes)
    row = NETWORKS[discriminator_name(config)]
    row.check(shape)
    discriminator = Discriminator(config, shape, classes, row.discriminator)
    _initialise(generator, NETWORKS[config.network], rng)
    _initialise(discriminator, row, rng)
    if config.spectral_norm:
        normalise_weights(discriminator, rng)
    return generator, discriminator


def _initialise(network: Generator | Discriminator, row: NetworkRow, rng: torch.Generator) -> None:
    row.initialise(network, rng)
    network.initialise_embeddings(rng)
