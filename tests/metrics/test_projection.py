import pytest
import torch

from gan_studio.errors import StudioError
from gan_studio.metrics.projection import project


def clusters(count=60, size=20, apart=8.0):
    rng = torch.Generator().manual_seed(0)
    vectors = torch.randn(2 * count, size, generator=rng)
    vectors[count:, 3] += apart
    return vectors


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_two_clusters_stay_apart(method):
    places = project(clusters(), method, seed=1)
    one, other = places[:60], places[60:]
    middle = (one.mean(0) + other.mean(0)) / 2
    axis = other.mean(0) - one.mean(0)
    assert ((one - middle) @ axis < 0).all() and ((other - middle) @ axis > 0).all()
    assert places.shape == (120, 2) and places.abs().max() == pytest.approx(1)


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_the_same_seed_gives_the_same(method):
    assert torch.equal(project(clusters(), method, seed=3), project(clusters(), method, seed=3))


def test_pca_shows_the_widest_directions():
    vectors = torch.randn(200, 6, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 20, 1, 5, 1, 1])
    places = project(vectors, "pca")
    correlation = torch.corrcoef(torch.cat([places.T, vectors[:, [1, 3]].T.double()])).abs()
    assert correlation[0, 2] > 0.99 and correlation[1, 3] > 0.97


def test_more_numbers_than_vectors_and_fewer_than_two():
    wide = torch.randn(10, 500, generator=torch.Generator().manual_seed(0))
    long = torch.cat([wide, torch.zeros(495, 500) + wide.mean(0)])  # the same directions, found the other way
    torch.testing.assert_close(project(wide, "pca"), project(long, "pca")[:10], atol=1e-4, rtol=0)
    before = wide.clone()
    assert project(wide[:, :1], "pca")[:, 1].abs().max() == 0
    assert project(wide[:, :1], "tsne").isfinite().all()
    assert torch.equal(wide, before)
    assert project(torch.zeros(20, 5), "pca").abs().max() == 0


def test_what_cannot_be_projected_is_refused():
    for vectors in (torch.zeros(2, 5), torch.full((10, 5), torch.nan)):
        with pytest.raises(StudioError, match="at least three vectors"):
            project(vectors, "pca")
