import math

import pytest
import torch

from gan_studio.config import make_config
from gan_studio.data import TOYS, load_data


def grid(extent, cells):
    """The middles (cells ** 2, 2) of a square grid, and the area of a cell."""
    middles = (torch.arange(cells) + 0.5) / cells * 2 * extent - extent
    return torch.cartesian_prod(middles, middles), (2 * extent / cells) ** 2


CELLS = {"ring8": 600, "grid25": 250, "checkerboard": 250}
"""As fine as sigma 0.01 needs, and so that cells do not cross the edges of the squares; 150 do for the others."""


@pytest.fixture(params=TOYS)
def toy(request):
    return TOYS[request.param]


@pytest.fixture(scope="module")
def densities():
    """For each toy: the middles of cells, their areas, and the log densities there."""

    def of(name):
        points, area = grid(TOYS[name].extent, CELLS.get(name, 150))
        return points, area, TOYS[name].log_density(points)

    return {TOYS[name]: of(name) for name in TOYS}


def test_the_density_integrates_to_one_in_view(toy, densities):
    _, area, logs = densities[toy]
    assert (logs.exp().sum() * area).item() == pytest.approx(1.0, abs=1e-3)


def test_the_samples_follow_the_density(toy, densities):
    """The mean log density of samples is the negative entropy."""
    _, area, logs = densities[toy]
    negative_entropy = (torch.xlogy(logs.exp(), logs.exp()).sum() * area).item()
    samples, _ = toy.sample(3600, torch.Generator().manual_seed(0))
    of_samples = toy.log_density(samples)
    assert of_samples.mean().item() == pytest.approx(negative_entropy, abs=4 * of_samples.std().item() / 60 + 2e-3)


def test_regions_have_their_share_of_the_samples(toy, densities):
    """This catches a density of the right entropy in the wrong place."""
    points, area, logs = densities[toy]
    density = logs.exp() * area
    samples, _ = toy.sample(40_000, torch.Generator().manual_seed(1))
    for cut_x, cut_y in [(0.0, 0.0), (0.4, -0.6)]:
        expected = density[(points[:, 0] > cut_x) & (points[:, 1] > cut_y)].sum().item()
        found = ((samples[:, 0] > cut_x) & (samples[:, 1] > cut_y)).float().mean().item()
        assert found == pytest.approx(expected, abs=0.02)


def test_samples_fit_the_view_the_scale_and_the_classes(toy):
    samples, labels = toy.sample(10_000, torch.Generator().manual_seed(0))
    assert samples.dtype == torch.float32 and labels.dtype == torch.int64
    assert samples.abs().max() < toy.extent
    assert 0.4 < samples.div(toy.scale).square().mean().sqrt() < 1.5
    assert set(labels.tolist()) == set(range(max(1, len(toy.classes))))
    assert toy.source


@pytest.mark.parametrize(
    ("name", "modes", "sigma"), [("two_gaussians", 2, 0.2), ("ring8", 8, 0.01), ("grid25", 25, 0.05)]
)
def test_modes_and_sigma_are_those_of_the_samples(name, modes, sigma):
    toy = TOYS[name]
    samples, labels = toy.sample(50_000, torch.Generator().manual_seed(0))
    assert toy.modes.shape == (modes, 2) and toy.sigma == sigma
    for mode, centre in enumerate(toy.modes):
        own = samples[labels == mode]
        assert len(own) == pytest.approx(50_000 / modes, rel=0.15)
        assert torch.allclose(own.mean(0), centre, atol=5 * sigma / math.sqrt(len(own)))
        assert torch.allclose(own.std(0), torch.tensor(sigma), rtol=0.1)


def test_the_published_sets_are_as_published():
    assert torch.allclose(TOYS["ring8"].modes.norm(dim=1), torch.tensor(1.0))
    assert sorted(set(TOYS["grid25"].modes.flatten().tolist())) == [-4, -2, 0, 2, 4]


def test_splits_are_fixed_and_differ():
    config = make_config({"dataset": "spiral"})
    train, again, test = load_data(config), load_data(config), load_data(config, split="test")
    assert train.samples.shape == (100_000, 2) and torch.equal(train.samples, again.samples)
    assert not torch.equal(train.samples, test.samples)
    assert train.toy is TOYS["spiral"] and train.scale == train.toy.scale
