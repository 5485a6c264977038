import pytest
import torch

from gan_studio.errors import StudioError
from gan_studio.latent.components import activation_components, principal_components
from gan_studio.latent.directions import principal_directions
from gan_studio.latent.inside import layers_of
from tests.conftest import NETWORKS


def test_the_components_of_a_linear_layer_are_its_singular_vectors(make_generator):
    generator = make_generator(hidden=(16, 12), generator_norm="none")
    left, right = (torch.linalg.qr(torch.randn(n, 8, generator=torch.Generator().manual_seed(n)))[0] for n in (16, 8))
    generator.first.weight.copy_(left @ torch.diag(torch.tensor([9.0, 6, 4, 2.5, 1.5, 1, 0.6, 0.3])) @ right.T)
    found = activation_components(generator, "first", 8, count=4)
    expected, share = principal_directions(generator.first.weight, 4)
    assert ((found.directions * expected).sum(1).abs() > 0.99).all()
    torch.testing.assert_close(found.explained, share, rtol=0.05, atol=0)


def test_they_agree_with_an_exact_decomposition():
    from sklearn.decomposition import PCA

    rng = torch.Generator().manual_seed(0)
    features = torch.randn(400, 60, generator=rng) * 0.85 ** torch.arange(60) + 3
    exact = PCA(5).fit(features.numpy())
    expected = torch.from_numpy(exact.transform(features.numpy()))
    found, explained = principal_components(features.clone(), 5)
    torch.testing.assert_close(explained, torch.from_numpy(exact.explained_variance_ratio_), rtol=1e-3, atol=0)
    torch.testing.assert_close(found.abs(), expected.abs(), rtol=0, atol=0.05)


def test_large_maps_are_averaged_down_and_say_the_same(make_generator, monkeypatch):
    generator = make_generator(network="dcgan")
    generator.first.weight[:, 0] *= 8  # one direction stands out
    whole = activation_components(generator, "1", 8, count=2, latents=500)
    monkeypatch.setattr("gan_studio.latent.components._MOST_FEATURES", 8 * 4 * 4)  # 7 x 7 becomes 4 x 4
    averaged = activation_components(generator, "1", 8, count=2, latents=500)
    assert not torch.equal(whole.directions, averaged.directions)
    assert (whole.directions * averaged.directions).sum(1).abs()[0] > 0.8


@pytest.mark.parametrize("network", NETWORKS)
def test_every_layer_of_every_network_has_components(network, make_generator):
    generator = make_generator((1, 32, 32) if network in ("residual", "modern") else (1, 28, 28), network=network)
    for layer in layers_of(generator):
        found = activation_components(generator, layer, 8, count=3, latents=200)
        assert found.directions.shape == (3, 8) and found.explained.shape == (3,)
        torch.testing.assert_close(found.directions.norm(dim=1), torch.ones(3))
        assert found.explained.sum() <= 1.0001 and (found.explained.diff() <= 0).all()


def test_they_belong_to_the_class_where_there_is_one(make_generator):
    generator = make_generator(classes=3, generator_conditioning="embedding")
    found = [activation_components(generator, "2", 8, torch.tensor([label]), count=2, latents=200) for label in (0, 1)]
    assert not torch.allclose(found[0].explained, found[1].explained)


def test_the_same_seed_gives_the_same(make_generator):
    found = [activation_components(make_generator(), "2", 8, count=2, latents=100) for _ in range(2)]
    assert torch.equal(found[0].directions, found[1].directions)


def test_what_does_not_vary_or_exist_is_refused(make_generator):
    generator = make_generator(generator_norm="none")
    with pytest.raises(StudioError, match="there is no layer '99'"):
        activation_components(generator, "99", 8, latents=100)
    generator.first.weight.zero_()
    with pytest.raises(StudioError, match="collapsed or diverged"):
        activation_components(generator, "first", 8, latents=100)
