"""Paths between two latents."""

from __future__ import annotations

import torch


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
