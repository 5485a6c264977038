"""Fully connected generator and discriminator, after Goodfellow et al. 2014 (arXiv:1406.2661)."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import nn

from gan_studio.config import RunConfig

SLOPE = 0.2


def _layers(widths: list[int]) -> list[nn.Module]:
    """Linear layers of these widths, each followed by LeakyReLU."""
    return [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), nn.LeakyReLU(SLOPE))]


class Generator(nn.Module):
    """z: (N, Z) through ``config.hidden`` to images: (N, C, H, W) in [-1, 1]."""

    def __init__(self, config: RunConfig, shape: tuple[int, int, int]):
        super().__init__()
        self.shape = shape
        self.first, *rest = _layers([config.latent_size, *config.hidden])
        self.rest = nn.Sequential(*rest, nn.Linear(config.hidden[-1], math.prod(shape)), nn.Tanh())

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.rest(self.first(z)).unflatten(1, self.shape)


class Discriminator(nn.Module):
    """images: (N, C, H, W) through ``config.hidden`` backwards to logits: (N,)."""

    def __init__(self, config: RunConfig, shape: tuple[int, int, int]):
        super().__init__()
        widths = [math.prod(shape), *reversed(config.hidden)]
        self.layers = nn.Sequential(nn.Flatten(), *_layers(widths), nn.Linear(widths[-1], 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(images).squeeze(1)


@torch.no_grad()
def initialise(network: nn.Module, rng: torch.Generator) -> None:
    """He initialisation (arXiv:1502.01852) of every linear layer; biases start at zero."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, a=SLOPE, generator=rng)
            nn.init.zeros_(layer.bias)
