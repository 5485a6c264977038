import pytest
import torch

from gan_studio.errors import StudioError
from gan_studio.metrics import neighbours
from gan_studio.metrics.neighbours import compare_manifolds, diversity, memorised, nearest, radii


def normal(count, size=8, seed=0):
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed))


def clusters(labels, seed):
    """Ten far clusters; a sample for each label."""
    return normal(len(labels), seed=seed) * 0.1 + 5 * torch.eye(10, 8)[labels] + labels[:, None] * 3.0


def test_identical_sets_reach_every_upper_limit():
    found = compare_manifolds(normal(300), normal(300))
    assert found.precision == found.recall == found.coverage == 1.0
    assert found.density == pytest.approx(1.2, abs=1e-6)  # each fake lies in its twin's ball and in k others on average


def test_samples_of_one_distribution_come_close_to_them():
    found = compare_manifolds(normal(1000, 2), normal(1000, 2, seed=1))
    assert found.precision > 0.85 and found.recall > 0.85
    assert found.density == pytest.approx(1.0, abs=0.1)
    assert found.coverage == pytest.approx(1 - 2**-5, abs=0.05)  # Naeem et al. 2020, equation 7, N = M


def test_dropping_classes_lowers_recall_and_coverage_but_not_precision():
    real = clusters(torch.arange(1000) % 10, 0)
    whole = compare_manifolds(real, clusters(torch.arange(1000) % 10, 1))
    half = compare_manifolds(real, clusters(torch.arange(1000) % 5, 1))
    assert half.precision > whole.precision - 0.05
    assert half.recall < 0.6 * whole.recall and half.coverage < 0.6 * whole.coverage


def test_samples_off_the_manifold_lower_precision():
    real, near = normal(1000), normal(1000, seed=1)
    far = near + 3 * normal(1000, seed=2)
    assert compare_manifolds(real, far).precision < 0.3 * compare_manifolds(real, near).precision


def test_the_kth_neighbour_does_not_count_the_sample_itself():
    line = torch.tensor([[0.0], [1.0], [3.0], [6.0]])
    first, second = radii(line, (1, 2))
    assert first.tolist() == [1, 1, 2, 3] and second.tolist() == [3, 2, 3, 5]


def test_nearest_and_diversity_by_hand():
    line = torch.tensor([[0.0], [1.0], [3.0]])
    distance, index = nearest(torch.tensor([[0.9], [5.0]]), line)
    torch.testing.assert_close(distance, torch.tensor([0.1, 2.0]))
    assert index.tolist() == [1, 2]
    assert diversity(line) == pytest.approx(2.0)


def test_copies_of_training_pictures_are_memorised():
    train, test, fresh = normal(2000), normal(500, seed=1), normal(500, seed=2)
    unseen = nearest(test, train)[0]
    assert memorised(nearest(fresh, train)[0], unseen) < 0.03
    assert memorised(nearest(train[:500] + 1e-4, train)[0], unseen) == 1.0


@pytest.mark.parametrize("rows", [1, 7, 10_000])
def test_no_number_depends_on_the_size_of_a_block(rows, monkeypatch):
    real, fake = normal(120), normal(190, seed=1)
    expected = compare_manifolds(real, fake), diversity(real), nearest(fake, real), radii(real, (1, 3))
    for name in ("ROWS", "_NEAREST_ROWS"):
        monkeypatch.setattr(neighbours, name, rows)
    found = compare_manifolds(real, fake), diversity(real), nearest(fake, real), radii(real, (1, 3))
    assert found[0] == expected[0] and found[1] == pytest.approx(expected[1], rel=1e-6)
    torch.testing.assert_close(found[2:], expected[2:], rtol=1e-4, atol=1e-5)


def test_too_few_samples_are_refused():
    with pytest.raises(StudioError, match="4 samples are too few: take 6 or more"):
        compare_manifolds(normal(100), normal(4))
