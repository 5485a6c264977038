"""Planes through the latent space, and grids of latents on them."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from gan_studio.errors import StudioError


@dataclass(frozen=True)
class Plane:
    """All ``origin + a * across + b * up``: origin (Z,), across and up (Z,) of length 1 and at right angles."""

    origin: torch.Tensor
    across: torch.Tensor
    up: torch.Tensor

    def at(self, places: torch.Tensor) -> torch.Tensor:
        """The latents (N, Z) of places (N, 2)."""
        return self.origin + places[:, :1] * self.across + places[:, 1:] * self.up

    def place_of(self, z: torch.Tensor) -> torch.Tensor:
        """Where latents (N, Z), or their nearest points on the plane, are: (N, 2)."""
        return torch.stack([(z - self.origin) @ self.across, (z - self.origin) @ self.up], 1)

    def grid(self, centre: tuple[float, float], half_width: float, side: int) -> torch.Tensor:
        """``side`` x ``side`` latents (N, Z) around ``centre``, row by row from the top left."""
        line = torch.linspace(-half_width, half_width, side) if side > 1 else torch.zeros(1)
        up, across = torch.meshgrid(-line + centre[1], line + centre[0], indexing="ij")
        return self.at(torch.stack([across.flatten(), up.flatten()], 1))


def plane_through(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor) -> Plane:
    """The plane through three latents (Z,), with ``a`` as origin and ``b`` on the axis to the right.

    Raises :class:`StudioError` where they lie on one line.
    """
    axes = _orthonormal(b - a, c - a)
    if axes is None:
        raise StudioError("these latents lie on one line: choose others to span a plane", "error.one_line")
    return Plane(a, *axes)


def plane_along(origin: torch.Tensor, first: torch.Tensor, second: torch.Tensor) -> Plane:
    """The plane through ``origin``: (Z,) along two directions (Z,): up goes what of the second is at right angles.

    Raises :class:`StudioError` where they are parallel or zero.
    """
    axes = _orthonormal(first, second)
    if axes is None:
        raise StudioError("these two directions are parallel: choose another one to go up", "error.parallel")
    return Plane(origin, *axes)


def _orthonormal(first: torch.Tensor, second: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Two vectors (Z,), turned by Gram and Schmidt; None where they are parallel or one is zero."""
    if len(first) < 2:
        raise StudioError("a latent space of one dimension has no planes", "error.no_planes")
    across = first / first.norm().clamp_min(1e-12)
    rest = second - (second @ across) * across
    if first.norm() < 1e-6 or rest.norm() < 1e-4 * second.norm().clamp_min(1e-6):
        return None
    return across, rest / rest.norm()
