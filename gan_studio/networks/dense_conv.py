"""A generator that is dense first and convolutional then; a plain convolutional discriminator.

With ``config.channels`` = 64 and 28 x 28 pictures the generator has dense layers of 256, 512 and 7 x 7 x 256
values, then transposed convolutions to 128 and 64 channels, batch normalisation after each; the
discriminator has convolutions of 64, 128 and 256 channels. Other values scale all of these widths.
The form is that of InfoGAN's networks for MNIST (Chen et al. 2016, arXiv:1606.03657, appendix C.1).
"""

from __future__ import annotations

import math

import torch
from torch import nn

from gan_studio.config import RunConfig
from gan_studio.networks.layers import SLOPE, DiscriminatorLayers, Dropout, GeneratorLayers, Grid, Norms, Rectifier
from gan_studio.networks.shapes import Ladder, Shape

LADDER = Ladder("dense_conv", {0: 2, 48: 3})


def generator(config: RunConfig, shape: Shape, norms: Norms) -> GeneratorLayers:
    """Three dense layers, then transposed convolutions up to pictures of ``shape`` (C, H, W)."""
    c, bias = config.channels, not norms.wanted
    height, width = LADDER.grid(shape)
    units = height * width * 4 * c
    rest = [*norms.flat(4 * c), nn.ReLU()]
    for before, after in ((4 * c, 8 * c), (8 * c, units)):
        rest += [nn.Linear(before, after, bias=bias), *norms.flat(after), nn.ReLU()]
    rest.append(Grid((height, width), 4 * c))
    before = 4 * c
    for after in (4 * c, 2 * c, c)[-LADDER.count(shape) :]:
        rest += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=bias), *norms.maps(after), nn.ReLU()]
        before = after
    rest.append(nn.Conv2d(before, shape[0], 3, 1, 1))
    return GeneratorLayers(4 * c, bias, rest)


def discriminator(config: RunConfig, shape: Shape, norms: Norms, dropout: Dropout) -> DiscriminatorLayers:
    """Three convolutions on pictures of ``shape`` (C, H, W); never a batch normalisation."""
    height, width = LADDER.grid(shape)
    before, layers = shape[0], []
    for level in range(3):
        after = config.channels * 2**level
        halve = level < LADDER.count(shape)
        layers += [
            nn.Conv2d(before, after, 4, 2, 1) if halve else nn.Conv2d(before, after, 3, 1, 1),
            Rectifier(),
            dropout,
        ]
        before = after
    return DiscriminatorLayers(layers, height * width * before)


@torch.no_grad()
def initialise(network: nn.Module, rng: torch.Generator) -> None:
    """He initialisation (arXiv:1502.01852) of every weight; biases start at zero."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            std = nn.init.calculate_gain("leaky_relu", SLOPE) / math.sqrt(_inputs(layer))
            nn.init.normal_(layer.weight, std=std, generator=rng)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def _inputs(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d) -> int:
    """How many values one output of ``layer`` is a sum of."""
    if isinstance(layer, nn.ConvTranspose2d):  # each output meets every second row and column of the kernel
        return layer.in_channels * math.prod(layer.kernel_size) // math.prod(layer.stride)
    return layer.weight[0].numel()
