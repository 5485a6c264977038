"""Deep convolutional GAN, after Radford et al. 2016 (arXiv:1511.06434).

Strided convolutions in the discriminator, transposed ones in the generator, batch normalisation in both
(not at the generator's output, not at the discriminator's input). The generator's first layer is the
paper's "project and reshape", a linear layer. Pictures are halved twice, from 48 pixels on four times, to
8, 4, 2 and 1 times ``config.channels``, as in the PyTorch DCGAN example for 64 x 64.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

from gan_studio.config import RunConfig
from gan_studio.networks.layers import DiscriminatorLayers, Dropout, GeneratorLayers, Grid, Norms, Rectifier, ToPicture
from gan_studio.networks.shapes import Ladder, Shape

LADDER = Ladder("dcgan", {0: 2, 48: 4})


def _widths(config: RunConfig, shape: Shape) -> list[int]:
    """Channels after each halving, from the picture inwards."""
    return [config.channels * 2**level for level in range(LADDER.count(shape))]


def generator(config: RunConfig, shape: Shape, norms: Norms) -> GeneratorLayers:
    """Transposed convolutions that double a small grid up to pictures of ``shape`` (C, H, W)."""
    height, width = LADDER.grid(shape)
    bias = not norms.wanted
    widths = _widths(config, shape)[::-1]
    deepest = widths[0]
    rest = [Grid((height, width), deepest), *norms.maps(deepest), nn.ReLU()]
    for before, after in pairwise(widths):
        rest += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=bias), *norms.maps(after), nn.ReLU()]
    rest.append(ToPicture(widths[-1], shape[0]))
    return GeneratorLayers(height * width * deepest, bias, rest)


def discriminator(config: RunConfig, shape: Shape, norms: Norms, dropout: Dropout) -> DiscriminatorLayers:
    """Convolutions that halve pictures of ``shape`` (C, H, W)."""
    height, width = LADDER.grid(shape)
    widths = _widths(config, shape)
    layers = [nn.Conv2d(shape[0], widths[0], 4, 2, 1), Rectifier(), dropout]
    for before, after in pairwise(widths):
        convolution = nn.Conv2d(before, after, 4, 2, 1, bias=not norms.wanted)
        layers += [convolution, *norms.maps(after), Rectifier(), dropout]
    return DiscriminatorLayers(layers, height * width * widths[-1])


@torch.no_grad()
def initialise(network: nn.Module, rng: torch.Generator) -> None:
    """The paper's initialisation: weights N(0, 0.02), batch-norm gains N(1, 0.02), biases zero."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
            mean = 1.0 if isinstance(layer, nn.BatchNorm2d) else 0.0
            if layer.weight is not None:  # a class batch norm keeps its gains apart
                nn.init.normal_(layer.weight, mean, 0.02, generator=rng)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
