"""A path as the page asks for it: its key frames, how it goes along them, and the latents that follow from that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field

from gan_studio.errors import StudioError
from gan_studio.latent.paths import (
    Easing,
    closed_walk,
    key_path,
    mixed_classes,
    path_positions,
    random_walk,
    wandering_classes,
)
from gan_studio.latent.source import LIVE, Label, Seed, Source, SourceName, latent_of_seed
from gan_studio.latent.vectors import Packed, unpack_one

MOST_KEYS = 96
MOST_PER_SEGMENT = 48
MOST_STEPS = 576
"""From frame to frame, of all segments: little less than a film's frames, and six for each of 96 segments."""


class KeyFrame(BaseModel):
    """One latent ``z`` or, without it, the one of ``seed``; and its class, for paths from class to class."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    z: Packed = ""
    seed: Seed = 0
    label: Label = 0


class PathRequest(BaseModel):
    """A path along key frames, straight and spherical, or a random walk on the shell from the first of them.

    ``frames`` to a segment, fewer the more segments there are, see :func:`most_frames`; a walk has ``segments``, and is
    not eased. All frames are of class number ``label``, or, with ``morph``, go from each key frame's class to the next
    one's; a walk goes from the first key frame's class to another one with each segment.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: SourceName = LIVE
    mode: Literal["keys", "walk"] = "keys"
    keys: Annotated[tuple[KeyFrame, ...], Field(min_length=1, max_length=MOST_KEYS)]
    frames: Annotated[int, Field(ge=2, le=MOST_PER_SEGMENT)] = 24
    closed: bool = False
    easing: Easing = "none"
    morph: bool = False
    label: Label = 0
    segments: Annotated[int, Field(ge=1, le=MOST_KEYS)] = 4
    walk_seed: Seed = 0


class FilmRequest(PathRequest):
    """One row of a path as a file."""

    row: Literal["linear", "spherical", "walk"]
    format: Literal["gif", "webp", "mp4", "png"]
    frames_per_second: Annotated[int, Field(ge=1, le=60)] = 24


@dataclass(frozen=True)
class Journey:
    """All frames: latents (N, Z) by the name of their row, classes as :meth:`Source.draw` takes them, and at which
    frames the key frames are; ``classes`` that are gone through, one at each end of a segment, where they change."""

    rows: dict[str, torch.Tensor]
    labels: torch.Tensor | None
    stops: tuple[int, ...]
    classes: tuple[int, ...] = ()


def most_frames(segments: int) -> int:
    """How many frames each of ``segments`` may have."""
    return min(MOST_PER_SEGMENT, MOST_STEPS // segments)


def journey_of(request: PathRequest, source: Source) -> Journey:
    """Raises :class:`StudioError` where ``source`` has latents of another size, there are too few key frames, or too
    many frames."""
    keys = torch.stack([_latent(key, source.latent_size) for key in request.keys])
    walks = request.mode == "walk"
    if len(keys) < 2 and not walks:
        raise StudioError("a path needs at least two key frames: add one", "error.two_frames")
    around = [*range(len(keys)), *([0] if request.closed else [])]
    segments = request.segments if walks else len(around) - 1
    _check_frames(request.frames, segments)
    positions = path_positions(segments, request.frames, request.closed, "none" if walks else request.easing)
    if walks:
        rows, stops = {"walk": _walk(keys[0], request)}, (0,)
    else:
        rows = {kind: key_path(keys[around], positions, kind) for kind in ("linear", "spherical")}
        stops = tuple((positions == number).nonzero()[0].item() for number in range(len(keys)))
    if not (request.morph and source.conditional):
        return Journey(rows, source.labels(request.label, len(positions)), stops)
    count, classes = len(source.space.classes), [source.class_of(request.keys[place].label) for place in around]
    if walks:
        classes = wandering_classes(classes[0], segments, count, request.walk_seed, request.closed)
    return Journey(rows, mixed_classes(torch.tensor(classes), positions, count), stops, tuple(classes))


def _walk(start: torch.Tensor, request: PathRequest) -> torch.Tensor:
    if request.closed:
        return closed_walk(start, request.segments, request.frames, request.walk_seed)
    return random_walk(start, request.segments * request.frames + 1, request.frames, request.walk_seed)


def _check_frames(frames: int, segments: int) -> None:
    most = most_frames(segments)
    if frames > most:
        raise StudioError(
            f"{segments} segments of {frames} frames are too many: with so many segments each may have at most {most}",
            "error.path_frames",
            segments=segments,
            frames=frames,
            most=most,
        )


def _latent(key: KeyFrame, latent_size: int) -> torch.Tensor:
    return unpack_one(key.z, latent_size) if key.z else latent_of_seed(key.seed, latent_size)
