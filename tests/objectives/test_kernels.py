"""Kernels against closed forms, and MMD against distributions whose distance is known."""

from typing import get_args

import pytest
import torch

from gan_studio.objectives.kernels import KERNELS, mixture, squared_mmd, witness
from gan_studio.settings import RunConfig

X = torch.tensor([[0.0, 0.0], [1.0, 2.0]], dtype=torch.float64)
Y = torch.tensor([[1.0, 1.0]], dtype=torch.float64)


def test_config_offers_exactly_the_registered_kernels():
    assert get_args(RunConfig.model_fields["kernel"].annotation) == tuple(KERNELS)
    assert all(row.formula and row.source for row in KERNELS.values())


def test_closed_forms():
    """F = 2, so squared distances (2, 1) and inner products (0, 3) are halved."""
    distance, inner = torch.tensor([[1.0], [0.5]]).double(), torch.tensor([[0.0], [1.5]]).double()
    torch.testing.assert_close(mixture("gaussian", [2.0])(X, Y), (-distance / 8).exp())
    torch.testing.assert_close(mixture("rational_quadratic", [0.5])(X, Y), (1 + distance) ** -0.5)
    torch.testing.assert_close(mixture("polynomial", [3.0])(X, Y), (inner + 1) ** 3)


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_are_symmetric_and_positive(name):
    points = torch.randn(12, 4, dtype=torch.float64)
    gram = mixture(name, [1.0, 2.0])(points, points)
    torch.testing.assert_close(gram, gram.T)
    assert torch.linalg.eigvalsh(gram).min() > -1e-9
    single = [mixture(name, [scale])(points, points) for scale in (1.0, 2.0)]
    torch.testing.assert_close(gram, single[0] + single[1])


def test_mmd_between_normals_matches_the_closed_form():
    """In one dimension, Gaussian kernel of width s: E k(x, y) = s / sqrt(s^2 + 2) exp(-d^2 / (2 (s^2 + 2)))."""
    rng = torch.Generator().manual_seed(0)
    x, y = (torch.randn(4000, 1, generator=rng, dtype=torch.float64) for _ in range(2))
    y = y + 1.5
    s, d = 1.0, 1.5
    same = s / (s**2 + 2) ** 0.5
    apart = same * torch.tensor(-(d**2) / (2 * (s**2 + 2))).exp()
    found = squared_mmd(mixture("gaussian", [s]), x, y)
    assert float(found) == pytest.approx(float(2 * same - 2 * apart), rel=0.05)


def test_mmd_is_unbiased():
    """Between two samples of one distribution it is zero on average, not above."""
    rng = torch.Generator().manual_seed(1)
    kernel = mixture("gaussian", [1.0])
    values = torch.stack([squared_mmd(kernel, *torch.randn(2, 8, 3, generator=rng).unbind()) for _ in range(800)])
    assert values.mean().abs() < 3 * values.std() / len(values) ** 0.5


def test_witness_is_larger_at_real():
    real, fake = torch.randn(50, 2) + 2, torch.randn(50, 2) - 2
    kernel = mixture("gaussian", [1.0])
    assert witness(kernel, real, real, fake).mean() > 0 > witness(kernel, fake, real, fake).mean()
