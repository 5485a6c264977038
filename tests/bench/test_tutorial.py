"""The tutorial loop trains what it is compared on."""

import pytest
import torch

from gan_studio.bench import tutorial
from gan_studio.data import DataSet
from gan_studio.data.pixels import to_unit_range
from tests.conftest import tiny_config

TOLD = {
    "latent_size": 16,
    "classes_from_latent": True,
    "generator_conditioning": "batch_norm",
    "discriminator_conditioning": "projection",
}


@pytest.fixture
def bundled(images, monkeypatch):
    """The small pictures in the place of the bundled ones."""
    monkeypatch.setattr(tutorial, "load_data", lambda config: images)
    return images


def test_pictures_come_one_by_one_in_the_networks_range(images):
    same = tutorial.Pictures(images, 28)
    picture, label = same[3]
    assert len(same) == 100 and label == 3
    assert torch.allclose(picture, to_unit_range(images.samples[3]), atol=1e-6)
    larger, _ = tutorial.Pictures(images, 64)[3]
    assert larger.shape == (1, 64, 64) and -1 <= larger.min() < larger.max() <= 1
    colours = DataSet("folder", images.samples.expand(-1, 3, -1, -1), images.labels)
    assert tutorial.Pictures(colours, 28)[0][0].shape == (3, 28, 28)


@pytest.mark.parametrize(("network", "fields"), [("mlp", {}), ("dcgan", {}), ("dcgan", TOLD)])
def test_the_loop_goes_on_after_an_epoch_with_the_wanted_batch(bundled, network, fields, monkeypatch):
    config = tiny_config(network, batch_size=48, **fields)
    built, build = [], tutorial.build_networks
    monkeypatch.setattr(tutorial, "build_networks", lambda *args: built.append(build(*args)) or built[-1])
    steps = tutorial.same_networks(config, workers=0)
    before = [parameter.clone() for model in built[0] for parameter in model.parameters()]
    for _ in range(5):  # two batches are an epoch
        next(steps)
    after = [parameter for model in built[0] for parameter in model.parameters()]
    assert all(not torch.equal(a, b) and b.isfinite().all() for a, b in zip(before, after, strict=True))


def test_points_are_trained_in_the_networks_unit():
    loader = tutorial.make_loader(tiny_config(dataset="ring8"), 256, 28, 0)
    points, _ = next(iter(loader))
    assert points.shape == (256, 2) and 0.5 < points.std() < 2


def test_the_tutorials_networks_are_those_of_the_pytorch_example():
    # That example has 3,576,704 and 2,765,568 weights for pictures in colour.
    generator, discriminator = tutorial.dcgan_pair(3)
    counts = [sum(p.numel() for p in network.parameters()) for network in (generator, discriminator)]
    assert counts == [3_576_704, 2_765_568]
    pictures = generator(torch.randn(2, tutorial.DCGAN_LATENT))
    assert pictures.shape == (2, 3, 64, 64) and pictures.abs().max() <= 1
    assert discriminator(pictures).shape == (2,)
    assert generator[1].weight.std().item() == pytest.approx(0.02, rel=0.05)


def test_the_tutorials_samples_do_not_depend_on_how_many_are_drawn(bundled):
    loop = tutorial.TutorialDCGAN(tiny_config(), seed=1)
    few, many = loop.sample(3, seed=5), loop.sample(65, seed=5)
    assert many.shape == (65, 1, 64, 64) and torch.equal(few, many[:3])
