"""Draws pictures for latents: from the live averaged generator or from a saved checkpoint.

Stateless: everything a picture depends on travels with the request, so any number of people can explore
at once. One worker thread draws, on its own copies of the weights.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from gan_studio.data.pixels import dots
from gan_studio.errors import StudioError
from gan_studio.judges.player import Player, live_player, saved_player
from gan_studio.latent.source import LIVE, DrawRequest, LatentRequest, Source, latents_of
from gan_studio.sampling import load_source
from gan_studio.session import Session, Weights
from gan_studio.training.checkpoint import saved_path
from gan_studio.worker import Worker

_MOST_CHECKPOINTS = 4

T = TypeVar("T")


@dataclass(frozen=True)
class Drawing:
    """The answer: pictures (N, C, H, W) uint8 on the CPU, of the weights of ``step`` of ``source``.

    ``picture``: the latent itself, then its variations. ``path``: the straight line, then the arc. ``latents``: (N, Z).
    """

    images: torch.Tensor
    latents: torch.Tensor
    step: int
    explained: tuple[float, ...]
    class_name: str = ""


class Explorer:
    """Draws, and computes whatever else there is to know about a generator; from any thread.

    Quick things stand in one line with all drawing; studies, which take seconds, in a line of their own.
    """

    def __init__(self, session: Session, worker: Worker, studies: Worker):
        self._session, self._worker, self._studies = session, worker, studies
        self._shown, self._studied = _Sources(session), _Sources(session)
        self._kept: tuple[tuple[Path, int], Player] | None = None

    def submit(self, request: LatentRequest | DrawRequest) -> Future[Drawing]:
        """Draw as soon as it is this request's turn; the future raises :class:`StudioError` where it cannot."""
        return self.quick(request.source, _draw, request)

    def quick(self, source: str, work: Callable[..., T], *arguments: object) -> Future[T]:
        """``work(source, *arguments)`` on the drawing thread: for some hundredths of a second at most."""
        return self._worker.submit(lambda: work(self._shown.get(source), *arguments))

    def study(self, source: str, work: Callable[..., T], *arguments: object) -> Future[T]:
        """``work(source, *arguments)`` on a thread where it holds up nobody's pictures."""
        return self._studies.submit(lambda: work(self._studied.get(source), *arguments))

    def go_on(self, work: Callable[..., T], *arguments: object) -> Future[T]:
        """A further part of a long study: it goes to the end of the line, so that others have their turn."""
        return self._studies.submit(work, *arguments)

    def study_player(self, source: str, work: Callable[..., T], *arguments: object) -> Future[T]:
        """``work(player, *arguments)`` there, where the discriminator is needed too."""
        return self._studies.submit(lambda: work(self._player(source), *arguments))

    def _player(self, name: str) -> Player:
        if name == LIVE:
            return live_player(self._session)
        path = saved_path(self._session.checkpoints, name)
        key = path, path.stat().st_mtime_ns
        if self._kept is None or self._kept[0] != key:
            self._kept = key, saved_player(path, name)
        return self._kept[1]


class _Sources:
    """The generators that one thread works with: the live one, and the saved ones that were used last."""

    def __init__(self, session: Session):
        self._session = session
        self._live: tuple[str, Source] | None = None
        self._saved: OrderedDict[tuple[Path, int], Source] = OrderedDict()

    def get(self, name: str) -> Source:
        """The source called ``name`` with its newest weights; raises :class:`StudioError` where there is none."""
        return self._live_source() if name == LIVE else self._saved_source(name)

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


def _draw(source: Source, request: LatentRequest | DrawRequest) -> Drawing:
    latents = latents_of(request, source)
    images = draw(source, latents, request.label)
    return Drawing(images, latents, source.step, source.explained, source.class_name(request.label))


def draw(source: Source, latents: torch.Tensor, label: int) -> torch.Tensor:
    """Pictures (N, C, H, W) uint8 of latents (N, Z), of class number ``label`` where there are classes.

    Points are drawn as pictures of a dot. Raises :class:`StudioError` where that cannot be done.
    """
    try:
        images = source.draw(latents, source.labels(label, len(latents)))
        return dots(images, source.space.extent) if source.space.is_points else images
    except RuntimeError as error:  # a diverged generator, or no memory left on the device
        raise StudioError(f"this picture cannot be drawn: {error}") from None
