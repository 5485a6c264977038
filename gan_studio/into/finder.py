"""Searches for latents in the background: many people's, each a part at a time, on the thread of the studies."""

from __future__ import annotations

import base64
import binascii
import copy
import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field

from gan_studio.data.pixels import to_unit_range
from gan_studio.errors import StudioError, unexpected
from gan_studio.explorer import Explorer
from gan_studio.latent.inversion import Found, add_noise, invert, shrink
from gan_studio.latent.source import LIVE, Label, Seed, Source, SourceName
from gan_studio.worker import visitor

log = logging.getLogger(__name__)

MOST_RESTARTS = 16
MOST_STEPS = 500
MOST_SEARCHES = 16
"""How many go on at once, taking turns."""
_MOST_KEPT = 60
_PART_SECONDS = 0.1
_REPORT_STEPS = 10
_ABANDONED_SECONDS = 90.0  # a hidden page asks once a minute

Bytes = Annotated[str, Field(max_length=1_400_000)]
"""Bytes (uint8) in base64."""


class SeenRequest(BaseModel):
    """A target picture and what a search shall see of it.

    ``pixels``: (C, H, W) of the generator's shape; ``mask``: (H, W), 0 where the picture is covered, for "fill".
    ``noise``: standard deviation, for pixels in [-1, 1], for "denoise"; ``factor``: for "enlarge".
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    source: SourceName = LIVE
    task: Literal["find", "fill", "denoise", "enlarge"] = "find"
    pixels: Bytes
    mask: Bytes = ""
    noise: Annotated[float, Field(ge=0, le=2)] = 0.5
    factor: Literal[2, 4, 7] = 4
    seed: Seed = 0


class FindRequest(SeenRequest):
    """A search; ``label`` None: each restart looks in another class."""

    label: Label | None = 0
    restarts: Annotated[int, Field(ge=1, le=MOST_RESTARTS)] = 8
    steps: Annotated[int, Field(ge=50, le=MOST_STEPS)] = 200
    prior: Annotated[float, Field(ge=0, le=1)] = 1e-3


@dataclass(frozen=True)
class Problem:
    """``target``: (C, H, W) in [-1, 1]; ``seen``: what of it is compared, where ``mask`` (1, H, W) is 1, with
    generated pictures that went through ``degrade``."""

    target: torch.Tensor
    seen: torch.Tensor
    mask: torch.Tensor | None
    degrade: Callable[[torch.Tensor], torch.Tensor]

    def composite(self, pictures: torch.Tensor) -> torch.Tensor:
        """Pictures (N, C, H, W) with what is known of the target put back into them."""
        return pictures if self.mask is None else torch.where(self.mask > 0, self.target, pictures)


def problem_of(request: SeenRequest, source: Source) -> Problem:
    """The problem of ``request``; raises :class:`StudioError` where it does not fit the generator."""
    shape = picture_shape(source)
    target = to_unit_range(_bytes(request.pixels, shape, "pixels"))
    mask, seen, degrade = None, target, _as_it_is
    if request.task == "fill":
        mask = (_bytes(request.mask, (1, *shape[1:]), "mask") > 0).float()
        if mask.min() > 0:
            raise StudioError(
                "cover a part of the picture first: brush over what shall be filled in", "find.cover_first"
            )
    elif request.task == "denoise":
        seen = add_noise(target, request.noise, request.seed)
    elif request.task == "enlarge":
        seen, degrade = shrink(target[None], request.factor)[0], lambda pictures: shrink(pictures, request.factor)
    return Problem(target, seen, mask, degrade)


def picture_shape(source: Source) -> tuple[int, int, int]:
    """(C, H, W) of what it draws; raises :class:`StudioError` for points."""
    if source.space.is_points:
        raise StudioError("this generator draws points; only pictures can be searched for", "error.find_points")
    return source.space.shape


def _as_it_is(pictures: torch.Tensor) -> torch.Tensor:
    return pictures


def _bytes(text: str, shape: tuple[int, ...], name: str) -> torch.Tensor:
    try:
        found = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    except (binascii.Error, ValueError):
        raise StudioError(f"{name}: bytes in base64 are expected") from None
    if found.size != np.prod(shape):
        sides = " x ".join(map(str, shape))
        raise StudioError(f"{name}: {found.size} bytes do not fit {sides} pixels: choose the target picture anew")
    return torch.from_numpy(found.copy()).view(shape)


@dataclass(frozen=True)
class Progress:
    """How far a search is. ``found`` and what was compared, once there is something; ``curve``: (step, best, median)
    errors as the root of the mean square; ``labels``: (R,) the class of each found one, None without classes."""

    state: Literal["waiting", "running", "done", "stopped", "failed"] = "waiting"
    message: str = ""
    steps: int = 0
    weights: int = 0
    seconds: float = 0.0
    curve: tuple[tuple[int, float, float], ...] = ()
    problem: Problem | None = field(default=None, repr=False)
    found: Found | None = field(default=None, repr=False)
    labels: torch.Tensor | None = field(default=None, repr=False)

    @property
    def active(self) -> bool:
        return self.state in ("waiting", "running")


class _Search:
    """One search. All but ``progress``, ``watched`` and ``stopping`` belongs to the thread of the studies."""

    def __init__(self, request: FindRequest):
        self.request = request
        self.visitor = visitor.get()
        self.progress = Progress(steps=request.steps)
        self.search: Iterator[Found] = iter(())
        self.watched = time.monotonic()
        self.stopping = False

    def begin(self, source: Source) -> None:
        """Take a copy of the generator, so that the search sees the same weights until its end."""
        request, problem = self.request, problem_of(self.request, source)
        network, self.labels = copy.deepcopy(source.network), source.labels(request.label or 0, request.restarts)
        if self.labels is not None and request.label is None:
            self.labels = torch.arange(request.restarts) % len(source.space.classes)
        labels = None if self.labels is None else self.labels.to(source.device)
        on_device = Problem(*(t if t is None else t.to(source.device) for t in _tensors(problem)), problem.degrade)
        self.progress = replace(self.progress, state="running", weights=source.step, problem=problem)
        self.search = invert(
            lambda z: network(z, labels).float(),
            on_device.seen,
            source.latent_size,
            mask=on_device.mask,
            degrade=problem.degrade,
            restarts=request.restarts,
            steps=request.steps,
            prior=request.prior,
            seed=request.seed,
            report_every=1,
        )
        self.go_on()

    def go_on(self) -> None:
        """Some steps, then let others have the thread."""
        start, known = time.thread_time(), self.progress
        curve, found, state = list(known.curve), None, known.state
        while state == "running" and time.thread_time() - start < _PART_SECONDS:
            if self.stopping or time.monotonic() - self.watched > _ABANDONED_SECONDS:
                state = "stopped"
                break
            found = next(self.search)
            if found.step % _REPORT_STEPS == 0 or found.step == self.request.steps:
                errors = found.errors.nan_to_num(nan=torch.inf).sqrt()
                curve.append((found.step, errors[0].item(), errors.median().item()))
            if found.step == self.request.steps:
                state = "done"
        changes: dict[str, Any] = {}
        if found is not None:
            found = Found(found.step, *(t.cpu() for t in (found.latents, found.errors, found.pictures, found.restarts)))
            changes = {"found": found, "labels": None if self.labels is None else self.labels[found.restarts]}
        spent = known.seconds + time.thread_time() - start
        # All at once: who asks in between must not see the end without what was found.
        self.progress = replace(known, state=state, curve=tuple(curve), seconds=spent, **changes)


def _tensors(problem: Problem) -> tuple[torch.Tensor | None, ...]:
    return problem.target, problem.seen, problem.mask


class Finder:
    """Begins, tells of and stops searches; any thread may ask.

    Searches take turns of a tenth of a second, one search a visitor.
    """

    def __init__(self, explorer: Explorer):
        self._explorer = explorer
        self._lock = threading.Lock()
        self._searches: OrderedDict[str, _Search] = OrderedDict()

    def start(self, request: FindRequest) -> str:
        """Begin a search, in place of the visitor's last one, and return its name.

        Raises :class:`StudioError` where too many others search.
        """
        with self._lock:
            active = [search for search in self._searches.values() if search.progress.active]
            mine = [search for search in active if search.visitor == visitor.get()]
            for search in mine:
                search.stopping = True
            if len(active) - len(mine) >= MOST_SEARCHES:
                raise StudioError(
                    f"{MOST_SEARCHES} people are searching already: try again in some seconds",
                    "error.find_busy",
                    count=MOST_SEARCHES,
                )
            name, search = secrets.token_urlsafe(12), _Search(request)
            self._searches[name] = search
            while len(self._searches) > _MOST_KEPT:
                self._searches.popitem(last=False)[1].stopping = True
        self._follow(search, lambda: self._explorer.study(request.source, search.begin))
        return name

    def progress(self, name: str) -> Progress:
        """How far the search ``name`` is; raises :class:`StudioError` where there is none."""
        search = self._get(name)
        search.watched = time.monotonic()
        return search.progress

    def stop(self, name: str) -> None:
        """End it; what it found so far stays."""
        self._get(name).stopping = True

    def _get(self, name: str) -> _Search:
        with self._lock:
            if name not in self._searches:
                raise StudioError("this search is not known any more: start it anew", "error.find_gone")
            return self._searches[name]

    def _follow(self, search: _Search, submit: Callable[[], Future[None]]) -> None:
        try:
            submit().add_done_callback(lambda done: self._after(search, done))
        except StudioError as error:
            search.progress = replace(search.progress, state="failed", message=error.sentence)
        except RuntimeError:  # the app is ending
            search.progress = replace(search.progress, state="stopped")

    def _after(self, search: _Search, done: Future[None]) -> None:
        problem = None if done.cancelled() else done.exception()
        if done.cancelled() or problem or not search.progress.active:
            search.search = iter(())  # and with it the copy of the generator
        if done.cancelled():
            search.progress = replace(search.progress, state="stopped")
        elif problem is not None:
            if not isinstance(problem, StudioError):
                log.error("a search failed", exc_info=problem)
            message = problem.sentence if isinstance(problem, StudioError) else unexpected(problem)
            search.progress = replace(search.progress, state="failed", message=message)
        elif search.progress.active:
            self._follow(search, lambda: self._explorer.go_on(search.go_on))
