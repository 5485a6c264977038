"""Residual networks of SNGAN, after Miyato et al. 2018 (arXiv:1802.05957, appendix B.4).

Up to 47 pixels all blocks are ``2 * config.channels`` wide, as in the paper's table 3, where it is 256 and
128 (here less, so that a CPU can train it); the generator starts at a quarter of the size, from 32 pixels on
at an eighth. From 48 pixels on the width is ``config.channels`` at the picture and doubles at each
halving up to 8 times that, as in its tables for larger pictures; the generator starts at a sixteenth.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate

from gan_studio.config import RunConfig
from gan_studio.networks.layers import (
    DiscriminatorLayers,
    Dropout,
    GeneratorLayers,
    Grid,
    LabelledLayer,
    Layers,
    Norms,
    Pointwise,
    Rectifier,
)
from gan_studio.networks.shapes import Ladder, Shape

LADDER = Ladder("residual", {0: 2, 32: 3, 48: 4})


class UpBlock(LabelledLayer):
    """x: (N, before, H, W) to (N, after, 2H, 2W), by nearest neighbours."""

    def __init__(self, before: int, after: int, norms: Norms):
        super().__init__()
        self.block = Layers(
            *norms.maps(before),
            nn.ReLU(),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(before, after, 3, 1, 1, bias=not norms.wanted),
            *norms.maps(after),
            nn.ReLU(),
            nn.Conv2d(after, after, 3, 1, 1),
        )
        self.skip = nn.Conv2d(before, after, 1)

    def forward(self, x: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        # A 1 x 1 convolution of enlarged maps is the enlarged convolution, at a quarter of the work.
        return interpolate(self.skip(x), scale_factor=2) + self.block(x, labels)


class DownBlock(nn.Module):
    """x: (N, before, H, W) to (N, after, H/2, W/2), or of the same size where it does not ``halve``."""

    def __init__(self, before: int, after: int, dropout: Dropout, *, halve: bool, first: bool = False):
        super().__init__()
        # The paper's first block does not rectify the picture.
        entry = [] if first else [Rectifier(0), dropout]
        convolutions = nn.Conv2d(before, after, 3, 1, 1), nn.Conv2d(after, after, 3, 1, 1)
        self.block = nn.Sequential(*entry, convolutions[0], Rectifier(0), dropout, convolutions[1])
        self.skip = Pointwise(before, after) if halve or before != after else nn.Identity()
        self.halve = halve

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.halve:
            return self.skip(x) + self.block(x)
        # As above: averaging before the 1 x 1 convolution gives the same for a quarter of the work.
        return self.skip(avg_pool2d(x, 2)) + avg_pool2d(self.block(x), 2)


class SumPool(nn.Module):
    """Feature maps (N, D, H, W) to their sums (N, D)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.sum((2, 3))


def generator(config: RunConfig, shape: Shape, norms: Norms) -> GeneratorLayers:
    """Blocks that double a small grid up to pictures of ``shape`` (C, H, W)."""
    height, width = LADDER.grid(shape)
    c, count = config.channels, LADDER.count(shape)
    widths = [8 * c, 8 * c, 4 * c, 2 * c, c] if count == 4 else [2 * c] * (count + 1)
    rest = [Grid((height, width), widths[0]), *(UpBlock(a, b, norms) for a, b in pairwise(widths))]
    rest += [*norms.maps(widths[-1]), nn.ReLU(), nn.Conv2d(widths[-1], shape[0], 3, 1, 1)]
    # The blocks' skips carry the first layer's output past their batch normalisation: it has a bias.
    return GeneratorLayers(height * width * widths[0], True, rest)


def discriminator(config: RunConfig, shape: Shape, norms: Norms, dropout: Dropout) -> DiscriminatorLayers:
    """Blocks that halve pictures of ``shape`` (C, H, W), then sums over the picture; no batch normalisation."""
    c = config.channels
    halved, plain = ([c, 2 * c, 4 * c, 8 * c], [8 * c]) if LADDER.count(shape) == 4 else ([2 * c] * 2, [2 * c] * 2)
    widths = [shape[0], *halved, *plain]
    layers = [
        DownBlock(before, after, dropout, halve=place < len(halved), first=place == 0)
        for place, (before, after) in enumerate(pairwise(widths))
    ]
    return DiscriminatorLayers([*layers, Rectifier(0), dropout, SumPool()], widths[-1])


@torch.no_grad()
def initialise(network: nn.Module, rng: torch.Generator) -> None:
    """Xavier initialisation as the authors' code has it: gain sqrt(2) inside blocks, else 1; biases zero."""
    inside = {layer for block in network.modules() if isinstance(block, UpBlock | DownBlock) for layer in block.block}
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            gain = math.sqrt(2) if layer in inside else 1.0
            nn.init.xavier_uniform_(layer.weight, gain, generator=rng)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
