import pytest
import torch

from gan_studio.errors import StudioError
from gan_studio.metrics.kernel import kernel_distance, polynomial_kernel


def normal(count, size, seed, shift=0.0):
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed)) + shift


def unbiased(x, y):
    """The estimate by its definition, pair by pair."""
    n, m = len(x), len(y)
    k = lambda a, b: (a @ b / len(a) + 1) ** 3  # noqa: E731
    own = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    other = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return (own + other - 2 * sum(k(a, b) for a in x for b in y) / (n * m)).item()


@pytest.mark.parametrize("blocks", [2, 3, 7])
def test_the_estimate_is_the_sum_over_pairs_whatever_the_blocks(blocks):
    x, y = normal(17, 5, 0).double(), normal(14, 5, 1, 0.3).double()
    assert kernel_distance(x, y, blocks).value == pytest.approx(unbiased(x, y), rel=1e-12)


def test_the_estimate_is_made_in_float64():
    x, y = normal(60, 5, 0, 30.0), normal(60, 5, 1, 30.0)  # kernels of 1e8, whose differences matter
    assert kernel_distance(x, y) == kernel_distance(x.double(), y.double())


def test_halves_of_one_set_are_at_no_distance_on_average():
    values = []
    for seed in range(40):
        features = normal(200, 6, seed)
        values.append(kernel_distance(features[:100], features[100:], 10).value)
    values = torch.tensor(values)
    assert values.mean().abs() < 3 * values.std() / 40**0.5
    assert values.min() < 0 < values.max()  # unbiased: below zero as often as above


def test_the_standard_error_says_how_much_estimates_vary():
    found = [kernel_distance(normal(200, 4, seed), normal(200, 4, 1000 + seed, 0.5)) for seed in range(40)]
    spread = torch.tensor([one.value for one in found]).std().item()
    told = sum(one.error for one in found) / len(found)
    assert 0.7 * spread < told < 1.4 * spread


def test_a_shift_is_noticed():
    found = kernel_distance(normal(400, 8, 0), normal(400, 8, 1, 0.5))
    assert found.value > 5 * found.error


def test_the_kernel_is_the_published_one():
    x = torch.tensor([[1.0, 2.0], [0.0, 3.0]])
    torch.testing.assert_close(polynomial_kernel(x, x), torch.tensor([[42.875, 64.0], [64.0, 166.375]]))


def test_too_few_samples_are_refused():
    with pytest.raises(StudioError, match="5 samples are too few: take 40 or more"):
        kernel_distance(normal(5, 3, 0), normal(50, 3, 0))
