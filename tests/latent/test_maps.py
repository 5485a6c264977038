import pytest
import torch
from pydantic import ValidationError

from gan_studio.errors import StudioError
from gan_studio.latent.maps import (
    MOST_PLACES,
    Axis,
    BlendRequest,
    MapRequest,
    PlaneRequest,
    map_latents,
    pack_plane,
    plane_of,
)
from gan_studio.latent.sliders import DirectionsRequest, directions_of
from gan_studio.latent.source import Source, latent_of_seed
from gan_studio.latent.vectors import pack
from gan_studio.space import Space
from tests.conftest import tiny_config

ALONG = (Axis(number=2), Axis(number=0))
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
        (PlaneRequest(through="directions", z=pack(Z[:1]), directions=ALONG), Z[:1]),
    ],
)
def test_at_its_marks_a_map_has_the_latents_that_the_plane_was_asked_through(source, request_, expected):
    plane, marks = plane_of(request_, source)
    found = map_latents(MapRequest(plane=pack_plane(plane), places=marks.tolist()), source)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_a_plane_along_directions_goes_right_along_the_first(source):
    plane, _ = plane_of(PlaneRequest(through="directions", z=pack(Z[:1]), directions=ALONG), source)
    torch.testing.assert_close(plane.across, source.directions[2], atol=1e-5, rtol=0)
    assert (plane.up @ source.directions[0]).abs() > 0.99


def test_a_plane_goes_along_a_raw_dimension_and_what_of_a_given_direction_is_at_right_angles(source):
    axes = Axis(kind="raw", number=3), Axis(kind="given", z=pack(5 * Z[1]))
    plane, marks = plane_of(PlaneRequest(through="directions", z=pack(Z[:1]), directions=axes), source)
    torch.testing.assert_close(plane.across, torch.eye(8)[3])
    expected = Z[1] * (torch.arange(8) != 3)
    torch.testing.assert_close(plane.up, expected / expected.norm(), atol=1e-5, rtol=0)
    torch.testing.assert_close(plane.at(torch.tensor([[2.0, 0.0]]))[0], Z[0] + 2 * torch.eye(8)[3])
    assert marks.tolist() == [[0, 0]]


def test_later_directions_of_the_first_layer_are_those_of_the_directions_tab(make_generator):
    network = make_generator(latent_size=20)
    source = Source(tiny_config(latent_size=20), Space((1, 28, 28)), network.state_dict(), 5)
    known = directions_of(source, DirectionsRequest()).directions
    start = torch.ones(20)
    for number in (3, len(known) - 1):
        axes = Axis(number=number), Axis(kind="raw")
        plane, _ = plane_of(PlaneRequest(through="directions", z=pack(start), directions=axes), source)
        torch.testing.assert_close(plane.across, known[number], atol=1e-5, rtol=0)
    assert len(known) > len(source.directions)


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
    for bad, complaint in (
        ((Axis(number=1), Axis(number=1)), "parallel"),
        ((Axis(kind="given", z=pack(Z[1])), Axis(kind="given", z=pack(-3 * Z[1]))), "parallel"),
        ((Axis(kind="given", z=pack(torch.zeros(8))), Axis()), "length zero"),
        ((Axis(), Axis(kind="given", z=pack(torch.ones(5)))), "another latent size"),
        ((Axis(), Axis(kind="given", z=pack(torch.ones(16)))), "another latent size"),
        ((Axis(), Axis(kind="given")), "do not make latents"),
        ((Axis(), Axis(kind="raw", number=8)), "has 8 of this kind"),
        ((Axis(), Axis(number=8)), "has 8 of this kind"),
    ):
        with pytest.raises(StudioError, match=complaint):
            plane_of(PlaneRequest(through="directions", z=pack(Z[:1]), directions=bad), source)
    with pytest.raises(ValidationError, match="at most 64"):
        MapRequest(plane="", places=[[0, 0]] * (MOST_PLACES + 1))
    with pytest.raises(ValidationError, match="finite"):
        MapRequest(plane="", places=[[float("nan"), 0]])
