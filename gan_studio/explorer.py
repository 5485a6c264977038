"""Draws pictures for latents: from the live averaged generator or from a saved checkpoint.

Stateless: everything a picture depends on travels with the request, so any number of people can explore
at once. One worker thread draws, on its own copies of the weights, and leaves most of the time to training.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from gan_studio.data.pixels import dots
from gan_studio.errors import StudioError
from gan_studio.latent.source import LIVE, LatentRequest, Source, latents_of
from gan_studio.sampling import load_source
from gan_studio.session import Session, Weights
from gan_studio.training.checkpoint import CheckpointError, checkpoint_path

_MOST_CHECKPOINTS = 4
_SHARE_WHILE_TRAINING = 0.4
"""The largest part of one core that drawing may take while a run trains."""


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

    def __init__(self, session: Session):
        self._session = session
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="explorer", initializer=_use_one_thread)
        self._live: tuple[str, Source] | None = None
        self._saved: OrderedDict[tuple[Path, int], Source] = OrderedDict()
        self._not_before = 0.0

    def submit(self, request: LatentRequest) -> Future[Drawing]:
        """Draw as soon as it is this request's turn; the future raises :class:`StudioError` where it cannot."""
        return self._worker.submit(self._draw, request)

    def close(self) -> None:
        """Forget what waits and end the thread after the picture in progress."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _draw(self, request: LatentRequest) -> Drawing:
        training = self._session.snapshot.state == "running"
        if training:
            time.sleep(max(0.0, self._not_before - time.monotonic()))
        start = time.thread_time()
        source = self._live_source() if request.source == LIVE else self._saved_source(request.source)
        try:
            latents = latents_of(request, source)
            images = source.draw(latents, _labels(request, source, len(latents)))
            if source.space.is_points:
                images = dots(images, source.space.extent)
        except RuntimeError as error:  # a diverged generator, or no memory left on the device
            raise StudioError(f"this picture cannot be drawn: {error}") from None
        work = time.thread_time() - start
        self._not_before = time.monotonic() + work * (1 / _SHARE_WHILE_TRAINING - 1)
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
        path = checkpoint_path(self._session.checkpoints, name)
        if not path.is_file():
            raise CheckpointError(f"checkpoint {name!r} is not there (any more)")
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


def _use_one_thread() -> None:
    """One picture is too little work to share; more threads would only fight with training for the cores."""
    torch.set_num_threads(1)
