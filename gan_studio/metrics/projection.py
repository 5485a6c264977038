"""Clouds of vectors seen from the side that shows most of them."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch

from gan_studio.errors import StudioError
from gan_studio.latent.components import principal_components
from gan_studio.latent.directions import with_signs

Method = Literal["pca", "tsne"]
PERPLEXITY = 30
_REDUCED = 30
_ITERATIONS = 500
_ANGLE = 0.7


def project(vectors: torch.Tensor, method: Method, seed: int = 0) -> torch.Tensor:
    """The vectors (N, F) as places (N, 2) in [-1, 1], the same for the same ``seed``.

    ``pca``: along the two principal directions (Pearson 1901). ``tsne``: neighbours stay neighbours, larger distances
    mean little (van der Maaten and Hinton 2008); scikit-learn's Barnes-Hut version, started from PCA, 500 iterations.
    Raises :class:`StudioError` where there are fewer than three vectors, or some are not finite.
    """
    if len(vectors) < 3 or not vectors.isfinite().all():
        raise StudioError(
            "a cloud needs at least three vectors of finite numbers: has this generator diverged?", "error.run_diverged"
        )
    places = _principal(vectors, 2) if method == "pca" else _neighbours(vectors, seed)
    places = places - places.mean(0)
    return places / places.abs().max().clamp_min(1e-12)


def _principal(vectors: torch.Tensor, count: int) -> torch.Tensor:
    """The coordinates (N, count) along the principal directions, each pointing to its largest entry's side."""
    found, _ = principal_components(vectors.float(), count)
    return torch.nn.functional.pad(with_signs(found.T).T.double(), (0, count - found.shape[1]))


def _neighbours(vectors: torch.Tensor, seed: int) -> torch.Tensor:
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    few = _principal(vectors, min(_REDUCED, vectors.shape[1]) if vectors.shape[1] > 2 else 2)
    few = few / few.std().clamp_min(1e-12)
    # More threads would fight with training for the cores, and wait for each other more than they work.
    with threadpool_limits(1):
        tsne = TSNE(
            2, init="pca", perplexity=min(PERPLEXITY, (len(few) - 1) / 3), max_iter=_ITERATIONS, angle=_ANGLE,
            random_state=seed, n_jobs=1,
        )  # fmt: skip
        return torch.from_numpy(tsne.fit_transform(few.numpy().astype(np.float32))).double()
