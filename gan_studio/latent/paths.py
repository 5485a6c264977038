"""Paths through the latent space: between two latents, along many, and at random; and the shell that latents are on."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import torch

from gan_studio.errors import StudioError

Kind = Literal["linear", "spherical"]
Easing = Literal["none", "smooth", "segment"]
_FINER = 4


def lerp(a: torch.Tensor, b: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """The straight line from ``a``: (Z,) at t = 0 to ``b``: (Z,) at t = 1, for t: (N,), as (N, Z)."""
    t = t[:, None]
    return (1 - t) * a + t * b


def slerp(a: torch.Tensor, b: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """The great arc from ``a``: (Z,) to ``b``: (Z,), for t: (N,), as (N, Z).

    Shoemake 1985; White 2016, arXiv:1609.04468. The angle turns evenly and, as the two ends may differ in
    length, the length changes geometrically, so it stays exactly constant where both ends have the same.
    Between opposite ends every way round is an arc: it goes by the axis that is most at right angles to them. Falls
    back to :func:`lerp` where an end is zero, or both point the same way.
    """
    kind, t = a.dtype, t.double()
    a, b = a.double(), b.double()  # in float32, opposite ends cannot be told from nearly opposite ones
    length_a, length_b = a.norm(), b.norm()
    if not (length_a > 0 and length_b > 0):
        return lerp(a, b, t).to(kind)
    unit_a, unit_b = a / length_a, b / length_b
    angle = torch.arccos((unit_a @ unit_b).clamp(-1, 1))
    if angle.sin() >= 1e-4:
        aside = (unit_b - angle.cos() * unit_a) / angle.sin()
    elif angle < 1 or len(a) == 1:
        return lerp(a, b, t).to(kind)
    else:
        angle = torch.full_like(angle, math.pi)
        axis = torch.nn.functional.one_hot(unit_a.abs().argmin(), len(a)).to(a.dtype)
        aside = axis - (axis @ unit_a) * unit_a
        aside = aside / aside.norm()
    t = t[:, None]
    direction = torch.cos(t * angle) * unit_a + torch.sin(t * angle) * aside
    return (direction * length_a ** (1 - t) * length_b**t).to(kind)


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
    radius = _radius(start)
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


def closed_walk(start: torch.Tensor, segments: int, frames: int, seed: int) -> torch.Tensor:
    """``segments * frames`` latents (N, Z) from ``start``: (Z,) around a smooth loop on the sphere through it.

    The last one leads to the first by a step as long as the others, about a quarter turn in ``frames`` frames as in
    :func:`random_walk`. Raises :class:`StudioError` as that does.
    """
    radius, count = _radius(start), segments * frames
    loop = _random_loop(start.double() * math.sqrt(len(start)) / radius, segments, _FINER * count, seed)
    loop = loop / loop.norm(dim=1, keepdim=True)
    # Even steps along it: places at equal distances on the great arcs between its points.
    apart = 2 * torch.arcsin((loop.diff(dim=0).norm(dim=1) / 2).clamp(max=1))
    gone = torch.cat([torch.zeros(1), apart.cumsum(0)]).numpy()
    positions = np.interp(np.arange(count) * gone[-1] / count, gone, np.arange(len(gone)))
    return (radius * key_path(loop, torch.from_numpy(positions), "spherical")).to(start.dtype)


def _random_loop(start: torch.Tensor, segments: int, count: int, seed: int) -> torch.Tensor:
    """A periodic, band-limited Gaussian process from ``start``: (Z,) and back, at ``count`` steps: (count + 1, Z).

    Waves of the frequencies 1 to K have one share w each of the variance, which is 1, and a constant the rest. K is the
    least, and w such, that the process turns by ``segments`` quarters: the root mean square frequency is segments / 4.
    """
    top = next(k for k in range(1, segments + 1) if (k + 1) * (2 * k + 1) >= 6 * (segments / 4) ** 2)
    frequencies = torch.arange(top + 1, dtype=torch.float64)
    shares = torch.full((top + 1,), (segments / 4) ** 2, dtype=torch.float64) / frequencies.square().sum()
    shares[0] = 1 - shares[1:].sum()
    rng = torch.Generator().manual_seed(seed)
    even, odd = shares.sqrt()[:, None] * torch.randn(2, top + 1, len(start), generator=rng).double()
    even = even + shares[:, None] * (start - even.sum(0))  # given that it begins at the start
    angle = 2 * math.pi * torch.arange(count + 1, dtype=torch.float64)[:, None] / count * frequencies
    return angle.cos() @ even + angle.sin() @ odd


def wandering_classes(first: int, segments: int, classes: int, seed: int, closed: bool = False) -> list[int]:
    """From class number ``first`` on to another one, drawn at random, with each segment; closed: in the end back to it.

    segments + 1 numbers, for :func:`mixed_classes`. Where there is no other class it stays.
    """
    rng, labels = torch.Generator().manual_seed(seed), [first]
    for number in range(1, segments if closed else segments + 1):
        barred = {labels[-1], first if closed and number == segments - 1 else None}
        others = [label for label in range(classes) if label not in barred] or [labels[-1]]
        labels.append(others[torch.randint(len(others), (), generator=rng).item()])
    return [*labels, first] if closed else labels


def _radius(start: torch.Tensor) -> torch.Tensor:
    radius = start.double().norm()
    if len(start) < 2 or not radius > 0:
        raise StudioError("there is no shell to walk on: it needs two or more numbers, not all zero", "error.no_shell")
    return radius


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
