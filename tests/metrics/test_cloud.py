"""Clouds of an untrained generator's samples and real ones."""

import pytest
import torch

from gan_studio.data import load_data
from gan_studio.data.pixels import to_unit_range
from gan_studio.judges.player import HeldOut, Player
from gan_studio.latent.source import Source, latent_of_seed
from gan_studio.metrics import cloud as module
from gan_studio.metrics.cloud import CloudRequest, Clouds, make_cloud
from gan_studio.networks import build_generator
from tests.conftest import tiny_config


@pytest.fixture
def make_player():
    def make(dataset="mnist", seed=0, **values):
        config = tiny_config(dataset=dataset, **values)
        space = load_data(config, split="test").space
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = build_generator(config, space.shape, len(space.classes))
        return Player("one", config, Source(config, space, network.state_dict(), 7), None)

    return make


def test_the_generated_ones_belong_to_seeds_and_the_real_ones_are_held_out(make_player, digits):
    source = make_player().source
    cloud = make_cloud(source, "mnist", CloudRequest(generated=30, real=40, seed=5), digits)
    assert cloud.places.shape == (70, 2) and cloud.generated == 30 and cloud.what == "features" and cloud.step == 7
    expected = source.draw(latent_of_seed(5 + 17, source.latent_size)[None])[0]
    assert (cloud.images[17].int() - expected.int()).abs().max() <= 1
    flat = digits.samples.flatten(1)
    for i in (30, 69):
        (index,) = (flat == cloud.images[i].flatten()).all(1).nonzero()[0]
        assert cloud.names[cloud.classes[i]] == digits.classes[digits.labels[index]]
    assert cloud.classes.min() >= 0  # the classifier says what the generated ones are


def test_neighbours_are_the_nearest_in_what_is_projected(make_player):
    cloud = make_cloud(make_player().source, "mnist", CloudRequest(what="latents", generated=40, real=0), None)
    latents = torch.stack([latent_of_seed(seed, 8) for seed in range(40)])
    distances = (latents[3] - latents).norm(dim=1)
    assert cloud.neighbours[3].tolist() == distances.argsort()[1:9].tolist() and len(cloud.places) == 40


def test_without_a_classifier_pixels_are_projected(make_player, digits):
    cloud = make_cloud(make_player().source, "kmnist", CloudRequest(generated=20, real=20), digits)
    assert cloud.what == "pixels" and (cloud.classes[:20] == -1).all() and (cloud.classes[20:] >= 0).all()


def test_points_are_drawn_as_dots(make_player):
    player = make_player("ring8")
    cloud = Clouds(HeldOut(None)).make(player, CloudRequest(generated=20, real=30))
    assert cloud.images.shape == (50, 1, 24, 24) and cloud.what == "coordinates"


def test_the_classes_of_a_conditional_generator_are_known(make_player, digits):
    player = make_player(generator_conditioning="embedding")
    cloud = make_cloud(player.source, "mnist", CloudRequest(what="pixels", generated=20, real=10), digits)
    assert cloud.classes[:20].tolist() == [*range(10), *range(10)]


def test_a_cloud_is_kept_by_weights_and_settings(make_player, tmp_path):
    clouds, request = Clouds(HeldOut(None)), CloudRequest(generated=20, real=20, what="pixels")
    first = clouds.make(make_player(), request)
    assert clouds.make(make_player(), request.model_copy(update={"source": "another name"})) is first
    assert clouds.make(make_player(seed=1), request) is not first
    assert clouds.make(make_player(), request.model_copy(update={"seed": 1})) is not first
    anew = Clouds(HeldOut(None)).make(make_player(), request)
    assert torch.equal(anew.places, first.places) and torch.equal(anew.images, first.images)


def test_large_pictures_travel_small(make_player):
    player = make_player("emoji", network="dcgan", picture_size=64)
    cloud = make_cloud(player.source, "emoji", CloudRequest(what="latents", generated=10), None)
    assert cloud.images.shape == (10, 3, 48, 48)


def test_pixels_of_large_pictures_are_averaged_before_they_are_projected(make_player, monkeypatch):
    projected = []
    monkeypatch.setattr(module, "project", lambda vectors, *_: projected.append(vectors) or vectors[:, :2])
    player = make_player("emoji", network="dcgan", picture_size=64)
    make_cloud(player.source, "emoji", CloudRequest(what="pixels", generated=10), None)
    latents = torch.stack([latent_of_seed(seed, 8) for seed in range(10)])
    pixels = to_unit_range(player.source.draw(latents))
    averaged = pixels.unflatten(3, (32, 2)).unflatten(2, (32, 2)).mean((3, 5))
    torch.testing.assert_close(projected[0], averaged.flatten(1), atol=0.01, rtol=0)  # a sample may round otherwise
