"""The discriminator: an architecture's layers with what all of them share, the condition, dropout and heads."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn

from gan_studio.config import RunConfig
from gan_studio.errors import StudioError
from gan_studio.networks.layers import DiscriminatorLayers, Dropout, Norms, minibatch_std
from gan_studio.networks.shapes import Shape, are_points

DiscriminatorBuilder = Callable[[RunConfig, Shape, Norms, Dropout], DiscriminatorLayers]


class Verdict(NamedTuple):
    """What a discriminator says of N samples."""

    scores: torch.Tensor
    """(N,) logits, larger for "real"."""
    features: torch.Tensor
    """(N, F) last hidden activations."""
    classes: torch.Tensor | None
    """(N, K) logits of the classes, from an auxiliary classifier only."""


class Discriminator(nn.Module):
    """samples: (N, *shape), or packed (N / m, m * C, H, W) and (N / m, m * D), to a :class:`Verdict`.

    ``shape`` is that of one sample; ``config.pack`` = m samples are judged together (PacGAN, Lin et al. 2018,
    arXiv:1712.04086), joined along the channels or coordinates. The class, labels: (N,) int64, comes in as

    - ``embedding``: a learned map, one more channel or coordinate (Mirza and Osindero 2014, arXiv:1411.1784);
    - ``projection``: <e(label), features> is added to the score (Miyato and Koyama 2018, arXiv:1802.05637);
    - ``auxiliary``: not at all, the class is a second answer (AC-GAN, Odena et al. 2017, arXiv:1610.09585).
    """

    def __init__(self, config: RunConfig, shape: Shape, classes: int, build: DiscriminatorBuilder):
        super().__init__()
        condition = config.discriminator_conditioning
        _check_condition(config, classes)
        self.label_shape = (1,) if are_points(shape) else (1, *shape[1:])
        self._dropout = Dropout()
        self.minibatch_std = config.minibatch_std
        channels = shape[0] * config.pack + (condition == "embedding")
        norms = Norms(config.discriminator_norm == "batch")
        layers, features = build(config, (channels, *shape[1:]), norms, self._dropout)
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(features + self.minibatch_std, 1)
        self.label_map = nn.Embedding(classes, math.prod(self.label_shape)) if condition == "embedding" else None
        self.projection = nn.Embedding(classes, features) if condition == "projection" else None
        self.classifier = nn.Linear(features, classes) if condition == "auxiliary" else None
        company = nn.BatchNorm1d | nn.BatchNorm2d
        self.sees_batch = self.minibatch_std or any(isinstance(layer, company) for layer in self.layers.modules())
        """Whether the verdict on a sample depends on the others of its batch."""

    def forward(self, samples: torch.Tensor, labels: torch.Tensor | None = None) -> Verdict:
        if labels is None and (self.label_map or self.projection):
            raise StudioError("this discriminator is conditional: it needs the class of each sample")
        if self.label_map is not None:
            samples = torch.cat([samples, self.label_map(labels).unflatten(1, self.label_shape)], 1)
        features = self.layers(samples)
        if features.dim() == 4:  # channels-last in memory: this order needs no copy
            features = features.permute(0, 2, 3, 1).flatten(1)
        scores = self.head(minibatch_std(features) if self.minibatch_std else features).squeeze(1)
        if self.projection is not None:
            scores = scores + (self.projection(labels) * features).sum(1)
        return Verdict(scores, features, None if self.classifier is None else self.classifier(features))

    @property
    def dropout(self) -> float:
        """The share of hidden values that are dropped in training; it may be set at any time."""
        return self._dropout.share

    @dropout.setter
    def dropout(self, share: float) -> None:
        self._dropout.share = share

    @property
    def noise(self) -> torch.Generator | None:
        """Where dropout's noise comes from, on the samples' device; None is torch's default."""
        return self._dropout.noise

    @noise.setter
    def noise(self, noise: torch.Generator | None) -> None:
        self._dropout.noise = noise

    def initialise_embeddings(self, rng: torch.Generator) -> None:
        """A class map starts as N(0, 1), about the scale of pixels; a projection adds about as much as the head."""
        if self.label_map is not None:
            nn.init.normal_(self.label_map.weight, generator=rng)
        if self.projection is not None:
            nn.init.normal_(self.projection.weight, std=self.projection.embedding_dim**-0.5, generator=rng)


def _check_condition(config: RunConfig, classes: int) -> None:
    condition = config.discriminator_conditioning
    if condition != "none" and classes == 0:
        raise StudioError(f"discriminator_conditioning {condition} needs a data set with classes")
    if condition != "none" and config.pack > 1:
        raise StudioError(
            f"discriminator_conditioning {condition} needs pack 1, not {config.pack}: "
            "the samples of a pack may be of different classes"
        )
