import pytest
import torch

from gan_studio.judges.along import curves_along, distances
from gan_studio.latent.journey import KeyFrame, PathRequest, journey_of
from gan_studio.metrics.classifier import load_judge
from tests.judges.conftest import pictures

GREY = (1, 28, 28)
KEYS = tuple(KeyFrame(seed=seed, label=seed) for seed in (3, 4, 5))


def measure(player, data, **request):
    wanted = PathRequest(keys=KEYS, frames=12, **request)
    journey = journey_of(wanted, player.source)
    return journey, curves_along(player, data, journey, wanted.closed)


def test_distances_are_between_neighbours_and_a_closed_path_has_one_more():
    places = torch.tensor([[0.0, 0.0], [3.0, 4.0], [3.0, 5.0], [0.0, 5.0]])
    assert distances(places, closed=False).tolist() == [0, 5, 1, 3]
    assert distances(places, closed=True).tolist() == [5, 5, 1, 3]


def test_every_frame_is_judged_by_itself_where_the_discriminator_does_so(make_player):
    data = pictures(GREY)
    player = make_player(data)
    journey, curves = measure(player, data)
    assert set(curves.rows) == {"linear", "spherical"} and curves.is_probability and curves.threshold == 0.5
    for name, latents in journey.rows.items():
        expected = player.judge.outputs(player.source.draw(latents), None).sigmoid()
        torch.testing.assert_close(curves.rows[name].scores, expected)


def test_distances_of_digits_are_measured_in_the_classifiers_features(make_player):
    data = pictures(GREY)
    player = make_player(data)
    journey, curves = measure(player, data, closed=True)
    judge = load_judge("mnist")
    features = judge.look(player.source.draw(journey.rows["linear"])).features
    torch.testing.assert_close(curves.rows["linear"].distances, distances(features, closed=True))
    assert curves.measured_in == judge.name


def test_pictures_without_a_classifier_are_measured_in_pixels(make_player):
    data = pictures((3, 32, 32), name="cifar10")
    _, curves = measure(make_player(data), data)
    assert curves.measured_in == "pixels" and curves.rows["linear"].distances[1:].min() > 0


@pytest.mark.parametrize(
    "values",
    [
        {"network": "dcgan", "discriminator_norm": "batch"},
        {"minibatch_std": True},
        {"pack": 3, "batch_size": 9},
        {"objective": "mmd"},
        {"generator_conditioning": "embedding", "discriminator_conditioning": "projection", "minibatch_std": True},
        {
            "generator_conditioning": "embedding",
            "discriminator_conditioning": "projection",
            "minibatch_std": True,
            "classes_from_latent": True,
            "latent_size": 16,
        },
    ],
)
def test_what_looks_at_others_sees_each_frame_among_random_ones(make_player, values):
    data = pictures(GREY)
    player = make_player(data, steps=3, **values)
    _, curves = measure(player, data, morph=True)
    _, again = measure(player, data, morph=True)
    _, longer = measure(player, data, morph=True, mode="walk", segments=12)  # 145 frames: two batches
    scores = curves.rows["spherical"].scores
    assert scores.shape == (25,) and scores.isfinite().all() and scores.std() > 0
    assert torch.equal(scores, again.rows["spherical"].scores)
    assert longer.rows["walk"].scores.shape == (145,)
    # Alike frames, in company, get alike scores: they are in their right order.
    jumps = longer.rows["walk"].scores.diff().abs().mean()
    assert jumps < (longer.rows["walk"].scores - longer.rows["walk"].scores.flip(0)).abs().mean()
