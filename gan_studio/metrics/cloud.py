"""A cloud of generated and real samples in the plane."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from gan_studio.data import DataSet
from gan_studio.data.pixels import dots, to_unit_range
from gan_studio.errors import StudioError
from gan_studio.judges.player import HeldOut, Player
from gan_studio.latent.source import LIVE, Seed, Source, SourceName, latent_of_seed
from gan_studio.metrics.cache import digest
from gan_studio.metrics.classifier import Classifier, has_classifier, load_judge
from gan_studio.metrics.projection import Method, project
from gan_studio.sampling import draw_parts

NEIGHBOURS = 8
MOST = 2000
"""How many of each kind a cloud may have."""
_LARGEST = 48
_MOST_SIDE = 32  # of pictures whose pixels are projected: finer details would only cost time
_BATCH = 100
_KEPT = 6

What = Literal["features", "pixels", "latents"]
Projected = Literal["features", "pixels", "latents", "coordinates"]


class CloudRequest(BaseModel):
    """``generated`` samples, of the seeds from ``seed`` on, and ``real`` held-out ones, by what they look like to the
    bundled classifier (``features``), ``pixels``, or ``latents`` (then without real ones)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: SourceName = LIVE
    what: What = "features"
    method: Method = "pca"
    generated: Annotated[int, Field(ge=10, le=MOST)] = 1000
    real: Annotated[int, Field(ge=0, le=MOST)] = 1000
    seed: Annotated[Seed, Field(le=2**31 - 1 - MOST)] = 0


@dataclass(frozen=True, eq=False)
class Cloud:
    """N samples, the generated ones first.

    ``places`` (N, 2) in [-1, 1]; ``images`` (N, C, H, W) uint8; ``classes`` (N,) as indices of ``names``, or -1;
    ``neighbours`` (N, K): indices of the nearest ones in what was projected; ``what`` that was: pixels where features
    were wanted and there is no classifier, coordinates where points have no pixels.
    """

    places: torch.Tensor
    images: torch.Tensor
    classes: torch.Tensor
    names: tuple[str, ...]
    neighbours: torch.Tensor
    generated: int
    what: Projected
    step: int


class Clouds:
    """Makes clouds, and keeps the last ones by weights and settings. For one thread."""

    def __init__(self, real: HeldOut):
        self._real = real
        self._kept: OrderedDict[tuple[str, CloudRequest], Cloud] = OrderedDict()

    def make(self, player: Player, request: CloudRequest) -> Cloud:
        """The cloud of ``player``; raises :class:`StudioError` where the real samples are missing."""
        weights = digest(*(tensor.cpu() for tensor in player.source.network.state_dict().values()))
        key = weights, request.model_copy(update={"source": ""})  # the same weights under any name
        if key not in self._kept:
            real = self._real.of(player) if request.real and request.what != "latents" else None
            self._kept[key] = make_cloud(player.source, player.config.dataset, request, real)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


def make_cloud(source: Source, dataset: str, request: CloudRequest, real: DataSet | None) -> Cloud:
    """The cloud of samples of ``source``, which learned ``dataset``, and of as many of ``real`` as are wanted."""
    rng = torch.Generator().manual_seed(request.seed)
    latents = torch.stack([latent_of_seed(request.seed + i, source.latent_size) for i in range(request.generated)])
    labels = torch.arange(request.generated) % len(source.space.classes) if source.conditional else None
    samples = torch.cat([*draw_parts(source, latents, labels)])
    told = source.classes_of(latents, labels)
    classes = torch.full((len(samples),), -1) if told is None else told
    if real is not None:
        chosen = torch.randperm(len(real.samples), generator=rng)[: request.real]
        samples = torch.cat([samples, real.samples[chosen]])
        known = real.labels[chosen] if real.classes else torch.full((len(chosen),), -1)
        classes = torch.cat([classes, known])
    judge = load_judge(dataset) if has_classifier(dataset) else None
    what = "pixels" if request.what == "features" and judge is None else request.what
    seen = judge.look(samples) if judge and (what == "features" or told is None) else None
    if seen is not None and isinstance(judge, Classifier) and judge.classes == source.space.classes:
        classes = torch.where(classes < 0, seen.logits.argmax(1), classes)
    vectors = {"features": lambda: seen.features, "latents": lambda: latents, "pixels": lambda: _flat(samples)}[what]()
    return Cloud(
        project(vectors, request.method, request.seed),
        _small(samples, source),
        classes,
        source.space.classes,
        _nearest(vectors),
        request.generated,
        "coordinates" if what == "pixels" and source.space.is_points else what,
        source.step,
    )


def _flat(samples: torch.Tensor) -> torch.Tensor:
    """Points as they are, pictures (N, C, H, W) uint8 as pixels in [-1, 1], averaged down where they are large."""
    if samples.ndim == 2:
        return samples
    size = [min(side, _MOST_SIDE) for side in samples.shape[2:]]
    parts = [adaptive_avg_pool2d(to_unit_range(part), size).flatten(1) for part in samples.split(_BATCH)]
    return torch.cat(parts)


def _small(samples: torch.Tensor, source: Source) -> torch.Tensor:
    """Pictures of samples, at most 48 pixels wide: thousands of them travel to the browser."""
    if source.space.is_points:
        return dots(samples, source.space.extent, side=24)
    if max(samples.shape[2:]) <= _LARGEST:
        return samples
    scale = _LARGEST / max(samples.shape[2:])
    size = [round(side * scale) for side in samples.shape[2:]]
    parts = [interpolate(part.float(), size, mode="bilinear", antialias=True) for part in samples.split(_BATCH)]
    return torch.cat([part.round().clamp(0, 255).to(torch.uint8) for part in parts])


def _nearest(vectors: torch.Tensor) -> torch.Tensor:
    if not vectors.isfinite().all():
        raise StudioError("this generator has diverged: its samples are not numbers any more", "error.run_diverged")
    apart = torch.cdist(vectors, vectors).fill_diagonal_(torch.inf)
    return apart.topk(min(NEIGHBOURS, len(vectors) - 1), largest=False).indices
