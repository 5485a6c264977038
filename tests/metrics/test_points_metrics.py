import math

import pytest
import torch

from gan_studio.metrics import points as points_module
from gan_studio.metrics.points import (
    BANDWIDTHS,
    PAIRED,
    histogram,
    js_divergence,
    kl_divergence,
    sliced_wasserstein,
    squared_mmd_of_points,
)
from gan_studio.objectives.kernels import mixture, squared_mmd


def normal(count, seed):
    return torch.randn(count, 2, generator=torch.Generator().manual_seed(seed))


def test_the_histogram_counts_places_and_what_lies_outside():
    points = torch.tensor([[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [3.0, 0.0]])
    assert histogram(points, 1.0, 2).tolist() == [0.25, 0.25, 0, 0.25, 0.25]


def test_divergences_of_equal_disjoint_and_known_histograms():
    p, q = torch.tensor([0.5, 0.5, 0.0]).double(), torch.tensor([0.25, 0.75, 0.0]).double()
    assert kl_divergence(p, p, 1e-6) == pytest.approx(0) and js_divergence(p, p) == pytest.approx(0)
    assert kl_divergence(p, q, 1e-6) == pytest.approx(0.5 * math.log(2) + 0.5 * math.log(2 / 3))
    assert js_divergence(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])) == pytest.approx(math.log(2))
    assert kl_divergence(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), 0.01) == pytest.approx(math.log(100))


def test_the_sliced_distance_of_a_shift_is_its_length_by_root_two():
    points = normal(500, 0)
    assert sliced_wasserstein(points, points) == 0
    moved = sliced_wasserstein(points, points + torch.tensor([3.0, 4.0]))
    assert moved == pytest.approx(5 / math.sqrt(2), rel=1e-6)  # the mean of cos^2 over even angles is 1/2


def test_the_discrepancy_of_points_is_small_for_one_distribution_and_large_for_two():
    assert abs(squared_mmd_of_points(normal(500, 0), normal(500, 1))) < 0.02
    assert squared_mmd_of_points(normal(500, 0), normal(500, 1) + 1) > 0.1


@pytest.mark.parametrize("at_once", [1, 7, 50, 1000])
def test_the_discrepancy_is_the_sum_over_all_pairs_however_many_at_once(at_once):
    x, y = normal(60, 0), normal(45, 1) + 0.3
    whole = squared_mmd(mixture("gaussian", BANDWIDTHS), x.double(), y.double()).item()
    assert squared_mmd_of_points(x, y, at_once) == pytest.approx(whole, rel=1e-10)


def test_the_discrepancy_of_many_points_never_holds_all_pairs(monkeypatch):
    largest = []

    def watched(name, scales):
        kernel = mixture(name, scales)

        def gram(x, y):
            largest.append(len(x) * len(y))
            return kernel(x, y)

        return gram

    monkeypatch.setattr(points_module, "mixture", watched)
    squared_mmd_of_points(normal(700, 0), normal(600, 1))
    assert max(largest) == PAIRED**2
