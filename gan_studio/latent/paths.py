"""Paths through the latent space: between two latents, along many, and at random; and the shell that latents are on."""

from __future__ import annotations

import math
from typing import Literal

import torch

from gan_studio.errors import StudioError

Kind = Literal["linear", "spherical"]
Easing = Literal["none", "smooth", "segment"]


def lerp(a: torch.Tensor, b: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """The straight line from ``a``: (Z,) at t = 0 to ``b``: (Z,) at t = 1, for t: (N,), as (N, Z)."""
    t = t[:, None]
    return (1 - t) * a + t * b


def slerp(a: torch.Tensor, b: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """The great arc from ``a``: (Z,) to ``b``: (Z,), for t: (N,), as (N, Z).

    Shoemake 1985; White 2016, arXiv:1609.04468. The angle turns evenly and, as the two ends may differ in
    length, the length changes geometrically, so it stays exactly constant where both ends have the same.
    Falls back to :func:`lerp` where an end is zero or the two are parallel and no arc is defined.
    """
    length_a, length_b = a.norm(), b.norm()
    if not (length_a > 0 and length_b > 0):
        return lerp(a, b, t)
    unit_a, unit_b = a / length_a, b / length_b
    angle = torch.arccos((unit_a @ unit_b).clamp(-1, 1))
    if angle.sin() < 1e-4:
        return lerp(a, b, t)
    t = t[:, None]
    direction = (torch.sin((1 - t) * angle) * unit_a + torch.sin(t * angle) * unit_b) / angle.sin()
    return direction * length_a ** (1 - t) * length_b**t


INTERPOLATIONS = {"linear": lerp, "spherical": slerp}


def key_path(keys: torch.Tensor, positions: torch.Tensor, kind: Kind) -> torch.Tensor:
    """The latents (N, Z) at ``positions``: (N,) of :func:`path_positions` along key frames (K, Z); for a closed path
    the first key frame stands at the end again.

    Each segment is a straight line or a great arc by itself, so the path has corners at the key frames.
    """
    path = torch.empty(len(positions), keys.shape[1], dtype=keys.dtype)
    segment = positions.floor().long().clamp(max=len(keys) - 2)
    for number in segment.unique().tolist():
        inside = segment == number
        t = (positions[inside] - number).to(keys.dtype)
        path[inside] = INTERPOLATIONS[kind](keys[number], keys[number + 1], t)
    return path


def path_positions(segments: int, frames: int, closed: bool = False, easing: Easing = "none") -> torch.Tensor:
    """Where each frame is, (N,) float64: key frame k is at position k exactly, and always one of the frames.

    ``frames`` to a segment, and one more at the end of an open path; the last frame of a closed one leads to the first.
    ``smooth`` starts and ends gently, ``segment`` does so at every key frame.
    """
    t = torch.linspace(0, segments, segments * frames + 1, dtype=torch.float64)
    if easing == "segment":
        t = t.floor() + _smoothstep(t - t.floor())
    elif easing == "smooth":
        t = segments * _smoothstep(t / segments)
        for key in range(segments + 1):  # the frame nearest to a key frame moves onto it, by half a step at most
            t[(t - key).abs().argmin()] = key
    return t[:-1] if closed else t


def _smoothstep(t: torch.Tensor) -> torch.Tensor:
    return t * t * (3 - 2 * t)


def mixed_classes(labels: torch.Tensor, positions: torch.Tensor, classes: int) -> torch.Tensor:
    """Shares of the classes, (N, K) float32, that go evenly from each key frame's class to the next one's.

    ``labels``: (K,) int64, one for each key frame of :func:`key_path`.
    """
    keys = torch.nn.functional.one_hot(labels, classes).double()
    return key_path(keys, positions, "linear").float()


def random_walk(start: torch.Tensor, count: int, frames: int, seed: int) -> torch.Tensor:
    """``count`` latents (N, Z) from ``start``: (Z,) along the sphere through it; the norm stays what it is.

    Each frame is a step of the same length on a great circle, a quarter turn in ``frames`` frames, which is as far as
    from one random latent to another. The direction drifts: after as many frames, 1 / e of it is left.
    Raises :class:`StudioError` where there is no sphere to walk on.
    """
    radius = start.double().norm()
    if len(start) < 2 or not radius > 0:
        raise StudioError("there is no shell to walk on: it needs two or more numbers, not all zero")
    rng = torch.Generator().manual_seed(seed)
    turn = torch.tensor(math.pi / 2 / frames, dtype=torch.float64)
    place, path = start.double() / radius, []
    heading = _tangent(torch.randn(len(start), generator=rng).double(), place)
    for _ in range(count):
        path.append(place)
        place, heading = place * turn.cos() + heading * turn.sin(), heading * turn.cos() - place * turn.sin()
        place = place / place.norm()  # rounding must not add up
        drift = _tangent(torch.randn(len(start), generator=rng).double(), place)
        heading = _tangent(heading + math.sqrt(2 / frames) * drift, place)
    return (radius * torch.stack(path)).to(start.dtype)


def _tangent(direction: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
    """``direction`` without its part along the unit vector ``place``, of length 1."""
    rest = direction - (direction @ place) * place
    return rest / rest.norm().clamp_min(1e-12)


def shell(latent_size: int) -> tuple[float, float, float]:
    """sqrt(Z), and between which lengths 95 % of all latents z ~ N(0, I) lie: (low, sqrt(Z), high).

    The squared length is chi-squared with Z degrees of freedom; its quantiles after Wilson and Hilferty 1931.
    """
    spread = 2 / (9 * latent_size)
    low, high = (max(1 - spread + x * math.sqrt(spread), 0) for x in (-1.96, 1.96))
    return math.sqrt(latent_size * low**3), math.sqrt(latent_size), math.sqrt(latent_size * high**3)
