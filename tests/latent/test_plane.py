import pytest
import torch

from gan_studio.errors import StudioError
from gan_studio.latent.plane import plane_along, plane_through

A, B, C = torch.randn(3, 10, generator=torch.Generator().manual_seed(0))


def test_the_three_latents_are_on_the_plane():
    plane = plane_through(A, B, C)
    places = plane.place_of(torch.stack([A, B, C]))
    torch.testing.assert_close(plane.at(places), torch.stack([A, B, C]), atol=1e-5, rtol=0)
    assert places[0].abs().max() == 0 and places[1, 1].abs() < 1e-5 and places[1, 0] > 0


def test_its_axes_have_length_one_and_are_at_right_angles():
    plane = plane_along(A, B, C)
    assert plane.across.norm() == pytest.approx(1) and plane.up.norm() == pytest.approx(1)
    assert (plane.across @ plane.up).abs() < 1e-6


def test_a_grid_goes_from_the_top_left_row_by_row():
    plane = plane_through(A, B, C)
    places = plane.place_of(plane.grid((1.0, 2.0), 0.5, 3))
    expected = torch.tensor([[0.5, 2.5], [1.0, 2.5], [1.5, 2.5], [0.5, 2.0]])
    torch.testing.assert_close(places[:4], expected, atol=1e-5, rtol=0)
    assert len(places) == 9 and plane.grid((0, 0), 1.0, 1).shape == (1, 10)


@pytest.mark.parametrize("points", [(A, B, A + 2 * (B - A)), (A, A, C), (A, B, A), (A[:1], B[:1], C[:1])])
def test_latents_on_a_line_are_refused(points):
    with pytest.raises(StudioError, match=r"one line|no planes"):
        plane_through(*points)


def test_parallel_directions_are_refused():
    with pytest.raises(StudioError, match="parallel"):
        plane_along(A, B, -2 * B)
