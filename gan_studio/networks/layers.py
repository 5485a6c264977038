"""Layers that several architectures share, and what an architecture hands to the generator and discriminator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.functional import conv2d, linear, pixel_shuffle

SLOPE = 0.2
"""The slope of every LeakyReLU below zero."""


class GeneratorLayers(NamedTuple):
    """What an architecture contributes to a generator."""

    width: int
    """Outputs of the first, linear layer."""
    bias: bool
    """Whether the first layer has a bias (not before a batch normalisation, which has its own)."""
    rest: list[nn.Module]
    """From the first layer's output (N, width) to the sample (N, *shape), before the output function."""


class DiscriminatorLayers(NamedTuple):
    """What an architecture contributes to a discriminator."""

    layers: list[nn.Module]
    """From the sample to the last hidden activations, (N, D) or (N, D, H, W)."""
    features: int
    """How many last hidden activations there are for one sample."""


class LabelledLayer(nn.Module):
    """A layer that is told the classes: its ``forward`` takes (x, labels)."""


class Layers(nn.Sequential):
    """One layer after the other; those that want the labels get them."""

    def forward(self, x: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        for layer in self:
            x = layer(x, labels) if isinstance(layer, LabelledLayer) else layer(x)
        return x


def rows_of_classes(table: nn.Embedding, labels: torch.Tensor) -> torch.Tensor:
    """The rows (N, D) of classes: (N,) int64, or their mixtures in the shares (N, K) float of all K classes."""
    return labels.to(table.weight.dtype) @ table.weight if labels.is_floating_point() else table(labels)


class Rectifier(nn.Module):
    """x where it is positive, else ``slope`` times x: LeakyReLU, and with a slope of 0 ReLU.

    The same numbers as :class:`torch.nn.LeakyReLU`, for finite x. Where a gradient penalty differentiates the slope of
    that one, it sends zeros back through all layers before it, which takes as long as a backward pass; here nothing is
    sent.
    """

    def __init__(self, slope: float = SLOPE):
        super().__init__()
        self.slope = slope

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.ops.aten.leaky_relu_backward(x, x.detach(), self.slope, False)


class Pointwise(nn.Conv2d):
    """A 1 x 1 convolution, computed as the matrix product that it is on feature maps in channels-last layout.

    Its second derivative, for a gradient penalty, is a product too; that of a convolution is several times as slow.
    """

    def __init__(self, inputs: int, channels: int, bias: bool = True):
        super().__init__(inputs, channels, 1, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return linear(x.permute(0, 2, 3, 1), self.weight.flatten(1), self.bias).permute(0, 3, 1, 2)


class ToPicture(nn.ConvTranspose2d):
    """The transposed convolution 4 x 4, stride 2, padding 1, to the few channels of a picture.

    On a CPU it is computed as a 3 x 3 convolution to the four pixels that come of each place, which are then put side
    by side (Shi et al. 2016, arXiv:1609.05158): oneDNN takes two to three times as long for a transposed convolution
    to so few channels.
    """

    def __init__(self, inputs: int, channels: int):
        super().__init__(inputs, channels, 4, 2, 1)
        self.register_buffer("taps", _taps(), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not x.is_cpu:
            return super().forward(x)
        inputs, channels = self.weight.shape[:2]
        kernels = (self.weight.flatten(2) @ self.taps).view(inputs, 4 * channels, 3, 3).transpose(0, 1)
        return pixel_shuffle(conv2d(x, kernels, self.bias.repeat_interleave(4), padding=1), 2)


def _taps() -> torch.Tensor:
    """Which number of a kernel (4, 4) is where in those (2, 2, 3, 3) of the four pixels: (16, 36), 0 or 1."""
    # In one dimension: the first pixel sees the neighbour before through number 3 and the place itself through
    # number 1; the second one the place through number 2 and the neighbour after through number 0.
    line = torch.zeros(4, 2, 3)
    for number, pixel, place in ((3, 0, 0), (1, 0, 1), (2, 1, 1), (0, 1, 2)):
        line[number, pixel, place] = 1
    return torch.einsum("iar,jbc->ijabrc", line, line).reshape(16, 36)


class ClassBatchNorm(LabelledLayer):
    """Batch normalisation whose gain and bias belong to the class (Dumoulin et al. 2017, arXiv:1610.07629).

    x: (N, D) or (N, D, H, W) with labels as :func:`rows_of_classes` takes them; gains start at 1 and biases at 0, for
    every class. Mixtures of classes are that paper's mixtures of styles.
    """

    def __init__(self, norm: nn.BatchNorm1d | nn.BatchNorm2d, classes: int):
        super().__init__()
        self.norm = norm
        self.gain = nn.Embedding(classes, norm.num_features)
        self.bias = nn.Embedding(classes, norm.num_features)
        nn.init.ones_(self.gain.weight)
        nn.init.zeros_(self.bias.weight)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        x = self.norm(x)
        per_channel = (*x.shape[:2], *(1,) * (x.dim() - 2))
        gain, bias = (rows_of_classes(t, labels).to(x.dtype).view(per_channel) for t in (self.gain, self.bias))
        return torch.addcmul(bias, x, gain)


@dataclass(frozen=True)
class Norms:
    """Makes the batch normalisations of one network: lists of one layer, empty where none is wanted."""

    wanted: bool
    classes: int = 0
    """More than 0: gain and bias belong to the class."""

    def flat(self, width: int) -> list[nn.Module]:
        """For activations (N, width)."""
        return self._make(nn.BatchNorm1d, width)

    def maps(self, width: int) -> list[nn.Module]:
        """For feature maps (N, width, H, W)."""
        return self._make(nn.BatchNorm2d, width)

    def _make(self, kind: type[nn.BatchNorm1d | nn.BatchNorm2d], width: int) -> list[nn.Module]:
        if not self.wanted:
            return []
        return [ClassBatchNorm(kind(width, affine=False), self.classes) if self.classes else kind(width)]


class Grid(nn.Module):
    """(N, H * W * D) to feature maps (N, D, H, W).

    Channels are the last axis of the reshaped vector: the maps are channels-last without a copy.
    """

    def __init__(self, size: tuple[int, int], width: int):
        super().__init__()
        self.shape = (*size, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(1, self.shape).permute(0, 3, 1, 2)


class Dropout(nn.Module):
    """Dropout (Srivastava et al. 2014) whose ``share`` may change at any time and whose noise has its own source.

    One instance serves all places of a network. Without a share, or out of training, it computes nothing.
    """

    def __init__(self):
        super().__init__()
        self.share = 0.0
        self.noise: torch.Generator | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.share == 0 or not self.training:
            return x
        keep = 1 - self.share
        return x * torch.empty_like(x).bernoulli_(keep, generator=self.noise).div_(keep)


class SymmetricSigmoid(nn.Module):
    """2 sigmoid(x) - 1: the sigmoid stretched to [-1, 1], the range of pixels here."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * x.sigmoid() - 1


def minibatch_std(features: torch.Tensor) -> torch.Tensor:
    """Append to features: (N, F) how much the batch differs: (N, F + 1).

    The standard deviation of each feature over the batch, averaged over the features (Karras et al. 2018,
    arXiv:1710.10196, section 3); it is 0 for a batch of one.
    """
    # In float32, for squares in bfloat16 lose small differences; a bare root has no gradient at 0.
    spread = (features.float().var(0, correction=0) + 1e-8).sqrt().mean()
    return torch.cat([features, spread.to(features.dtype).expand(len(features), 1)], 1)
