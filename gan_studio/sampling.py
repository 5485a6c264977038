"""Many samples of a checkpoint, as an array or as one picture."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from gan_studio.config import make_config
from gan_studio.data.pixels import tile
from gan_studio.errors import StudioError
from gan_studio.latent.source import Source
from gan_studio.space import Space
from gan_studio.training.checkpoint import Checkpoint, CheckpointError, read_checkpoint

_BATCH = 500
_AT_ONCE = 20_000_000
"""Pixels times channels of the network that go through it at once: some hundred MB in every architecture."""
_MOST_PIXELS = 2**31


def load_source(path: Path, raw: bool = False) -> Source:
    """The averaged generator saved in ``path``, or the ``raw`` one that was trained.

    Raises :class:`CheckpointError` where it cannot be used.
    """
    return source_of(path, read_checkpoint(path), raw)


def source_of(path: Path, checkpoint: Checkpoint, raw: bool = False) -> Source:
    """The generator in ``checkpoint``, which was read from ``path``; as :func:`load_source`."""
    state = part_of(checkpoint, "generator" if raw else "average")
    try:
        space, config = Space.from_json(checkpoint.meta["space"]), make_config(checkpoint.meta["config"])
        return Source(config, space, state, int(checkpoint.meta["step"]))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path}: does not fit its own description: {error}") from None


def part_of(checkpoint: Checkpoint, part: str) -> dict[str, torch.Tensor]:
    """The tensors of one network: "average", "generator" or "discriminator"."""
    prefix = f"{part}."
    return {name.removeprefix(prefix): t for name, t in checkpoint.tensors.items() if name.startswith(prefix)}


def sample_images(checkpoint: Path, count: int, seed: int, label: str | None = None) -> np.ndarray:
    """``count`` samples of the averaged generator in ``checkpoint``.

    Pictures as (N, H, W, C) uint8, points as (N, 2) float32. A generator that knows classes draws the one called
    ``label``, or classes at random. The first samples of a seed are the same whatever ``count`` is.
    Raises :class:`StudioError` where there is no such class.
    """
    source = load_source(checkpoint)
    samples = draw_samples(source, count, seed, None if label is None else _class_index(source, label))
    return (samples if source.space.is_points else samples.permute(0, 2, 3, 1)).numpy()


def draw_samples(source: Source, count: int, seed: int, chosen: int | None = None) -> torch.Tensor:
    """``count`` samples of ``source``: (N, C, H, W) uint8 or points (N, 2), of class ``chosen`` or at random.

    The first samples of a seed are the same whatever ``count`` is.
    """
    if math.prod(source.space.shape) * count > _MOST_PIXELS:
        raise StudioError(f"{count} samples need more than {_MOST_PIXELS / 2**30:.0f} GiB; ask for fewer")
    rng = torch.Generator().manual_seed(seed)
    batches = []
    for start in range(0, count, _BATCH):
        z = torch.randn(_BATCH, source.latent_size, generator=rng)
        labels = None
        if source.conditional:
            labels = torch.randint(len(source.space.classes), (_BATCH,), generator=rng)
            labels = labels if chosen is None else torch.full_like(labels, chosen)
        elif chosen is not None:
            z = source.choose(z, chosen)
        batches += draw_parts(source, z, labels, count - start)
    samples = torch.cat(batches)
    if samples.is_floating_point() and not samples.isfinite().all():
        raise StudioError("the samples are not finite numbers: this generator has diverged", "error.run_diverged")
    return samples


def draw_parts(
    source: Source, z: torch.Tensor, labels: torch.Tensor | None, count: int | None = None
) -> Iterator[torch.Tensor]:
    """The first ``count`` samples, or all, of z: (N, Z) and classes (N,), as parts whose drawing fits into memory."""
    count = len(z) if count is None else min(count, len(z))
    pixels = 1 if source.space.is_points else math.prod(source.space.shape[1:])
    size = max(1, min(_BATCH, _AT_ONCE // (pixels * source.config.channels)))
    for start in range(0, count, size):
        # Always whole parts: the arithmetic may round differently for another batch size.
        part = slice(start, start + size)
        yield source.draw(z[part], None if labels is None else labels[part])[: count - start]


def _class_index(source: Source, label: str) -> int:
    if not source.conditional and not source.voters:
        raise StudioError(f"class {label}: this generator was not trained by class")
    if label not in source.space.classes:
        raise StudioError(f"class {label} is unknown; known classes: {', '.join(source.space.classes)}")
    return source.space.classes.index(label)


def save_images(images: np.ndarray, path: Path) -> None:
    """Write ``images`` as the array of that name of a compressed .npz file."""
    _write(path, lambda: np.savez_compressed(path, images=images))


def save_grid(images: np.ndarray, columns: int, path: Path) -> None:
    """Write images: (N, H, W, C) side by side, ``columns`` in a row, as a PNG file."""
    if images.ndim == 2:
        raise StudioError("this checkpoint generates points, not pictures: use --n for an .npz file")
    _write(path, lambda: tile(images, columns).save(path))


def _write(path: Path, action) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        action()
    except OSError as error:
        raise StudioError(f"{path}: cannot be written ({error})") from None
