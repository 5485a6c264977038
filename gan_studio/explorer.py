"""Draws pictures for latents: from the live averaged generator or from a saved checkpoint.

Stateless: everything a picture depends on travels with the request, so any number of people can explore
at once. One worker thread draws, on its own copies of the weights.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from gan_studio.data.pixels import dots
from gan_studio.errors import StudioError
from gan_studio.judges.player import Player, live_player, player_of, saved_player
from gan_studio.latent.maps import BlendRequest, MapRequest, map_latents
from gan_studio.latent.source import LIVE, PATH_FRAMES, DrawRequest, LatentRequest, Source, latents_of, past_step
from gan_studio.rounds import Rounds
from gan_studio.sampling import load_source
from gan_studio.session import Session
from gan_studio.snapshot import Weights
from gan_studio.training.checkpoint import saved_path
from gan_studio.training.device import resolve_precision
from gan_studio.worker import Worker

_MOST_CHECKPOINTS = 4
_MOST_LIVES = 4
_LIVE_SECONDS = 3.0
_RAW_SECONDS = 1.0
_MOST_TOGETHER = 80  # pictures: sixteen people's, four of them with variations
_MOST_SMALL = 17
PIECE = 40
"""Pictures that are drawn in one go."""

T = TypeVar("T")
Small = LatentRequest | DrawRequest | BlendRequest
_Wanted = tuple[torch.Tensor, torch.Tensor | None, str]


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
    """What the first picture is, where the generator knows classes."""
    voters: tuple[str, ...] = ()
    """The classes that the latent's first numbers choose from."""


class Explorer:
    """Draws, and computes whatever else there is to know about a generator; from any thread.

    Quick things are done where all is drawn; studies, which take seconds, by a worker of their own.
    """

    def __init__(self, session: Session, worker: Worker, studies: Worker):
        self._session, self._worker, self._studies = session, worker, studies
        self._shown, self._studied = _Sources(session), _Sources(session)
        self._kept: tuple[tuple[Path, int], Player] | None = None
        self._then: tuple[Weights, Player] | None = None
        self._lives: list[_Live] = []
        self._rounds = Rounds(worker, self._draw_all, pictures_of, _MOST_TOGETHER)

    def submit(self, request: Small) -> Future[Drawing]:
        """Draw in the next round for everybody; the future raises :class:`StudioError` where it cannot.

        What a hand drags is drawn so: it is small, many do it at once, and all of it is cheaper together.
        """
        if isinstance(request, LatentRequest) and request.beside:
            return self._worker.submit(self._draw_beside, request)
        return self._rounds.submit(request)

    def quick(self, source: str, work: Callable[..., T], *arguments: object) -> Future[T]:
        """``work(source, *arguments)`` on the drawing thread: for some hundredths of a second at most."""
        return self._worker.submit(lambda: work(self._shown.get(source), *arguments))

    def go_on_drawing(self, work: Callable[..., T], *arguments: object) -> Future[T]:
        """A further piece of something large, with a :meth:`Source.frozen` that is at hand; between pieces it is
        the turn of other people's sliders."""
        return self._worker.submit(work, *arguments)

    def study(self, source: str, work: Callable[..., T], *arguments: object) -> Future[T]:
        """``work(source, *arguments)`` on a thread where it holds up nobody's pictures."""
        return self._studies.submit(lambda: work(self._studied.get(source), *arguments))

    def go_on(self, work: Callable[..., T], *arguments: object) -> Future[T]:
        """A further part of a long study: it goes to the end of the line, so that others have their turn."""
        return self._studies.submit(work, *arguments)

    def study_player(
        self,
        source: str,
        work: Callable[..., T],
        *arguments: object,
        shared: bool = False,
        step: int | None = None,
    ) -> Future[T]:
        """``work(player, *arguments)`` there, where the discriminator is needed too.

        ``shared``: the live one may be some seconds old while it trains, and is kept for a while; with ``step``, as it
        was kept at that step, if it still is.
        """
        return self._studies.submit(lambda: work(self._player(source, shared, step), *arguments))

    def _draw_all(self, requests: Sequence[Small]) -> list[Drawing | Exception]:
        """Of each source together."""
        found: dict[int, Drawing | Exception] = {}
        for name in {request.source for request in requests}:
            of = [place for place, request in enumerate(requests) if request.source == name]
            try:
                drawn = draw_together(self._shown.get(name), [requests[place] for place in of])
            except (StudioError, OSError) as error:
                drawn = [error] * len(of)
            found |= zip(of, drawn, strict=True)
        return [found[place] for place in range(len(requests))]

    def _draw_beside(self, request: LatentRequest) -> Drawing:
        """The latents of ``request.source``, drawn by ``request.beside``."""
        source, other = self._shown.get(request.source), self._shown.get(request.beside, request.beside_raw)
        if other.latent_size != source.latent_size:
            raise StudioError(
                f"{request.beside} has latents of {other.latent_size} numbers, {request.source} of "
                f"{source.latent_size}: only generators with latents of one size can draw the same one; choose another",
                "error.other_latents",
                name=request.beside,
                theirs=other.latent_size,
                ours=source.latent_size,
            )
        if other.space.is_points != source.space.is_points:
            kinds = ["points" if each.space.is_points else "pictures" for each in (other, source)]
            raise StudioError(
                f"{request.beside} makes {kinds[0]}, {request.source} {kinds[1]}: choose another of the same kind",
                "error.other_kind",
                name=request.beside,
            )
        return _drawn(other, latents_of(request, source), request.label)

    def _shared_player(self, step: int | None) -> Player:
        """What many people lay over their maps is of the same few copies, each whole map of one."""
        newest = self._session.weights
        kept = [live for live in self._lives if newest and live.run == newest.run_id]
        for live in kept:
            if live.player.source.step == step:
                return live.player
        if kept:
            age = time.monotonic() - kept[-1].copied
            training = self._session.snapshot.state == "running" and age < _LIVE_SECONDS
            if training or kept[-1].player.source.step == newest.step:
                return kept[-1].player
        weights = self._session.copy_players()
        self._lives = [*kept, _Live(weights.run_id, time.monotonic(), player_of(weights, LIVE))][-_MOST_LIVES:]
        return self._lives[-1].player

    def _player(self, name: str, shared: bool = False, live_step: int | None = None) -> Player:
        if name == LIVE:
            return self._shared_player(live_step) if shared else live_player(self._session)
        step = past_step(name)
        if step is not None:
            weights = _past_weights(self._session, step)
            if self._then is None or self._then[0] is not weights:
                self._then = weights, player_of(weights, name)
            return self._then[1]
        path = saved_path(self._session.checkpoints, name)
        key = path, path.stat().st_mtime_ns
        if self._kept is None or self._kept[0] != key:
            self._kept = key, saved_player(path, name)
        return self._kept[1]


@dataclass(frozen=True)
class _Live:
    """The live GAN of the run ``run`` as it was copied at some time."""

    run: str
    copied: float
    player: Player


class _Sources:
    """The generators that one thread works with: the live one, its earlier steps, and the saved ones used last."""

    def __init__(self, session: Session):
        self._session = session
        self._live: dict[bool, tuple[str, Source]] = {}  # by whether it is the raw one
        self._past: list[tuple[Weights, Source]] = []
        self._saved: OrderedDict[tuple[Path, int, bool], Source] = OrderedDict()
        self._raw_copied = 0.0

    def get(self, name: str, raw: bool = False) -> Source:
        """The source called ``name`` with its newest weights, averaged or ``raw``.

        Raises :class:`StudioError` where there is none.
        """
        if name == LIVE:
            return self._live_source(raw)
        step = past_step(name)
        return self._saved_source(name, raw) if step is None else self._past_source(step, raw)

    def _live_source(self, raw: bool) -> Source:
        weights: Weights | None = self._session.weights
        if weights is None:
            raise _no_run()
        known = self._live.get(raw)
        if known and known[0] == weights.run_id and (known[1].step == weights.step or (raw and self._raw_is_fresh())):
            return known[1]
        if raw:
            weights, self._raw_copied = self._session.copy_raw(), time.monotonic()
        if known and known[0] == weights.run_id:
            known[1].load(weights.state, weights.step)
        else:
            source = Source(weights.config, weights.space, weights.state, weights.step)
            self._live[raw] = weights.run_id, source
        return self._live[raw][1]

    def _raw_is_fresh(self) -> bool:
        """While training, raw weights may be a second old: to copy them, everybody's pictures wait for a step."""
        running = self._session.snapshot.state == "running"
        return running and time.monotonic() - self._raw_copied < _RAW_SECONDS

    def _past_source(self, step: int, raw: bool) -> Source:
        """Each kept step has a source of its own: two of them may be drawn beside each other."""
        if raw:
            raise StudioError(
                "earlier steps are only kept averaged: choose averaged weights, or the run as it is now",
                "error.past_raw",
            )
        weights = _past_weights(self._session, step)
        for known, source in self._past:
            if known is weights:
                return source
        there = [each.copy for each in self._session.past.kept]
        self._past = [pair for pair in self._past if any(pair[0] is kept for kept in there)]
        if self._past:  # of the same run: copying its network is much quicker than building one
            source = self._past[-1][1].at(weights.state, weights.step)
        else:
            source = Source(weights.config, weights.space, weights.state, weights.step)
        self._past.append((weights, source))
        return source

    def _saved_source(self, name: str, raw: bool) -> Source:
        path = saved_path(self._session.checkpoints, name)
        key = path, path.stat().st_mtime_ns, raw
        if key not in self._saved:
            self._saved[key] = load_source(path, raw)
            while len(self._saved) > _MOST_CHECKPOINTS:
                self._saved.popitem(last=False)
        self._saved.move_to_end(key)
        return self._saved[key]


def _no_run() -> StudioError:
    return StudioError("there is no run yet: press Start, or choose a saved checkpoint", "latent.waiting")


def _past_weights(session: Session, step: int) -> Weights:
    weights = session.past.nearest(step)
    if weights is None:
        raise _no_run()
    return weights


def pictures_of(request: Small) -> int:
    """How many pictures a request is for; where it does not say how many latents it brings, a whole piece."""
    if isinstance(request, DrawRequest):
        return request.count or PIECE
    if isinstance(request, BlendRequest):
        return len(request.places)
    return 2 * PATH_FRAMES if request.view == "path" else 1 + request.variations


def is_small(request: Small) -> bool:
    """Whether it goes into a round for everybody."""
    return pictures_of(request) <= _MOST_SMALL


def draw_together(source: Source, requests: Sequence[Small]) -> list[Drawing | StudioError]:
    """What each request asks for, or why it cannot be drawn.

    All go through the network at once: ten people's pictures take little longer there than one's.
    """
    given = [_wanted_or_refusal(request, source) for request in requests]
    fit = [wanted for wanted in given if isinstance(wanted, tuple)]
    if not fit:
        return given
    labels = torch.cat([labels for _, labels, _ in fit]) if source.conditional else None
    images = draw(source, torch.cat([z for z, _, _ in fit]), labels)
    drawn = iter(
        Drawing(part, z, source.step, source.explained, name, source.voters)
        for part, (z, _, name) in zip(images.split([len(z) for z, _, _ in fit]), fit, strict=True)
    )
    return [next(drawn) if isinstance(wanted, tuple) else wanted for wanted in given]


def _wanted_or_refusal(request: Small, source: Source) -> _Wanted | StudioError:
    try:
        return _wanted(request, source)
    except StudioError as error:
        return error


def _wanted(request: Small, source: Source) -> _Wanted:
    """The latents, their classes, and the name of the first one's."""
    if isinstance(request, DrawRequest):
        z = latents_of(request, source)
        first = request.labels[0] if request.labels else request.label
        return z, source.labels_of(request, len(z)), source.class_name(first, z[0])
    z = map_latents(request, source) if isinstance(request, BlendRequest) else latents_of(request, source)
    return z, source.labels(request.label, len(z)), source.class_name(request.label, z[0])


def draw_first(source: Source, request: DrawRequest) -> tuple[Drawing, torch.Tensor | None, Source | None]:
    """All latents with the pictures of the first :data:`PIECE`; the classes of all, as :meth:`Source.draw` takes them;
    and where there are more latents, what draws them."""
    latents, labels, name = _wanted(request, source)
    images = draw(source, latents[:PIECE], None if labels is None else labels[:PIECE])
    drawing = Drawing(images, latents, source.step, source.explained, name)
    return drawing, labels, source.frozen() if len(latents) > PIECE else None


def _drawn(source: Source, latents: torch.Tensor, label: int) -> Drawing:
    images = draw(source, latents, label)
    return Drawing(images, latents, source.step, source.explained, source.class_name(label, latents[0]))


def draw_map(source: Source, request: MapRequest | BlendRequest) -> Drawing:
    """Many small pictures, in the number format that the device is fastest at: half the time on a good CPU."""
    latents = map_latents(request, source)  # exactly
    precision = resolve_precision("auto", source.device, points=source.space.is_points)
    with torch.autocast(source.device.type, precision, enabled=precision != torch.float32):
        return _drawn(source, latents, request.label)


def draw(source: Source, latents: torch.Tensor, label: int | torch.Tensor | None) -> torch.Tensor:
    """Pictures (N, C, H, W) uint8 of latents (N, Z), where there are classes of class number ``label``, or of
    classes as :meth:`Source.draw` takes them.

    Points are drawn as pictures of a dot. Raises :class:`StudioError` where that cannot be done.
    """
    try:
        labels = source.labels(label, len(latents)) if isinstance(label, int) else label
        return as_pictures(source, source.draw(latents, labels))
    except RuntimeError as error:  # a diverged generator, or no memory left on the device
        raise StudioError(f"this picture cannot be drawn: {error}", "error.cannot_draw", error=str(error)) from None


def as_pictures(source: Source, samples: torch.Tensor) -> torch.Tensor:
    """Samples as :meth:`Source.draw` gives them, points as pictures of a dot: (N, C, H, W) uint8."""
    return dots(samples, source.space.extent) if source.space.is_points else samples
