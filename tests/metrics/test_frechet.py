import math

import pytest
import torch

from gan_studio.errors import StudioError
from gan_studio.metrics.frechet import Moments, frechet_distance, moments


def gaussian(mean, covariance):
    return Moments(torch.tensor(mean).double(), torch.tensor(covariance).double(), 100)


def test_identical_sets_are_at_no_distance():
    features = torch.randn(500, 20, generator=torch.Generator().manual_seed(0))
    assert frechet_distance(moments(features), moments(features)) == pytest.approx(0, abs=1e-10)


def test_a_shift_and_a_scale_match_the_closed_form():
    features = torch.randn(2000, 8, generator=torch.Generator().manual_seed(0)).double()
    features = (features - features.mean(0)) / features.std(0)
    shift, scale = 3.0, 2.0
    moved = features * scale + shift
    # ||shift||^2 + sum over coordinates of (sigma - scale sigma)^2, as both covariances share their axes
    trace = torch.cov(features.T).trace().item()
    expected = 8 * shift**2 + (scale - 1) ** 2 * trace
    assert frechet_distance(moments(features), moments(moved)) == pytest.approx(expected, rel=1e-10)


def test_gaussians_whose_covariances_do_not_commute():
    a, b = gaussian([0.0, 0.0], [[2.0, 1.0], [1.0, 1.0]]), gaussian([0.0, 0.0], [[1.0, 0.0], [0.0, 4.0]])
    # The roots of the eigenvalues l, m of a 2x2 product add up to sqrt(trace + 2 sqrt(det)).
    product = torch.tensor([[2.0, 4.0], [1.0, 4.0]])
    shared = math.sqrt(product.trace().item() + 2 * math.sqrt(torch.linalg.det(product).item()))
    assert frechet_distance(a, b) == pytest.approx(3 + 5 - 2 * shared, rel=1e-6)
    assert frechet_distance(b, a) == pytest.approx(frechet_distance(a, b), rel=1e-9)


def test_moments_are_those_of_the_library():
    features = torch.randn(50, 4, generator=torch.Generator().manual_seed(1))
    found = moments(features)
    torch.testing.assert_close(found.covariance, torch.cov(features.T.double()))
    torch.testing.assert_close(found.mean, features.double().mean(0))


def test_too_few_samples_for_the_features_are_refused_with_the_reason():
    with pytest.raises(StudioError, match="20 samples are too few for 20 features: take more than 20"):
        moments(torch.randn(20, 20))
