"""What is laid over a map, from tiny networks."""

import pytest
import torch

from gan_studio.data import load_data
from gan_studio.errors import StudioError
from gan_studio.judges.heat import Alone, HeatMaps, HeatRequest
from gan_studio.judges.player import HeldOut
from gan_studio.latent.maps import PlaneRequest, map_latents, pack_plane, plane_of
from gan_studio.metrics.classifier import load_classifier
from gan_studio.metrics.copies import Preparing, TrainingPictures
from tests.conftest import tiny_config
from tests.judges.conftest import pictures

GREY = (1, 28, 28)
PLACES = [[float(x), float(y)] for x in range(4) for y in range(3)]


def request_for(player, **values):
    plane, _ = plane_of(PlaneRequest(), player.source)
    return HeatRequest(**{"plane": pack_plane(plane), "places": PLACES, **values})


@pytest.fixture
def heats(tmp_path):
    return HeatMaps(HeldOut(tmp_path), lambda config, space: TrainingPictures(config, tmp_path))


COUPLED = [
    {"discriminator_norm": "batch", "hidden": (16, 12, 8)},
    {"network": "dcgan", "discriminator_norm": "batch"},
    {"minibatch_std": True, "spectral_norm": True},
    {"pack": 3, "batch_size": 9},
]


@pytest.mark.parametrize("values", [{}, *COUPLED])
def test_a_verdict_alone_is_the_same_in_any_company(make_player, values):
    data = pictures(GREY)
    judge = make_player(data, steps=2, **values).judge
    alone = Alone(judge, data.samples[:100], None)
    one, many = alone.outputs(data.samples[150:151], None), alone.outputs(data.samples[150:250], None)
    torch.testing.assert_close(one[0], many[0], rtol=1e-4, atol=1e-4)
    if values in COUPLED:
        assert not torch.allclose(judge.outputs(data.samples[150:250], None), many, rtol=1e-4, atol=1e-5)
    else:
        torch.testing.assert_close(judge.outputs(data.samples[150:250], None), many)


@pytest.mark.parametrize("values", COUPLED[:3])
def test_among_its_companions_the_verdict_is_the_usual_one(make_player, values):
    data = pictures(GREY)
    judge = make_player(data, steps=2, **values).judge
    batch = data.samples[:100]
    found = Alone(judge, batch, None).outputs(batch, None)
    # Frozen variances are unbiased ones: 100 / 99 of those in use.
    torch.testing.assert_close(found, judge.outputs(batch, None), rtol=0.03, atol=0.03)


@pytest.mark.parametrize("objective", ["non_saturating", "wasserstein", "relativistic"])
def test_scores_do_not_depend_on_how_places_are_asked_for(make_player, heats, objective):
    data = load_data(tiny_config(dataset="emoji"))
    player = make_player(data, steps=1, objective=objective, discriminator_norm="batch", hidden=(16, 12, 8))
    whole = heats.measure(player, request_for(player))
    part = heats.measure(player, request_for(player, places=PLACES[5:7]))
    torch.testing.assert_close(part.values, whole.values[5:7], rtol=1e-4, atol=1e-4)
    assert part.limit == whole.limit and whole.step == 1 and whole.values.unique().numel() > 1
    if objective == "non_saturating":
        assert whole.limit == 0.5 and whole.values.min() >= 0 and whole.values.max() <= 1


def test_classes_and_distances_are_those_of_the_pictures(make_player, heats, tmp_path):
    player = make_player(load_data(tiny_config(dataset="emoji")), train_size=300)
    wanted = request_for(player, kind="class")
    drawn = player.source.draw(map_latents(wanted, player.source))
    found = heats.measure(player, wanted)
    classifier = load_classifier("emoji")
    assert found.values.tolist() == classifier.look(drawn).logits.argmax(1).tolist()
    assert found.names == classifier.classes
    nearest = TrainingPictures(player.config, tmp_path).nearest(drawn, "pixels")
    found = heats.measure(player, request_for(player, kind="pixels"))
    torch.testing.assert_close(found.values, nearest.distances[:, 0])
    assert found.limit == nearest.limit


def test_training_pictures_that_are_not_ready_are_not_waited_for(make_player, tmp_path):
    asked = []
    heats = HeatMaps(HeldOut(tmp_path), lambda *wanted: asked.append(wanted) or Preparing(0.25))
    player = make_player(pictures(GREY), steps=1)
    assert heats.measure(player, request_for(player, kind="features")) == Preparing(0.25)
    assert asked == [(player.config, "features")]
    assert heats.measure(player, request_for(player)).values.shape == (12,)  # the discriminator needs none


def test_a_class_is_judged_as_that_class(make_player, heats):
    conditions = {"generator_conditioning": "embedding", "discriminator_conditioning": "projection"}
    player = make_player(pictures(GREY), steps=3, **conditions)
    one, other = (heats.measure(player, request_for(player, label=label)).values for label in (0, 4))
    assert one.shape == (12,) and not torch.allclose(one, other)
    drawn = player.source.draw(map_latents(request_for(player), player.source), torch.full((12,), 4))
    expected = player.judge.scores(player.judge.outputs(drawn, torch.full((12,), 4)))
    torch.testing.assert_close(other, expected, rtol=1e-4, atol=1e-5)


def test_a_latent_that_chooses_its_class_is_judged_as_that_class(make_player, heats):
    conditions = {"generator_conditioning": "embedding", "discriminator_conditioning": "projection"}
    player = make_player(pictures(GREY), steps=3, **conditions, classes_from_latent=True, latent_size=16)
    latents = map_latents(request_for(player), player.source)
    found = heats.measure(player, request_for(player)).values
    expected = player.judge.scores(player.judge.outputs(player.source.draw(latents), latents[:, :10].argmax(1)))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_what_cannot_be_measured_is_refused(make_player, heats):
    points = make_player(load_data(tiny_config(dataset="ring8")))
    assert heats.measure(points, request_for(points)).values.shape == (12,)
    with pytest.raises(StudioError, match="no classifier and no nearest picture"):
        heats.measure(points, request_for(points, kind="class"))
    own = make_player(pictures(GREY, name="kmnist"))
    with pytest.raises(StudioError, match="no classifier for kmnist"):
        heats.measure(own, request_for(own, kind="class"))
