import pytest
import torch
from pydantic import ValidationError

from gan_studio.errors import StudioError
from gan_studio.latent.export import MOST_FRAMES
from gan_studio.latent.journey import MOST_KEYS, FilmRequest, KeyFrame, PathRequest, journey_of, most_frames
from gan_studio.latent.source import Source, latent_of_seed
from gan_studio.latent.vectors import pack
from gan_studio.networks import build_generator
from gan_studio.space import Space
from tests.conftest import tiny_config

SEEDS = tuple(KeyFrame(seed=seed, label=seed) for seed in (3, 4, 5))


def make_source(**values):
    config = tiny_config(**values)
    space = Space((1, 28, 28), tuple("abcdefg"))
    torch.manual_seed(0)
    network = build_generator(config, space.shape, len(space.classes))
    return Source(config, space, network.state_dict(), 7)


def test_key_frames_are_seeds_or_given_latents():
    kept = torch.arange(8.0)
    request = PathRequest(keys=(KeyFrame(seed=3), KeyFrame(z=pack(kept)), KeyFrame(seed=5)), frames=4)
    journey = journey_of(request, make_source())
    assert set(journey.rows) == {"linear", "spherical"} and journey.stops == (0, 4, 8) and journey.labels is None
    for latents in journey.rows.values():
        assert latents.shape == (9, 8)
        torch.testing.assert_close(
            latents[list(journey.stops)], torch.stack([latent_of_seed(3, 8), kept, latent_of_seed(5, 8)])
        )


def test_a_closed_path_goes_back_to_the_first():
    journey = journey_of(PathRequest(keys=SEEDS, frames=4, closed=True), make_source())
    assert len(journey.rows["linear"]) == 12 and journey.stops == (0, 4, 8)


def test_a_walk_begins_at_the_first_key_frame_and_stays_on_its_sphere():
    journey = journey_of(PathRequest(mode="walk", keys=SEEDS[:1], frames=5, segments=3), make_source())
    walk = journey.rows["walk"]
    assert list(journey.rows) == ["walk"] and len(walk) == 16
    torch.testing.assert_close(walk[0], latent_of_seed(3, 8))
    torch.testing.assert_close(walk.norm(dim=1), walk[0].norm().expand(16))


def test_a_closed_walk_does_not_repeat_its_first_frame():
    journey = journey_of(PathRequest(mode="walk", keys=SEEDS[:1], frames=5, segments=3, closed=True), make_source())
    walk = journey.rows["walk"]
    assert len(walk) == 15 and journey.stops == (0,)
    steps = (walk.roll(-1, 0) - walk).norm(dim=1)
    assert steps.max() < 1.2 * steps.min()


@pytest.mark.parametrize("closed", [False, True])
def test_a_walk_goes_from_class_to_class_and_closed_back_to_the_first(closed):
    request = PathRequest(
        mode="walk", keys=SEEDS[:1], frames=5, segments=3, morph=True, label=1, easing="smooth", closed=closed
    )
    source = make_source(generator_conditioning="embedding")
    journey = journey_of(request, source)
    first, second, third, last = journey.classes
    assert first == 3 and (last == 3) == closed  # the key frame's class
    assert journey.labels.shape == (15 if closed else 16, 7)
    assert journey.labels[[0, 5, 10]].argmax(1).tolist() == [first, second, third]
    torch.testing.assert_close(journey.labels[6, [second, third]], torch.tensor([0.8, 0.2]))
    torch.testing.assert_close(journey.labels[14, [third, last]], torch.tensor([0.2, 0.8]))
    assert journey_of(request, make_source()).labels is None and journey_of(request, make_source()).classes == ()


@pytest.mark.parametrize("how", ["embedding", "batch_norm"])
def test_the_class_changes_along_the_path_where_there_are_classes(how):
    source = make_source(generator_conditioning=how, network="dcgan")
    request = PathRequest(keys=SEEDS[:2], frames=4, morph=True, label=1)
    journey = journey_of(request, source)
    assert journey.labels.shape == (5, 7) and journey.labels[2].tolist() == [0, 0, 0, 0.5, 0.5, 0, 0]
    images = source.draw(journey.rows["linear"], journey.labels)
    ends = source.draw(journey.rows["linear"][[0, 4]], torch.tensor([3, 4]))
    assert (images[[0, 4]].int() - ends.int()).abs().max() <= 1  # whole classes are themselves
    still = journey_of(request.model_copy(update={"morph": False}), source)
    assert still.labels.tolist() == [1] * 5
    assert journey_of(request, make_source()).labels is None


@pytest.mark.parametrize("how", [{}, {"closed": True}, {"mode": "walk", "segments": MOST_KEYS}])
def test_a_long_path_has_as_many_frames_as_a_film_and_no_more(how):
    source = make_source()
    keys = tuple(KeyFrame(seed=seed) for seed in range(MOST_KEYS))
    journey = journey_of(PathRequest(keys=keys, frames=6, **how), source)
    for latents in journey.rows.values():
        assert 6 * (MOST_KEYS - 1) < len(latents) <= MOST_FRAMES
    with pytest.raises(StudioError, match="at most 6"):
        journey_of(PathRequest(keys=keys, frames=7, **how), source)


def test_few_segments_may_have_many_frames():
    assert [most_frames(segments) for segments in (1, 12, 13, 40, 96)] == [48, 48, 44, 14, 6]


def test_latents_of_another_size_and_lonely_key_frames_are_refused():
    source = make_source()
    with pytest.raises(StudioError, match="another latent size"):
        journey_of(PathRequest(keys=(KeyFrame(seed=1), KeyFrame(z=pack(torch.ones(9))))), source)
    with pytest.raises(StudioError, match="at least two"):
        journey_of(PathRequest(keys=SEEDS[:1]), source)


@pytest.mark.parametrize(
    "bad",
    [{"keys": ()}, {"keys": SEEDS * 33}, {"frames": 1}, {"frames": 49}, {"easing": "x"}, {"mode": "x"}, {"nonsense": 1},
     {"segments": 0}, {"segments": 97}, {"walk_seed": -1}],
)  # fmt: skip
def test_requests_out_of_range_are_refused(bad):
    with pytest.raises(ValidationError):
        PathRequest(**{"keys": SEEDS, **bad})
    with pytest.raises(ValidationError):
        FilmRequest(keys=SEEDS, row="linear", format="exe")
