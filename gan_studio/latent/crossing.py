"""Crossing two latents inside the generator: a child has some of one parent's activations and the rest of the other's.

A latent enters these generators at the first layer only, so parents cannot share out layers as in a style-based
network (Karras et al. 2019, arXiv:1812.04948, section 3.1); they share out the channels, or the places, of one layer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field

from gan_studio.errors import StudioError
from gan_studio.latent.inside import layers_of
from gan_studio.latent.source import LIVE, Label, Seed, Source, SourceName
from gan_studio.latent.vectors import Packed, unpack
from gan_studio.networks.generator import Generator

Pattern = Literal["random", "first", "left", "top"]
Mask = Callable[[torch.Size], torch.Tensor | None]


class CrossRequest(BaseModel):
    """Two parents ``z``: (2, Z). ``share`` of the channels or of the picture comes from the first one."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    source: SourceName = LIVE
    label: Label = 0
    z: Packed
    pattern: Pattern = "random"
    share: Annotated[float, Field(ge=0, le=1)] = 0.5
    seed: Seed = 0


@dataclass(frozen=True)
class Children:
    """``samples`` (2 + L, *shape): both parents, then the child of each of the L ``layers`` (name, kind).

    Layers that are no feature maps have no left and right and no child by them.
    """

    samples: torch.Tensor
    layers: tuple[tuple[str, str], ...]


def mask_of(pattern: Pattern, share: float, shape: torch.Size, seed: int = 0) -> torch.Tensor | None:
    """1 where activations of ``shape`` (F,) or (C, H, W) come from the first parent, 0 where from the second.

    ``random`` channels of that share, the ``first`` channels, or the ``left`` or ``top`` part of feature maps: then
    None for (F,). A share of 1 is all ones.
    """
    if pattern in ("left", "top"):
        if len(shape) != 3:
            return None
        height, width = shape[1:]
        if pattern == "left":
            return (torch.arange(width) < round(share * width)).float().expand(shape)
        return (torch.arange(height) < round(share * height)).float()[:, None].expand(shape)
    channels = shape[0]
    order = torch.arange(channels)
    if pattern == "random":
        order = torch.randperm(channels, generator=torch.Generator().manual_seed(seed))
    return (order < round(share * channels)).float().view(-1, *(1,) * (len(shape) - 1)).expand(shape)


@torch.no_grad()
def cross(network: Generator, parents: torch.Tensor, mask: Mask, labels: torch.Tensor | None = None) -> Children:
    """Children of ``parents``: (2, Z), of class ``labels``: (1,), mixed after each layer in turn.

    ``mask`` says for the shape of a layer's activations what is the first parent's, or that there is no child.
    One pass: after each layer the child that is mixed there joins those on their way through the rest.
    """
    labels = None if labels is None else labels.expand(2)
    family, told, layers = network.up_to(0, parents, labels), network.told(parents, labels), []
    for index, (name, layer) in enumerate(layers_of(network).items()):
        if index:
            family = network.rest[index - 1 : index](family, told)
        from_first = mask(family.shape[1:])
        if from_first is None:
            continue
        # Chosen, not added up: what comes from one parent only is exactly that parent's.
        child = torch.where(from_first.to(family.device) > 0, family[0], family[1])
        family = torch.cat([family, child[None]])
        if told is not None:
            told = torch.cat([told, _mixed(told[:2], from_first.mean())[None]])
        layers.append((name, type(layer).__name__))
    return Children(family, tuple(layers))


def _mixed(told: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """What the layers after the crossing are told of the child: both parents' classes, as much as it has of each."""
    return torch.lerp(told[1], told[0], share.to(told)) if told.is_floating_point() else told[0]


def cross_in(source: Source, request: CrossRequest) -> tuple[Children, torch.Tensor]:
    """The children that ``request`` asks for, and their samples as :meth:`Source.draw` gives them.

    Raises :class:`StudioError` where there are not two parents.
    """
    parents = unpack(request.z, source.latent_size)
    if len(parents) != 2:
        raise StudioError(f"z: a crossing has two parents, not {len(parents)}")
    labels = source.labels(request.label, 1)
    labels = None if labels is None else labels.to(source.device)

    def mask(shape: torch.Size) -> torch.Tensor | None:
        return mask_of(request.pattern, request.share, shape, request.seed)

    family = cross(source.network, parents.to(source.device), mask, labels)
    return family, source.finish(family.samples)
