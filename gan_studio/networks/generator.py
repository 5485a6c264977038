"""The generator: an architecture's layers with what all of them share, the condition and the output function."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from gan_studio.config import RunConfig
from gan_studio.errors import StudioError
from gan_studio.networks.layers import (
    ClassBatchNorm,
    GeneratorLayers,
    Layers,
    Norms,
    SymmetricSigmoid,
    rows_of_classes,
)
from gan_studio.networks.shapes import Shape, are_points
from gan_studio.networks.votes import Votes

LABEL_SIZE = 32
"""How many learned numbers stand for a class beside the latent."""

GeneratorBuilder = Callable[[RunConfig, Shape, Norms], GeneratorLayers]


class Generator(nn.Module):
    """z: (N, Z) and, if it is conditional, labels: (N,) int64 to samples: (N, *shape).

    Labels may be shares of all classes, (N, K) float, too: what stands for the classes is mixed.

    With ``config.classes_from_latent`` the latent itself gives the shares, as :class:`Votes`. Then the generator needs
    no labels, and looks at none.

    Pictures are in [-1, 1], points are not bounded. ``first`` is linear; the first Z columns of its weight
    belong to z, the columns of the class embedding (Mirza and Osindero 2014, arXiv:1411.1784) come after them.
    """

    def __init__(self, config: RunConfig, shape: Shape, classes: int, build: GeneratorBuilder):
        super().__init__()
        condition = config.generator_conditioning
        if condition != "none" and classes == 0:
            raise StudioError(f"generator_conditioning {condition} needs a data set with classes")
        self.conditional = config.by_class
        self.votes = Votes(classes) if config.classes_from_latent else None
        if self.votes and classes > config.latent_size:
            raise StudioError(
                f"classes_from_latent needs one number of the latent for each of {classes} classes: "
                f"latent_size = {config.latent_size} is too small",
                "error.few_voters",
                classes=classes,
                latent_size=config.latent_size,
            )
        norms = Norms(config.generator_norm == "batch", classes if condition == "batch_norm" else 0)
        layers = build(config, shape, norms)
        self.embedding = nn.Embedding(classes, LABEL_SIZE) if condition == "embedding" else None
        inputs = config.latent_size + (LABEL_SIZE if self.embedding else 0)
        self.first = nn.Linear(inputs, layers.width, bias=layers.bias)
        self.rest = Layers(*layers.rest, *_output(config, shape))
        if condition == "batch_norm" and not any(isinstance(layer, ClassBatchNorm) for layer in self.modules()):
            raise StudioError(
                "generator_conditioning batch_norm needs batch normalisation in the generator: network "
                f"{config.network} with generator_norm {config.generator_norm} has none",
                "error.no_class_norm",
                network=config.network,
                norm=config.generator_norm,
            )

    def forward(self, z: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        if self.conditional and labels is None:
            raise StudioError("this generator is conditional: it needs the class of each sample")
        told = self.told(z, labels)
        return self.rest(self.first(self._with_class(z, told)), told)

    def up_to(self, count: int, z: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        """The activations after the first layer and ``count`` of the rest."""
        told = self.told(z, labels)
        return self.rest[:count](self.first(self._with_class(z, told)), told)

    def told(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor | None:
        """The classes, or their shares, that the layers get for z and ``labels``."""
        return labels if self.votes is None else self.votes(z)

    def _with_class(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        return z if self.embedding is None else torch.cat([z, rows_of_classes(self.embedding, labels)], 1)

    def initialise_embeddings(self, rng: torch.Generator) -> None:
        """A class starts as N(0, I), like the latent beside it."""
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, generator=rng)


def _output(config: RunConfig, shape: Shape) -> list[nn.Module]:
    if are_points(shape):
        return []
    return [nn.Tanh() if config.output == "tanh" else SymmetricSigmoid()]
