"""Fully connected generator and discriminator, after Goodfellow et al. 2014 (arXiv:1406.2661).

Pictures of any size and points. Batch normalisation, where wanted, comes after every hidden layer but the
discriminator's first.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import nn

from gan_studio.config import RunConfig
from gan_studio.networks.layers import SLOPE, DiscriminatorLayers, Dropout, GeneratorLayers, Norms, Rectifier
from gan_studio.networks.shapes import Shape, are_points


def check(shape: Shape) -> None:
    """Every shape is served."""


def generator(config: RunConfig, shape: Shape, norms: Norms) -> GeneratorLayers:
    """Through ``config.hidden`` to samples of ``shape``."""
    bias = not norms.wanted
    rest = [*norms.flat(config.hidden[0]), Rectifier()]
    for before, after in pairwise(config.hidden):
        rest += [nn.Linear(before, after, bias=bias), *norms.flat(after), Rectifier()]
    rest.append(nn.Linear(config.hidden[-1], math.prod(shape)))
    if not are_points(shape):
        rest.append(nn.Unflatten(1, shape))
    return GeneratorLayers(config.hidden[0], bias, rest)


def discriminator(config: RunConfig, shape: Shape, norms: Norms, dropout: Dropout) -> DiscriminatorLayers:
    """Samples of ``shape`` through ``config.hidden`` backwards."""
    widths = config.hidden[::-1]
    layers = [] if are_points(shape) else [nn.Flatten()]
    layers += [nn.Linear(math.prod(shape), widths[0]), Rectifier(), dropout]
    for before, after in pairwise(widths):
        hidden = nn.Linear(before, after, bias=not norms.wanted)
        layers += [hidden, *norms.flat(after), Rectifier(), dropout]
    return DiscriminatorLayers(layers, widths[-1])


@torch.no_grad()
def initialise(network: nn.Module, rng: torch.Generator) -> None:
    """He initialisation (arXiv:1502.01852) of every linear layer; biases U(-b, b), b = 1 / sqrt(inputs).

    With biases of zero every kink of a network on points would pass through the origin, and telling clusters
    apart would take several times as many steps.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, a=SLOPE, generator=rng)
            if layer.bias is not None:
                bound = layer.in_features**-0.5
                nn.init.uniform_(layer.bias, -bound, bound, generator=rng)
