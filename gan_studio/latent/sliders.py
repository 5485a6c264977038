"""The directions that sliders move a latent along, wherever they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal
from weakref import WeakKeyDictionary

import torch
from pydantic import BaseModel, ConfigDict, Field

from gan_studio.errors import StudioError
from gan_studio.latent.attributes import find_attribute
from gan_studio.latent.components import activation_components
from gan_studio.latent.directions import principal_directions, variance_shares
from gan_studio.latent.inside import layers_of
from gan_studio.latent.source import LIVE, Label, Source, SourceName
from gan_studio.latent.vectors import Packed, unpack

MOST_DIRECTIONS = 24
_MOST_KEPT = 64


class DirectionsRequest(BaseModel):
    """``weights``: principal directions of the first layer. ``layer``: components of the activations of ``layer``.
    ``raw``: the dimensions themselves. ``given``: the directions ``z``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: SourceName = LIVE
    label: Label = 0
    kind: Literal["weights", "layer", "raw", "given"] = "weights"
    layer: Annotated[str, Field(max_length=10)] = "first"
    z: Packed = ""


class AttributeRequest(BaseModel):
    """Latents of examples with an attribute, and of examples without it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: SourceName = LIVE
    present: Packed
    absent: Packed


@dataclass(frozen=True)
class Directions:
    """Unit ``directions`` (K, Z) of the weights of ``step``, none for ``raw``, and what each explains: (K,) or (Z,).

    That is its share of the layer's variance over z ~ N(0, I); of the first layer's where no other one was named.
    ``accuracy``: of an attribute's separator on examples it was not made from. ``voters``: classes that a latent
    chooses from by its first numbers.
    """

    directions: torch.Tensor
    explained: torch.Tensor
    step: int
    layers: tuple[tuple[str, str], ...] = ()
    accuracy: float | None = None
    voters: tuple[str, ...] = ()


def directions_of(source: Source, request: DirectionsRequest) -> Directions:
    """What ``request`` asks for; quick but for ``layer``, which takes seconds.

    Raises :class:`StudioError` where the layer is not there, the directions do not fit, or the run has diverged.
    """
    size = source.latent_size
    weight = source.network.first.weight[:, :size]
    if request.kind == "weights":
        found, explained = principal_directions(weight, MOST_DIRECTIONS)
    elif request.kind == "layer":
        found, explained = _components(source, request)
    elif request.kind == "raw":
        # The directions would be a large identity: they need not travel, and their shares are the columns'.
        columns = weight.float().square().sum(0).cpu()
        found, explained = torch.empty(0, size), columns / columns.sum().clamp_min(torch.finfo(torch.float32).tiny)
    else:
        found = unpack(request.z, size)
        if not (found.norm(dim=1) > 0).all():
            raise StudioError("z: a direction must have a length", "error.zero_direction")
        found = found / found.norm(dim=1, keepdim=True)
        explained = variance_shares(weight, found)
    layers = tuple((name, type(layer).__name__) for name, layer in layers_of(source.network).items())
    return Directions(found, explained.nan_to_num(0), source.step, layers, voters=source.voters)


def attribute_of(source: Source, request: AttributeRequest) -> Directions:
    """The difference of means, then the separator; raises :class:`StudioError` as :func:`find_attribute`."""
    examples = [unpack(z, source.latent_size) if z else torch.empty(0) for z in (request.present, request.absent)]
    found = find_attribute(*examples)
    directions = torch.stack([found.mean, found.separator])
    weight = source.network.first.weight[:, : source.latent_size]
    explained = variance_shares(weight, directions).nan_to_num(0)
    return Directions(directions, explained, source.step, accuracy=found.accuracy)


_Found = tuple[torch.Tensor, torch.Tensor]
_kept: WeakKeyDictionary[Source, dict[tuple, _Found]] = WeakKeyDictionary()


def _components(source: Source, request: DirectionsRequest) -> _Found:
    """Kept as long as the weights: there is one source for a live run, and one for each state of a saved file."""
    kept, key = _kept.setdefault(source, {}), (source.step, request.layer, source.class_name(request.label))
    if key not in kept:
        labels = source.labels(request.label, 1)
        found = activation_components(source.network, request.layer, source.latent_size, labels, count=MOST_DIRECTIONS)
        if len(kept) >= _MOST_KEPT:
            kept.pop(next(iter(kept)))
        kept[key] = found.directions, found.explained
    return kept[key]
