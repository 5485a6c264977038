import pytest
import torch

from gan_studio.errors import StudioError
from gan_studio.latent.attributes import find_attribute


def examples(strength, count=40, size=20):
    z = torch.randn(2 * count, size, generator=torch.Generator().manual_seed(0))
    direction = torch.zeros(size)
    direction[3], direction[7] = 0.6, -0.8
    return z[:count] + strength * direction, z[count:] - strength * direction, direction


def test_a_planted_direction_is_found():
    with_it, without_it, direction = examples(2.0)
    found = find_attribute(with_it, without_it)
    assert found.mean @ direction > 0.95 and found.separator @ direction > 0.9
    assert found.accuracy > 0.95
    assert found.mean.norm() == pytest.approx(1) and found.separator.norm() == pytest.approx(1)


def test_where_there_is_nothing_to_find_the_accuracy_says_so():
    with_it, without_it, _ = examples(0.0)
    assert 0.2 < find_attribute(with_it, without_it).accuracy < 0.75


def test_uneven_sides_count_alike():
    with_it, without_it, direction = examples(2.0)
    found = find_attribute(with_it[:4], without_it)
    assert found.mean @ direction > 0.8 and found.accuracy > 0.6


def test_too_few_or_equal_examples_are_refused():
    with_it, without_it, _ = examples(1.0)
    with pytest.raises(StudioError, match="one side has 2"):
        find_attribute(with_it[:2], without_it)
    with pytest.raises(StudioError, match="the same"):
        find_attribute(with_it, with_it)
