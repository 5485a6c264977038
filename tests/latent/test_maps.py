import pytest
import torch
from pydantic import ValidationError

from gan_studio.errors import StudioError
from gan_studio.latent.maps import (
    MOST_PLACES,
    BlendRequest,
    MapRequest,
    PlaneRequest,
    map_latents,
    pack_plane,
    plane_of,
)
from gan_studio.latent.source import Source, latent_of_seed
from gan_studio.latent.vectors import pack
from gan_studio.space import Space
from tests.conftest import tiny_config

Z = torch.randn(4, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def source(make_generator):
    network = make_generator()
    return Source(tiny_config(), Space((1, 28, 28)), network.state_dict(), 5)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (PlaneRequest(through="latents", z=pack(Z[:3])), Z[:3]),
        (PlaneRequest(through="seeds", seed=4), torch.stack([latent_of_seed(seed, 8) for seed in (4, 5, 6)])),
        (PlaneRequest(through="directions", z=pack(Z[:1]), directions=(2, 0)), Z[:1]),
    ],
)
def test_at_its_marks_a_map_has_the_latents_that_the_plane_was_asked_through(source, request_, expected):
    plane, marks = plane_of(request_, source)
    found = map_latents(MapRequest(plane=pack_plane(plane), places=marks.tolist()), source)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_a_plane_along_directions_goes_right_along_the_first(source):
    plane, _ = plane_of(PlaneRequest(through="directions", z=pack(Z[:1]), directions=(2, 0)), source)
    torch.testing.assert_close(plane.across, source.directions[2], atol=1e-5, rtol=0)
    assert (plane.up @ source.directions[0]).abs() > 0.99


def test_seeds_stand_where_corners_are_missing(source):
    corners = [[0, 0], [1, 0], [0, 1], [1, 1]]
    found = map_latents(BlendRequest(corners=pack(Z[:2]), seed=9, places=corners), source)
    torch.testing.assert_close(found[:2], Z[:2], atol=1e-5, rtol=0)
    torch.testing.assert_close(found[2:], torch.stack([latent_of_seed(9, 8), latent_of_seed(10, 8)]), atol=1e-5, rtol=0)
    assert map_latents(BlendRequest(corners=pack(Z), places=[[0.5, 0.5]]), source).shape == (1, 8)


def test_what_cannot_be_mapped_is_refused(source):
    with pytest.raises(StudioError, match="3 are needed"):
        plane_of(PlaneRequest(through="latents", z=pack(Z)), source)
    with pytest.raises(StudioError, match="one line"):
        plane_of(PlaneRequest(through="latents", z=pack(Z[[0, 0, 1]])), source)
    with pytest.raises(StudioError, match="one line"):
        plane_of(PlaneRequest(through="directions", z=pack(Z[:1]), directions=(1, 1)), source)
    with pytest.raises(ValidationError, match="at most 64"):
        MapRequest(plane="", places=[[0, 0]] * (MOST_PLACES + 1))
    with pytest.raises(ValidationError, match="finite"):
        MapRequest(plane="", places=[[float("nan"), 0]])
