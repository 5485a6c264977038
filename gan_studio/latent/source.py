"""A generator ready to draw, and the latents that a view of its latent space asks for."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Annotated, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import nn

from gan_studio.config import RunConfig
from gan_studio.data.pixels import to_bytes
from gan_studio.errors import StudioError
from gan_studio.latent.directions import principal_directions
from gan_studio.latent.paths import lerp, slerp
from gan_studio.latent.vectors import MOST_LATENTS, Packed, unpack, unpack_one
from gan_studio.networks import build_generator
from gan_studio.space import Space

LIVE = "live"
PRINCIPAL = 8
"""How many principal directions, and how many raw dimensions at once, have a slider."""
PATH_FRAMES = 33
VARIATIONS = 16

Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
Label = Annotated[int, Field(ge=0, le=9999)]
SourceName = Annotated[str, Field(max_length=100)]
"""LIVE, LIVE@STEP for an earlier step of the present run, or the name of a saved run."""
Offset = Annotated[float, Field(ge=-10, le=10)]


class LatentRequest(BaseModel):
    """One view of the latent space, around ``z`` or, without it, around the latent of ``seed``.

    Offsets are in standard deviations of the latent. ``variations`` of the picture come after it. With ``beside``, the
    very same latents are drawn by that other generator, ``beside_raw`` with the weights that are trained instead of
    their average.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    source: SourceName = LIVE
    view: Literal["picture", "path"] = "picture"
    seed: Seed = 0
    truncation: Annotated[float, Field(ge=0, le=2)] = 1.0
    principal: Annotated[tuple[Offset, ...], Field(max_length=PRINCIPAL)] = ()
    raw_start: Annotated[int, Field(ge=0, le=4096)] = 0
    raw: Annotated[tuple[Offset, ...], Field(max_length=PRINCIPAL)] = ()
    spread: Annotated[float, Field(ge=0, le=1)] = 0.3
    variations: Annotated[int, Field(ge=0, le=VARIATIONS)] = VARIATIONS
    to_seed: Seed = 1
    label: Label = 0
    z: Packed = ""
    beside: SourceName = ""
    beside_raw: bool = False


class DrawRequest(BaseModel):
    """Pictures of given latents ``z``, all of class number ``label`` or, with ``labels``, each of its own.

    ``count``: how many latents these are, which only their generator could tell; few are drawn with other people's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: SourceName = LIVE
    label: Label = 0
    labels: tuple[Label, ...] = ()
    z: Packed
    count: Annotated[int, Field(ge=1, le=MOST_LATENTS)] | None = None


class Source:
    """A generator ready to draw, and what its first layer's weights say about directions.

    Raises KeyError or ValueError where ``state`` lacks a tensor or has one of another shape or type.
    """

    def __init__(self, config: RunConfig, space: Space, state: Mapping[str, torch.Tensor], step: int):
        self.config, self.latent_size, self.space = config, config.latent_size, space
        self.conditional = config.by_class
        self.voters = space.classes if config.classes_from_latent else ()
        """The classes that the latent's first numbers choose from, by name."""
        network = build_generator(config, space.shape, len(space.classes))
        for name, like in network.state_dict().items():
            if state[name].shape != like.shape or state[name].dtype != like.dtype:
                raise ValueError(f"{name} is {tuple(state[name].shape)} {state[name].dtype}")
        self.network: nn.Module = network.eval().requires_grad_(False)
        self.load(state, step)

    def at(self, state: Mapping[str, torch.Tensor], step: int) -> Source:
        """The same generator with the weights of another step; this one stays as it is."""
        other = copy.copy(self)
        other.network = copy.deepcopy(self.network)
        other.load(state, step)
        return other

    def load(self, state: Mapping[str, torch.Tensor], step: int) -> None:
        """Take over the weights of ``step`` without copying them."""
        directions, share = principal_directions(state["first.weight"][:, : self.latent_size], PRINCIPAL)
        self.network.load_state_dict(state, assign=True)
        self.step, self.directions, self.explained = step, directions, tuple(share.tolist())
        self.device = self.network.first.weight.device

    def frozen(self) -> Source:
        """The same with these weights, whatever this one loads later."""
        kept = copy.copy(self)
        kept.network = copy.deepcopy(self.network)
        return kept

    @torch.no_grad()
    def draw(self, z: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        """Samples for z: (N, Z) and, for a conditional generator, classes: (N,) int64 or shares (N, K); on the CPU.

        Pictures as (N, C, H, W) uint8, points as (N, 2) float32 in the data's own units.
        """
        if not self.conditional:
            labels = None
        elif labels is None:
            labels = cycled_labels(len(z), len(self.space.classes))
        return self.finish(self.network(z.to(self.device), None if labels is None else labels.to(self.device)))

    def finish(self, samples: torch.Tensor) -> torch.Tensor:
        """What the network puts out, (N, *shape), as :meth:`draw` gives it."""
        return samples.float().cpu() * self.space.scale if self.space.is_points else to_bytes(samples)

    def labels(self, label: int, count: int) -> torch.Tensor | None:
        """Class number ``label``, or the last one where there are not so many, for each of ``count`` latents."""
        return torch.full((count,), self.class_of(label)) if self.conditional else None

    def classes_of(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor | None:
        """What a discriminator is told of the samples of z: (N, Z) and the ``labels`` they were drawn with: (N,) int64.

        Of a mixture, the class with the largest share; None where the generator knows no classes.
        """
        if self.voters:
            return self._winners(z)
        return labels.argmax(1) if labels is not None and labels.is_floating_point() else labels

    def labels_of(self, request: DrawRequest, count: int) -> torch.Tensor | None:
        """Each latent's own class, or the one of all; raises :class:`StudioError` where there are not as many."""
        if request.labels and len(request.labels) != count:
            raise StudioError(f"labels: {len(request.labels)} classes for {count} latents; name one for each")
        if not request.labels or not self.conditional:
            return self.labels(request.label, count)
        return torch.tensor([self.class_of(label) for label in request.labels])

    def class_name(self, label: int, z: torch.Tensor | None = None) -> str:
        """The name of that class, or of the one that z: (Z,) chooses; empty where the generator knows none."""
        if self.voters and z is not None:
            return self.voters[self._winners(z[None])]
        return self.space.classes[self.class_of(label)] if self.conditional else ""

    def choose(self, z: torch.Tensor, wanted: int) -> torch.Tensor:
        """Latents (N, Z) like z that choose the class ``wanted``, where latents do; on the CPU."""
        return self.network.votes.choose(z.to(self.device), wanted).cpu()

    def _winners(self, z: torch.Tensor) -> torch.Tensor:
        return self.network.votes.winners(z.to(self.device)).cpu()

    def class_of(self, label: int) -> int:
        """The number of a class that there is: ``label``, or the last one."""
        return min(label, len(self.space.classes) - 1)


def past_step(name: str) -> int | None:
    """STEP of the source LIVE@STEP; None where ``name`` is another's. Raises :class:`StudioError` for no number."""
    live, at, step = name.partition("@")
    if live != LIVE or not at:
        return None
    if not (step.isascii() and step.isdigit()):
        raise StudioError(f"{name!r}: what comes after {LIVE}@ must be a step, such as {LIVE}@100")
    return int(step)


def cycled_labels(count: int, classes: int) -> torch.Tensor:
    """Classes for a grid of ``count`` samples, each as often as the others, in order: (count,) int64."""
    return torch.arange(count) * classes // max(count, classes)


def latent_of_seed(seed: int, size: int) -> torch.Tensor:
    """The latent (Z,) ~ N(0, I) that belongs to ``seed``; the same on every device."""
    return torch.randn(size, generator=torch.Generator().manual_seed(seed))


def latents_of(request: LatentRequest | DrawRequest, source: Source) -> torch.Tensor:
    """The latents of a request: (N, Z)."""
    if isinstance(request, DrawRequest):
        latents = unpack(request.z, source.latent_size)
        if request.count not in (None, len(latents)):
            raise StudioError(f"count: {request.count} latents were announced, {len(latents)} came")
        return latents
    if request.view == "path":
        ends = [request.truncation * latent_of_seed(s, source.latent_size) for s in (request.seed, request.to_seed)]
        t = torch.linspace(0, 1, PATH_FRAMES)
        return torch.cat([lerp(*ends, t), slerp(*ends, t)])
    z = unpack_one(request.z, source.latent_size) if request.z else latent_of_seed(request.seed, source.latent_size)
    steps = torch.tensor(request.principal[: len(source.directions)])
    z = z + steps @ source.directions[: len(steps)]
    raw = torch.tensor(request.raw)[: max(source.latent_size - request.raw_start, 0)]
    z[request.raw_start : request.raw_start + len(raw)] += raw
    rng = torch.Generator().manual_seed(request.seed + 1)
    noise = torch.randn(request.variations, source.latent_size, generator=rng)
    # A rotation towards fresh noise keeps the latent's distribution: its expected length does not change.
    angle = torch.tensor(request.spread * torch.pi / 2)
    around = z * angle.cos() + noise * angle.sin()
    return request.truncation * torch.cat([z[None], around])
