"""Spectral normalisation: each weight is divided by its largest singular value."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import normalize
from torch.nn.utils.parametrize import register_parametrization

FIRST_ITERATIONS = 15
EPSILON = 1e-12


class SpectralNorm(nn.Module):
    """A parametrisation that divides a weight by its spectral norm (Miyato et al. 2018, arXiv:1802.05957).

    The same method as :func:`torch.nn.utils.parametrizations.spectral_norm`, one power iteration at each use
    in training, and two things more: the start vectors come from ``rng``, not from the process's generator,
    and the estimate is computed in float32 whatever autocast says.
    """

    def __init__(self, weight: torch.Tensor, rng: torch.Generator):
        super().__init__()
        matrix = _matrix(weight)
        self.register_buffer("_u", normalize(torch.randn(matrix.shape[0], generator=rng), dim=0))
        self.register_buffer("_v", normalize(torch.randn(matrix.shape[1], generator=rng), dim=0))
        for _ in range(FIRST_ITERATIONS):
            self._iterate(matrix)

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        with torch.autocast(weight.device.type, enabled=False):
            matrix = _matrix(weight)
            if self.training:
                self._iterate(matrix)
            # Copies: the next use changes the vectors while this one's backward pass may be still to come.
            norm = self._u.clone() @ (matrix @ self._v.clone())
            return weight / norm.clamp_min(EPSILON)

    @torch.no_grad()
    def _iterate(self, matrix: torch.Tensor) -> None:
        self._u.copy_(normalize(matrix @ self._v, dim=0, eps=EPSILON))
        self._v.copy_(normalize(matrix.T @ self._u, dim=0, eps=EPSILON))


def _matrix(weight: torch.Tensor) -> torch.Tensor:
    """(out, in, H, W) or (out, in) as a matrix (out, rest); free where a kernel is channels-last."""
    return weight.permute(0, 2, 3, 1).flatten(1) if weight.dim() == 4 else weight


@torch.no_grad()
def normalise_weights(network: nn.Module, rng: torch.Generator) -> None:
    """Put every linear, convolution and embedding weight of ``network`` under :class:`SpectralNorm`.

    A weight that starts at zero has no direction to keep and gets a random one.
    """
    for layer in list(network.modules()):
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.Embedding):
            if not layer.weight.any():
                nn.init.normal_(layer.weight, generator=rng)
            register_parametrization(layer, "weight", SpectralNorm(layer.weight, rng))
