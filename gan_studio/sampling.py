"""Many samples of a checkpoint, as an array or as one picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from gan_studio.config import make_config
from gan_studio.data.pixels import tile
from gan_studio.errors import StudioError
from gan_studio.latent.source import Source
from gan_studio.training.checkpoint import CheckpointError, read_checkpoint

_BATCH = 500
_MOST_PIXELS = 2**31


def load_source(path: Path) -> Source:
    """The averaged generator saved in ``path``; raises :class:`CheckpointError` where it cannot be used."""
    checkpoint = read_checkpoint(path)
    prefix = "average."
    state = {name.removeprefix(prefix): t for name, t in checkpoint.tensors.items() if name.startswith(prefix)}
    try:
        shape = tuple(int(side) for side in checkpoint.meta["shape"])
        return Source(make_config(checkpoint.meta["config"]), shape, state, int(checkpoint.meta["step"]))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path}: does not fit its own description: {error}") from None


def sample_images(checkpoint: Path, count: int, seed: int) -> np.ndarray:
    """``count`` pictures of the averaged generator in ``checkpoint``: (N, H, W, C) uint8.

    The first pictures of a seed are the same whatever ``count`` is.
    """
    source = load_source(checkpoint)
    rng = torch.Generator().manual_seed(seed)
    batches = []
    for start in range(0, count, _BATCH):
        # Always whole batches: the arithmetic may round differently for another batch size.
        images = source.draw(torch.randn(_BATCH, source.latent_size, generator=rng)).permute(0, 2, 3, 1)
        if images[0].numel() * count > _MOST_PIXELS:
            raise StudioError(f"{count} pictures need {images[0].numel() * count / 2**30:.1f} GiB; ask for fewer")
        batches.append(images[: count - start])
    return torch.cat(batches).numpy()


def save_images(images: np.ndarray, path: Path) -> None:
    """Write ``images`` as the array of that name of a compressed .npz file."""
    _write(path, lambda: np.savez_compressed(path, images=images))


def save_grid(images: np.ndarray, columns: int, path: Path) -> None:
    """Write images: (N, H, W, C) side by side, ``columns`` in a row, as a PNG file."""
    _write(path, lambda: tile(images, columns).save(path))


def _write(path: Path, action) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        action()
    except OSError as error:
        raise StudioError(f"{path}: cannot be written ({error})") from None
