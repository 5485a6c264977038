"""Draws pictures for latents: from the live averaged generator or from a saved checkpoint.

Stateless: everything a picture depends on travels with the request, so any number of people can explore
at once. One worker thread draws, on its own copies of the weights.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import torch

from gan_studio.data.pixels import dots
from gan_studio.errors import StudioError
from gan_studio.latent.source import LIVE, LatentRequest, Source, latents_of
from gan_studio.sampling import load_source
from gan_studio.session import Session, Weights
from gan_studio.training.checkpoint import saved_path
from gan_studio.worker import Worker

_MOST_CHECKPOINTS = 4


@dataclass(frozen=True)
class Drawing:
    """The answer: pictures (N, C, H, W) uint8 on the CPU, of the weights of ``step`` of ``source``.

    ``picture``: the latent itself, then its variations. ``path``: the straight line, then the arc.
    """

    images: torch.Tensor
    step: int
    latent_size: int
    explained: tuple[float, ...]
    class_name: str = ""


class Explorer:
    """Serves :class:`LatentRequest` from any thread."""

    def __init__(self, session: Session, worker: Worker):
        self._session, self._worker = session, worker
        self._live: tuple[str, Source] | None = None
        self._saved: OrderedDict[tuple[Path, int], Source] = OrderedDict()

    def submit(self, request: LatentRequest) -> Future[Drawing]:
        """Draw as soon as it is this request's turn; the future raises :class:`StudioError` where it cannot."""
        return self._worker.submit(self._draw, request)

    def _draw(self, request: LatentRequest) -> Drawing:
        source = self._live_source() if request.source == LIVE else self._saved_source(request.source)
        try:
            latents = latents_of(request, source)
            images = source.draw(latents, _labels(request, source, len(latents)))
            if source.space.is_points:
                images = dots(images, source.space.extent)
        except RuntimeError as error:  # a diverged generator, or no memory left on the device
            raise StudioError(f"this picture cannot be drawn: {error}") from None
        return Drawing(images, source.step, source.latent_size, source.explained, _class_name(request, source))

    def _live_source(self) -> Source:
        weights: Weights | None = self._session.weights
        if weights is None:
            raise StudioError("there is no run yet: press Start, or choose a saved checkpoint")
        if self._live is None or self._live[0] != weights.run_id:
            self._live = weights.run_id, Source(weights.config, weights.space, weights.state, weights.step)
        source = self._live[1]
        if source.step != weights.step:
            source.load(weights.state, weights.step)
        return source

    def _saved_source(self, name: str) -> Source:
        path = saved_path(self._session.checkpoints, name)
        key = path, path.stat().st_mtime_ns
        if key not in self._saved:
            self._saved[key] = load_source(path)
            while len(self._saved) > _MOST_CHECKPOINTS:
                self._saved.popitem(last=False)
        self._saved.move_to_end(key)
        return self._saved[key]


def _label(request: LatentRequest, source: Source) -> int:
    """The class asked for, or the last one where there are not so many."""
    return min(request.label, len(source.space.classes) - 1)


def _labels(request: LatentRequest, source: Source, count: int) -> torch.Tensor | None:
    return torch.full((count,), _label(request, source)) if source.conditional else None


def _class_name(request: LatentRequest, source: Source) -> str:
    return source.space.classes[_label(request, source)] if source.conditional else ""
