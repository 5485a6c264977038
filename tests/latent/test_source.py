import pytest
import torch
from pydantic import ValidationError

from gan_studio.latent.source import PATH_FRAMES, VARIATIONS, LatentRequest, Source, latent_of_seed, latents_of
from gan_studio.networks import build_networks
from gan_studio.space import Space
from tests.conftest import tiny_config


@pytest.fixture
def source():
    config = tiny_config()
    generator, _ = build_networks(config, (1, 28, 28), 0, torch.Generator().manual_seed(0))
    return Source(config, Space((1, 28, 28)), generator.state_dict(), step=0)


def first(request, source):
    return latents_of(request, source)[0]


def test_sliders_move_along_their_directions(source):
    base = latent_of_seed(5, 8)
    moved = first(LatentRequest(seed=5, principal=(0, 2.0), raw_start=6, raw=(0.5, 0, 9)), source)
    expected = base + 2 * source.directions[1]
    expected[6] += 0.5
    torch.testing.assert_close(moved, expected)


def test_truncation_scales_the_latent(source):
    torch.testing.assert_close(first(LatentRequest(seed=1, truncation=0.5), source), 0.5 * latent_of_seed(1, 8))


def test_variations_surround_the_picture_and_keep_the_latents_length(source):
    still = latents_of(LatentRequest(seed=1, spread=0), source)
    assert still.shape == (1 + VARIATIONS, 8) and torch.allclose(still, still[0].expand_as(still))
    near, far = (latents_of(LatentRequest(seed=1, spread=s), source) for s in (0.1, 0.9))
    assert (near[1:] - near[0]).norm(dim=1).max() < (far[1:] - far[0]).norm(dim=1).min()


def test_a_path_goes_from_seed_to_seed_straight_and_along_the_arc(source):
    path = latents_of(LatentRequest(view="path", seed=3, to_seed=4), source)
    assert path.shape == (2 * PATH_FRAMES, 8)
    for start in (0, PATH_FRAMES):
        torch.testing.assert_close(path[start], latent_of_seed(3, 8))
        torch.testing.assert_close(path[start + PATH_FRAMES - 1], latent_of_seed(4, 8))


def test_a_picture_follows_from_the_request_alone(source):
    request = LatentRequest(seed=9, principal=(1.0,))
    torch.randn(3)
    images = source.draw(latents_of(request, source))
    assert images.dtype == torch.uint8 and images.shape == (17, 1, 28, 28)
    assert torch.equal(images, source.draw(latents_of(request, source)))


@pytest.mark.parametrize(
    "bad",
    [{"seed": -1}, {"seed": 2**31}, {"principal": (11,)}, {"principal": (0,) * 9}, {"truncation": float("nan")},
     {"view": "x"}, {"spread": 2}, {"nonsense": 1}, {"raw_start": 10**6}, {"raw": ("a",)}],
)  # fmt: skip
def test_requests_out_of_range_are_refused(bad):
    with pytest.raises(ValidationError):
        LatentRequest(**bad)
