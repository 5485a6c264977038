"""Maps: what a view of a plane through the latent space, or of a square between four latents, asks for."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field

from gan_studio.errors import StudioError
from gan_studio.latent.blend import blend
from gan_studio.latent.directions import principal_directions
from gan_studio.latent.plane import Plane, plane_along, plane_through
from gan_studio.latent.sliders import MOST_DIRECTIONS
from gan_studio.latent.source import LIVE, Label, Seed, Source, SourceName, latent_of_seed
from gan_studio.latent.vectors import Packed, pack, unpack, unpack_one

MOST_PLACES = 64
"""How many places one request may ask for: it stands in one line with everybody's sliders."""

Coordinate = Annotated[float, Field(ge=-10_000, le=10_000)]
Share = Annotated[float, Field(ge=0, le=1)]
_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Axis(BaseModel):
    """A direction: number ``number`` of the first layer's principal ones, dimension ``number`` of the latent itself, or
    the vector ``z``, of any length."""

    model_config = _STRICT

    kind: Literal["principal", "raw", "given"] = "principal"
    number: Annotated[int, Field(ge=0, le=4096)] = 0
    z: Packed = ""


class PlaneRequest(BaseModel):
    """A plane through three latents ``z``, through those of three seeds from ``seed`` on, or from the latent ``z``
    along two directions."""

    model_config = _STRICT

    source: SourceName = LIVE
    through: Literal["latents", "seeds", "directions"] = "seeds"
    z: Packed = ""
    seed: Seed = 0
    directions: tuple[Axis, Axis] = (Axis(), Axis(number=1))


class MapRequest(BaseModel):
    """Pictures at ``places`` (x, y) of ``plane``, which is as :func:`pack_plane` makes it, all of class ``label``."""

    model_config = _STRICT

    source: SourceName = LIVE
    label: Label = 0
    plane: Packed
    places: Annotated[tuple[tuple[Coordinate, Coordinate], ...], Field(min_length=1, max_length=MOST_PLACES)]


class BlendRequest(BaseModel):
    """Pictures at ``places`` (to the right, down) of the square between four latents.

    ``corners``: up to four, from the top left row by row; those of seeds from ``seed`` on stand at the others.
    """

    model_config = _STRICT

    source: SourceName = LIVE
    label: Label = 0
    corners: Packed = ""
    seed: Seed = 0
    places: Annotated[tuple[tuple[Share, Share], ...], Field(min_length=1, max_length=MOST_PLACES)]


def plane_of(request: PlaneRequest, source: Source) -> tuple[Plane, torch.Tensor]:
    """The plane of ``request``, and the places (M, 2) of the latents it was asked through.

    Raises :class:`StudioError` where they span no plane.
    """
    if request.through == "directions":
        (start,) = _some(request.z, source, 1)
        plane, marks = plane_along(start, *(_direction(axis, source) for axis in request.directions)), start[None]
    else:
        marks = _some(request.z, source, 3) if request.through == "latents" else _seeds(request.seed, 3, source)
        plane = plane_through(*marks)
    return plane, plane.place_of(marks)


def map_latents(request: MapRequest | BlendRequest, source: Source) -> torch.Tensor:
    """The latents (N, Z) at the places of a request."""
    places = torch.tensor(request.places)
    if isinstance(request, BlendRequest):
        return blend(_corners(request, source), places)
    return Plane(*_some(request.plane, source, 3)).at(places)


def pack_plane(plane: Plane) -> str:
    """A plane as it travels: origin and the two axes."""
    return pack(torch.stack([plane.origin, plane.across, plane.up]))


def _direction(axis: Axis, source: Source) -> torch.Tensor:
    """The direction (Z,) of an axis; raises :class:`StudioError` where this generator has none such."""
    if axis.kind == "given":
        vector = unpack_one(axis.z, source.latent_size)
        if not vector.norm() > 1e-6:
            raise StudioError("a direction of length zero leads nowhere: choose another one", "error.zero_direction")
        return vector / vector.norm()
    if axis.kind == "principal":
        known = source.directions
        if axis.number >= len(known):
            known, _ = principal_directions(source.network.first.weight[:, : source.latent_size], MOST_DIRECTIONS)
    else:
        known = torch.eye(source.latent_size)
    if axis.number >= len(known):
        raise StudioError(
            f"there is no direction {axis.number + 1}: this generator has {len(known)} of this kind; choose another",
            "error.no_direction",
            number=axis.number + 1,
            count=len(known),
        )
    return known[axis.number]


def _corners(request: BlendRequest, source: Source) -> torch.Tensor:
    given = unpack(request.corners, source.latent_size)[:4] if request.corners else torch.empty(0, source.latent_size)
    return torch.cat([given, _seeds(request.seed, 4 - len(given), source)])


def _seeds(first: int, count: int, source: Source) -> torch.Tensor:
    if count == 0:
        return torch.empty(0, source.latent_size)
    return torch.stack([latent_of_seed(first + i, source.latent_size) for i in range(count)])


def _some(text: str, source: Source, count: int) -> torch.Tensor:
    latents = unpack(text, source.latent_size)
    if len(latents) != count:
        raise StudioError(f"{len(latents)} latents were sent; {count} are needed here")
    return latents
