"""Deep convolutional GAN, after Radford et al. 2016 (arXiv:1511.06434), for sides divisible by four.

Strided convolutions in the discriminator, transposed ones in the generator, batch normalisation in both
(not at the generator's output, not at the discriminator's input). The generator's first layer is the
paper's "project and reshape", a linear layer.
"""

from __future__ import annotations

import torch
from torch import nn

from gan_studio.config import RunConfig
from gan_studio.errors import StudioError

SLOPE = 0.2


def _quarter(shape: tuple[int, int, int]) -> tuple[int, int]:
    _, height, width = shape
    if height % 4 or width % 4:
        raise StudioError(f"network dcgan needs pictures whose sides are divisible by 4, not {height} x {width}")
    return height // 4, width // 4


class Generator(nn.Module):
    """z: (N, Z) to images: (N, C, H, W) in [-1, 1], by way of a quarter and a half of the size."""

    def __init__(self, config: RunConfig, shape: tuple[int, int, int]):
        super().__init__()
        self.size = _quarter(shape)
        self.wide, narrow = 2 * config.channels, config.channels
        self.first = nn.Linear(config.latent_size, self.size[0] * self.size[1] * self.wide, bias=False)
        self.rest = nn.Sequential(
            nn.BatchNorm2d(self.wide),
            nn.ReLU(),
            nn.ConvTranspose2d(self.wide, narrow, 4, 2, 1, bias=False),
            nn.BatchNorm2d(narrow),
            nn.ReLU(),
            nn.ConvTranspose2d(narrow, shape[0], 4, 2, 1),
            nn.Tanh(),
        )

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        # Channels are the last axis of the reshaped vector: the tensor is channels-last without a copy.
        return self.rest(self.first(z).unflatten(1, (*self.size, self.wide)).permute(0, 3, 1, 2))


class Discriminator(nn.Module):
    """images: (N, C, H, W) to logits: (N,)."""

    def __init__(self, config: RunConfig, shape: tuple[int, int, int]):
        super().__init__()
        size = _quarter(shape)
        narrow, wide = config.channels, 2 * config.channels
        self.layers = nn.Sequential(
            nn.Conv2d(shape[0], narrow, 4, 2, 1),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(narrow, wide, 4, 2, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(wide, 1, size),
            nn.Flatten(0),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(images)


@torch.no_grad()
def initialise(network: nn.Module, rng: torch.Generator) -> None:
    """The paper's initialisation: weights N(0, 0.02), batch-norm gains N(1, 0.02), biases zero."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
            mean = 1.0 if isinstance(layer, nn.BatchNorm2d) else 0.0
            nn.init.normal_(layer.weight, mean, 0.02, generator=rng)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
