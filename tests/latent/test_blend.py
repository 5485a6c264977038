import pytest
import torch

from gan_studio.latent.blend import blend
from gan_studio.latent.paths import slerp

CORNERS = torch.randn(4, 100, generator=torch.Generator().manual_seed(0))
A, B, C, D = CORNERS


def test_each_corner_is_met():
    found = blend(CORNERS, torch.tensor([[0.0, 0.0], [1, 0], [0, 1], [1, 1]]))
    torch.testing.assert_close(found, CORNERS, atol=1e-5, rtol=0)


def test_an_edge_is_the_great_arc_between_its_ends():
    t = torch.tensor([0.2, 0.7])
    along = torch.stack([t, torch.zeros(2)], 1)
    torch.testing.assert_close(blend(CORNERS, along), slerp(A, B, t))
    torch.testing.assert_close(blend(CORNERS, along.flip(1)), slerp(A, C, t))


@pytest.mark.parametrize("corners", [CORNERS * 10 / CORNERS.norm(dim=1, keepdim=True), CORNERS])
def test_blends_are_as_long_as_the_corners(corners):
    lengths = blend(corners, torch.rand(64, 2, generator=torch.Generator().manual_seed(1))).norm(dim=1)
    ends = corners.norm(dim=1)
    assert lengths.min() > ends.min() - 1e-3 and lengths.max() < ends.max() + 1e-3


def test_it_is_continuous():
    places = torch.tensor([[0.4, 0.6], [0.401, 0.601]])
    near = blend(CORNERS, places)
    assert 0 < (near[0] - near[1]).norm() < 0.05
