import math
from itertools import pairwise

import pytest
import torch

from gan_studio.errors import StudioError
from gan_studio.latent.paths import (
    closed_walk,
    key_path,
    lerp,
    mixed_classes,
    path_positions,
    random_walk,
    shell,
    slerp,
    wandering_classes,
)

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


@pytest.mark.parametrize("b", [[1.0, 0.0], [0.0, 0.0], [2.0, 0.0]])
def test_ends_without_an_arc_give_the_straight_line(b):
    a, b = torch.tensor([1.0, 0.0]), torch.tensor(b)
    torch.testing.assert_close(slerp(a, b, T), lerp(a, b, T))


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_between_opposite_ends_the_arc_stays_on_the_shell(kind):
    for seed in range(20):
        a = pair(seed)[0].to(kind)
        found = slerp(a, -a, T.to(kind))
        assert found.dtype == kind
        torch.testing.assert_close(found[-1], -a)
        torch.testing.assert_close(found.norm(dim=1), a.norm().expand(11))
        assert found[5] @ a == pytest.approx(0, abs=1e-4)  # half of the way is a quarter turn
        assert slerp(a, -1.3 * a, T.to(kind)).norm(dim=1).min() > 0.99 * a.norm()


def test_there_is_no_way_round_on_a_line():
    assert slerp(torch.tensor([1.0]), torch.tensor([-1.0]), T).norm(dim=1)[5] == 0  # a line has no way round


def keys_of(count, size=50):
    return torch.randn(count, size, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


@pytest.mark.parametrize("kind", ["linear", "spherical"])
@pytest.mark.parametrize("easing", ["none", "smooth", "segment"])
@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("frames", [2, 7])
def test_a_path_passes_exactly_through_its_key_frames(kind, easing, closed, frames):
    keys = keys_of(5)
    around = torch.cat([keys, keys[:1]]) if closed else keys
    positions = path_positions(len(around) - 1, frames, closed, easing)
    path = key_path(around, positions, kind)
    assert len(path) == (5 * frames if closed else 4 * frames + 1)
    assert positions[0] == 0 and (positions.diff() > 0).all() and (closed or positions[-1] == 4)
    stops = [(positions == number).nonzero().item() for number in range(5)]
    torch.testing.assert_close(path[stops], keys, rtol=0, atol=1e-12)


def test_easing_starts_and_ends_gently_over_the_whole_path_or_at_each_key_frame():
    even, whole, each = (path_positions(2, 10, easing=easing).diff() for easing in ("none", "smooth", "segment"))
    torch.testing.assert_close(even, torch.full((20,), 0.1, dtype=torch.float64))
    assert whole[0] < 0.03 and whole[-1] < 0.03 and whole[9:11].min() > 0.14
    assert each[[0, 9, 10, 19]].max() < 0.03 and each[4] > 0.14  # 3 t^2 - 2 t^3 is steepest, 1.5, in the middle


def test_only_the_arc_stays_on_the_sphere():
    keys = keys_of(4)
    keys *= 7 / keys.norm(dim=1, keepdim=True)
    straight, arc = (key_path(keys, path_positions(3, 10), kind).norm(dim=1) for kind in ("linear", "spherical"))
    torch.testing.assert_close(arc, torch.full((31,), 7.0, dtype=torch.float64))
    assert straight[5] < 0.8 * 7 and straight[10] == pytest.approx(7)


def test_the_last_frame_of_a_closed_path_leads_to_the_first():
    keys = keys_of(3)
    around = torch.cat([keys, keys[:1]])
    path = key_path(around, path_positions(3, 8, closed=True), "linear")
    torch.testing.assert_close(path[-1] + (keys[0] - keys[2]) / 8, path[0])


def test_classes_are_mixed_in_the_same_measure():
    shares = mixed_classes(torch.tensor([2, 0, 0]), torch.tensor([0.0, 0.25, 1.0, 1.5], dtype=torch.float64), 3)
    assert shares.tolist() == [[0, 0, 1], [0.25, 0, 0.75], [1, 0, 0], [1, 0, 0]] and shares.dtype == torch.float32


def test_a_random_walk_keeps_the_norm_takes_even_steps_and_follows_from_its_seed():
    start = keys_of(1)[0]
    walk = random_walk(start, 200, 24, seed=5)
    torch.testing.assert_close(walk[0], start)
    torch.testing.assert_close(walk.norm(dim=1), start.norm().expand(200))
    turns = torch.arccos((walk[1:] * walk[:-1]).sum(1) / start.norm() ** 2)
    torch.testing.assert_close(turns, torch.full((199,), math.pi / 48, dtype=torch.float64))
    assert torch.equal(walk, random_walk(start, 200, 24, seed=5))
    assert torch.equal(walk[:50], random_walk(start, 50, 24, seed=5))
    assert not torch.allclose(walk[1:], random_walk(start, 200, 24, seed=6)[1:])


def test_a_random_walk_is_smooth():
    steps = random_walk(keys_of(1, 100)[0], 200, 24, seed=0).diff(dim=0)
    alike = torch.cosine_similarity(steps[1:], steps[:-1])
    assert alike.min() > 0.85  # each step goes on nearly as the one before
    assert torch.cosine_similarity(steps[48:], steps[:-48]).abs().mean() < 0.5  # but not for long


def turns_around(walk):
    """From each frame to the next one, and from the last to the first."""
    return torch.arccos(torch.cosine_similarity(walk.roll(-1, 0), walk).clamp(-1, 1))


@pytest.mark.parametrize(("segments", "frames"), [(1, 24), (2, 24), (4, 24), (7, 10), (96, 6)])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_closed_walk_comes_back_by_steps_as_long_as_all_and_keeps_the_norm(segments, frames, seed):
    start = keys_of(1, 100)[0]
    walk = closed_walk(start, segments, frames, seed)
    assert len(walk) == segments * frames
    torch.testing.assert_close(walk[0], start)
    torch.testing.assert_close(walk.norm(dim=1), start.norm().expand(len(walk)))
    turns = turns_around(walk)
    assert turns.min() > 0.95 * turns.max()
    assert 0.6 * math.pi / 2 < turns.sum() / segments < 1.4 * math.pi / 2  # a quarter turn for each segment
    steps = walk.roll(-1, 0) - walk
    assert torch.cosine_similarity(steps, steps.roll(1, 0)).min() > 0.8  # no corner anywhere, nor at the start
    assert torch.equal(walk, closed_walk(start, segments, frames, seed))
    assert not torch.allclose(walk[1:], closed_walk(start, segments, frames, seed + 2)[1:])


@pytest.mark.parametrize("size", [2, 3])
def test_where_a_closed_walk_must_turn_back_no_step_is_longer_than_the_others(size):
    for seed in range(5):
        turns = turns_around(closed_walk(keys_of(1, size)[0], 7, 20, seed))
        assert turns.max() < 1.01 * turns.median()


def test_a_closed_walk_of_four_quarters_goes_once_around():
    walk = closed_walk(keys_of(1)[0], 4, 10, 3)
    torch.testing.assert_close(walk[20:], -walk[:20])  # one wave, and no constant: a great circle
    torch.testing.assert_close(turns_around(walk), torch.full((40,), 2 * math.pi / 40, dtype=torch.float64))


@pytest.mark.parametrize("start", [[1.0], [0.0, 0.0]])
def test_there_must_be_a_shell_to_walk_on(start):
    with pytest.raises(StudioError, match="no shell"):
        random_walk(torch.tensor(start), 5, 5, 0)
    with pytest.raises(StudioError, match="no shell"):
        closed_walk(torch.tensor(start), 1, 5, 0)


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("classes", [3, 10])
def test_a_walk_comes_to_another_class_with_each_segment(closed, classes):
    found = wandering_classes(2, 30, classes, 5, closed)
    assert len(found) == 31 and found[0] == 2 and all(a != b for a, b in pairwise(found))
    assert set(found) == set(range(classes)) and (found[-1] == 2 or not closed)
    assert found == wandering_classes(2, 30, classes, 5, closed) != wandering_classes(2, 30, classes, 6, closed)


def test_a_walk_stays_where_there_is_no_other_class():
    assert wandering_classes(0, 3, 1, 0) == [0, 0, 0, 0] and wandering_classes(0, 2, 2, 0, closed=True) == [0, 1, 0]
    assert wandering_classes(1, 1, 5, 0, closed=True) == [1, 1]


@pytest.mark.parametrize(("size", "low", "high"), [(2, 0.0506, 7.378), (10, 3.247, 20.483), (100, 74.222, 129.561)])
def test_the_shell_is_that_of_the_chi_squared_table(size, low, high):
    found = shell(size)
    assert found[1] == math.sqrt(size)
    assert found[0] ** 2 == pytest.approx(low, rel=0.01, abs=0.03) and found[2] ** 2 == pytest.approx(high, rel=0.01)
