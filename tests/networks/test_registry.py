import pytest
import torch

from gan_studio.errors import StudioError
from gan_studio.networks import NETWORKS, build_networks
from tests.conftest import tiny_config

SHAPES = [(1, 28, 28), (3, 32, 32)]


def build(name, shape=(1, 28, 28), seed=0):
    return build_networks(tiny_config(name), shape, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NETWORKS)
def test_shapes_ranges_and_gradients(name, shape):
    generator, discriminator = build(name, shape)
    images = generator(torch.randn(5, 8))
    assert images.shape == (5, *shape) and images.abs().max() <= 1
    logits = discriminator(images)
    assert logits.shape == (5,)
    logits.sum().backward()
    for parameter in [*generator.parameters(), *discriminator.parameters()]:
        assert parameter.grad.isfinite().all()
    assert all(any(p.grad.abs().sum() > 0 for p in network.parameters()) for network in (generator, discriminator))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_first_layer_is_linear_in_the_latent(name):
    generator, _ = build(name)
    assert isinstance(generator.first, torch.nn.Linear) and generator.first.in_features == 8


@pytest.mark.parametrize("name", NETWORKS)
def test_the_seed_decides_the_weights_and_nothing_else_does(name):
    torch.manual_seed(1)
    first = build(name)
    torch.manual_seed(2)
    second, other = build(name), build(name, seed=1)
    for a, b, c in zip(first, second, other, strict=True):
        assert all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))
        assert any(not torch.equal(x, y) for x, y in zip(a.parameters(), c.parameters(), strict=True))


def test_dcgan_refuses_sides_it_cannot_halve_twice():
    with pytest.raises(StudioError, match="divisible by 4, not 30 x 28"):
        build("dcgan", (1, 30, 28))


def test_the_default_dcgan_starts_at_the_papers_scale():
    generator, discriminator = build_networks(tiny_config("dcgan", channels=48), (1, 28, 28), torch.Generator())
    weights = [generator.first.weight, generator.rest[2].weight, discriminator.layers[2].weight]
    assert all(w.std().item() == pytest.approx(0.02, rel=0.05) for w in weights)
