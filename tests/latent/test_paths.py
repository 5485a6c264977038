import pytest
import torch

from gan_studio.latent.paths import lerp, slerp

T = torch.linspace(0, 1, 11)


def pair(seed=0, size=50):
    return torch.randn(2, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("path", [lerp, slerp])
def test_both_ends_are_reached(path):
    a, b = pair()
    found = path(a, b, T.double())
    torch.testing.assert_close(found[0], a)
    torch.testing.assert_close(found[-1], b)


def test_the_straight_line_is_straight():
    a, b = pair()
    torch.testing.assert_close(lerp(a, b, torch.tensor([0.25], dtype=a.dtype))[0], 0.75 * a + 0.25 * b)


def test_the_arc_keeps_the_norm_and_turns_evenly():
    a, b = pair()
    b *= a.norm() / b.norm()
    found = slerp(a, b, T.double())
    torch.testing.assert_close(found.norm(dim=1), a.norm().expand(11))
    turns = torch.arccos((found[1:] * found[:-1]).sum(1) / a.norm() ** 2)
    torch.testing.assert_close(turns, turns[0].expand(10))
    assert lerp(a, b, T.double()).norm(dim=1)[5] < 0.8 * a.norm()  # where the line leaves the shell


def test_a_quarter_turn_has_the_known_middle():
    a, b = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    torch.testing.assert_close(slerp(a, b, torch.tensor([0.5]))[0], torch.tensor([0.5, 0.5]).sqrt())


@pytest.mark.parametrize("b", [[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0], [2.0, 0.0]])
def test_ends_without_an_arc_give_the_straight_line(b):
    a, b = torch.tensor([1.0, 0.0]), torch.tensor(b)
    torch.testing.assert_close(slerp(a, b, T), lerp(a, b, T))
