import pytest
import torch

from gan_studio.metrics.modes import mode_coverage

MODES = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])


def test_counts_by_hand():
    samples = torch.tensor([[0.0, 0.29], [0.0, 0.31], [1.2, 0.0], [5.0, 5.0]])
    found = mode_coverage(samples, MODES, 0.1)
    assert (found.covered, found.modes, found.good) == (2, 3, 0.5)


def test_the_true_distribution_covers_all():
    rng = torch.Generator().manual_seed(0)
    samples = MODES[torch.randint(3, (2500,), generator=rng)] + 0.02 * torch.randn(2500, 2, generator=rng)
    found = mode_coverage(samples, MODES, 0.02)
    # A plane normal lies within three deviations with probability 1 - exp(-9/2).
    assert found.covered == 3 and found.good == pytest.approx(0.989, abs=0.01)


def test_nothing_is_good_far_away_or_not_a_number():
    assert mode_coverage(torch.full((10, 2), 9.0), MODES, 0.1).covered == 0
    assert mode_coverage(torch.full((10, 2), torch.nan), MODES, 0.1).good == 0
