"""What the discriminator sees: the operations, their shares, and their second derivatives."""

import pytest
import torch

from gan_studio.config import LIVE_FIELDS
from gan_studio.objectives import AUGMENTATIONS, augment


def noise(seed=0):
    return torch.Generator().manual_seed(seed)


def test_rows_are_live_fields_with_a_source():
    assert set(AUGMENTATIONS) <= set(LIVE_FIELDS)
    assert all(row.formula and row.source for row in AUGMENTATIONS.values())


@pytest.mark.parametrize("name", AUGMENTATIONS)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 9, 7)])
def test_every_operation_changes_pictures_and_keeps_their_shape(name, shape):
    images = torch.rand(40, *shape) * 2 - 1
    changed = augment(images, {name: 1.0}, noise())
    assert changed.shape == images.shape and changed.isfinite().all()
    # A shift may happen to be by nothing.
    assert (changed != images).flatten(1).any(1).float().mean() > 0.7


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_the_probability_is_the_share_of_changed_pictures(name):
    images = torch.rand(800, 3, 32, 32) * 2 - 1
    changed = augment(images, {name: 0.25}, noise())
    share = (changed != images).flatten(1).any(1).float().mean()
    assert 0.15 < share < 0.35
    assert torch.equal(augment(images, {name: 0.0}, noise()), images)
    assert torch.equal(augment(images, {name: 0.25}, noise()), changed)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_operations_can_be_differentiated_twice(name):
    images = torch.rand(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    operation = lambda x: augment(x, {name: 1.0}, noise()).sin()  # noqa: E731
    assert torch.autograd.gradcheck(operation, images)
    assert torch.autograd.gradgradcheck(operation, images)


def test_translation_moves_whole_pictures():
    images = torch.zeros(50, 1, 16, 16)
    images[:, :, 8, 8] = 1
    moved = augment(images, {"augment_translation": 1.0}, noise())
    assert torch.equal(moved.sum((1, 2, 3)), torch.ones(50))
    places = moved.flatten(1).argmax(1)
    assert (
        ((places // 16 - 8).abs() <= 2).all() and ((places % 16 - 8).abs() <= 2).all() and len(set(places.tolist())) > 5
    )


def test_cutout_blanks_at_most_a_quarter():
    cut = augment(torch.ones(200, 1, 16, 16), {"augment_cutout": 1.0}, noise())
    blank = (cut == 0).float().mean((1, 2, 3))
    assert blank.max() == 0.25 and blank.min() > 0
