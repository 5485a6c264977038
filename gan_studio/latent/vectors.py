"""Latents as they travel between browser and server."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

import numpy as np
import torch
from pydantic import Field

from gan_studio.errors import StudioError

MOST_LATENTS = 400
"""How many latents one request may bring: a map of 20 x 20."""
_MOST_SIZE = 1024
Packed = Annotated[str, Field(max_length=MOST_LATENTS * _MOST_SIZE * 4 * 4 // 3 + 4)]
"""Latents (N, Z) as little-endian float32 in base64."""


def pack(latents: torch.Tensor) -> str:
    """Latents (N, Z) or (Z,) as :data:`Packed`."""
    return base64.b64encode(latents.float().cpu().contiguous().numpy().astype("<f4").tobytes()).decode()


def unpack_one(text: str, latent_size: int) -> torch.Tensor:
    """The one latent (Z,) in ``text``; raises :class:`StudioError` as :func:`unpack`, and where there are more."""
    latents = unpack(text, latent_size)
    if len(latents) > 1:
        raise StudioError(
            f"z: {latents.numel()} numbers do not make one latent of {latent_size}: it was kept from a generator of "
            "another latent size; choose its run",
            "error.latent_size",
            size=latent_size,
        )
    return latents[0]


def unpack(text: str, latent_size: int) -> torch.Tensor:
    """The latents (N, Z) in ``text``, for a generator whose latents have ``latent_size`` numbers.

    Raises :class:`StudioError` where they are none, too many, not finite, or of another size.
    """
    try:
        numbers = np.frombuffer(base64.b64decode(text, validate=True), "<f4")
    except (binascii.Error, ValueError):
        raise StudioError("z: not latents: float32 numbers in base64 are expected", "error.bad_latents") from None
    if len(numbers) == 0 or len(numbers) % latent_size:
        raise StudioError(
            f"z: {len(numbers)} numbers do not make latents of {latent_size}: they were kept from a generator of "
            "another latent size; choose its run",
            "error.latent_size",
            size=latent_size,
        )
    if len(numbers) // latent_size > MOST_LATENTS:
        raise StudioError(f"z: {len(numbers) // latent_size} latents at once; at most {MOST_LATENTS} are drawn")
    if not np.isfinite(numbers).all() or np.abs(numbers).max() > 1000:
        raise StudioError("z: latents must be finite numbers of at most 1000", "error.bad_latents")
    return torch.from_numpy(numbers.astype(np.float32)).view(-1, latent_size)
