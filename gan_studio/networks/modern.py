"""Residual networks without normalisation, after R3GAN (Huang et al. 2024, arXiv:2501.05441).

Blocks of 1 x 1, grouped 3 x 3 and 1 x 1 convolutions that are twice as wide inside, LeakyReLU inside them and
none on the skip; bilinear resampling; a learned basis that a latent's channels weigh (generator), or that
weighs each channel to one number (discriminator). The last convolution of a block starts at zero.
Smaller than the paper's: ``config.channels`` at the picture, doubled at each halving up to four times, and
``BLOCKS`` blocks for each size.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import nn

from gan_studio.config import RunConfig
from gan_studio.networks.layers import SLOPE, DiscriminatorLayers, Dropout, GeneratorLayers, Norms, Pointwise, Rectifier
from gan_studio.networks.shapes import Ladder, Shape

LADDER = Ladder("modern", {0: 2, 32: 3, 48: 4})
BLOCKS = 1
EXPANSION = 2
GROUP = 16


class Block(nn.Module):
    """x: (N, D, H, W) to the same shape: x plus a correction that starts at zero."""

    def __init__(self, width: int, dropout: Dropout | None = None):
        super().__init__()
        wide = EXPANSION * width
        groups = wide // math.gcd(wide, GROUP)
        drop = [] if dropout is None else [dropout]
        self.block = nn.Sequential(
            Pointwise(width, wide),
            Rectifier(),
            *drop,
            nn.Conv2d(wide, wide, 3, 1, 1, groups=groups),
            Rectifier(),
            *drop,
            Pointwise(wide, width, bias=False),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.block(x)


class Basis(nn.Module):
    """Weights (N, D) to feature maps (N, D, H, W): one learned map for each of them."""

    def __init__(self, size: tuple[int, int], width: int):
        super().__init__()
        self.maps = nn.Parameter(torch.empty(*size, width))

    def forward(self, weights: torch.Tensor) -> torch.Tensor:
        # Channels last, as in layers.Grid.
        return (weights[:, None, None] * self.maps.to(weights.dtype)).permute(0, 3, 1, 2)


class BasisWeights(nn.Conv2d):
    """Feature maps (N, D, H, W) to one number for each of them, (N, D): its product with a learned map.

    A convolution as large as the picture, one group a channel, but computed as a product: torch goes through
    the groups of a convolution one by one where a gradient penalty needs its second derivative.
    """

    def __init__(self, size: tuple[int, int], width: int):
        super().__init__(width, width, size, groups=width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x * self.weight[:, 0].to(x.dtype)).sum((2, 3))


def _widths(config: RunConfig, shape: Shape) -> list[int]:
    """Channels at each size, from the picture inwards."""
    return [config.channels * 2 ** min(level, 2) for level in range(LADDER.count(shape) + 1)]


def _resample(before: int, after: int, layers: list[nn.Module]) -> list[nn.Module]:
    """Change the size by ``layers`` and the channels, where they differ, by a 1 x 1 convolution."""
    return [*layers, *([Pointwise(before, after, bias=False)] if before != after else [])]


def generator(config: RunConfig, shape: Shape, norms: Norms) -> GeneratorLayers:
    """A learned basis, then blocks and bilinear doubling up to pictures of ``shape`` (C, H, W); no ``norms``."""
    widths = _widths(config, shape)[::-1]
    rest = [Basis(LADDER.grid(shape), widths[0]), *(Block(widths[0]) for _ in range(BLOCKS))]
    for before, after in pairwise(widths):
        # The 1 x 1 convolution and the resampling commute: it comes where the picture is small.
        rest += [*_resample(before, after, []), nn.Upsample(scale_factor=2, mode="bilinear")]
        rest += [Block(after) for _ in range(BLOCKS)]
    rest.append(nn.Conv2d(widths[-1], shape[0], 1))
    return GeneratorLayers(widths[0], False, rest)


def discriminator(config: RunConfig, shape: Shape, norms: Norms, dropout: Dropout) -> DiscriminatorLayers:
    """Blocks and bilinear halving of pictures of ``shape`` (C, H, W), then a learned basis; no ``norms``."""
    widths = _widths(config, shape)
    layers = [Pointwise(shape[0], widths[0]), *(Block(widths[0], dropout) for _ in range(BLOCKS))]
    for before, after in pairwise(widths):
        # Bilinear interpolation at half the size is the mean of 2 x 2 pixels.
        layers += _resample(before, after, [nn.AvgPool2d(2)])
        layers += [Block(after, dropout) for _ in range(BLOCKS)]
    deepest = widths[-1]
    layers.append(BasisWeights(LADDER.grid(shape), deepest))
    return DiscriminatorLayers(layers, deepest)


@torch.no_grad()
def initialise(network: nn.Module, rng: torch.Generator) -> None:
    """The authors' initialisation: weights N(0, gain^2 / inputs), biases zero.

    The gain is 1 outside blocks. Inside, the last convolution starts at zero and the others' gain, LeakyReLU's,
    is made smaller by blocks^(-1/4), so that the depth does not change the size of an update (Fixup, Zhang et
    al. 2019, arXiv:1901.09321).
    """
    blocks = [layer for layer in network.modules() if isinstance(layer, Block)]
    gains = dict.fromkeys((layer for block in blocks for layer in block.block), _inner_gain(len(blocks)))
    gains |= {block.block[-1]: 0.0 for block in blocks}
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            gain = gains.get(layer, 1.0)
            nn.init.normal_(layer.weight, std=gain / math.sqrt(layer.weight[0].numel()), generator=rng)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, Basis):
            nn.init.normal_(layer.maps, generator=rng)


def _inner_gain(blocks: int) -> float:
    return nn.init.calculate_gain("leaky_relu", SLOPE) * blocks**-0.25
