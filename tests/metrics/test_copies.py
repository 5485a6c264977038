"""Nearest training pictures, among the emoji."""

import pytest
import torch

from gan_studio.config import make_config
from gan_studio.errors import StudioError
from gan_studio.metrics.copies import TrainingPictures


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return TrainingPictures(make_config({"dataset": "emoji", "train_size": 1000}), tmp_path_factory.mktemp("data"))


def test_a_training_picture_is_its_own_nearest_and_suspicious(trained):
    for space in trained.spaces:
        found = trained.nearest(trained.pictures[[3, 500]], space, 4)
        assert found.indices[:, 0].tolist() == [3, 500] and found.suspicious.all()
        assert (found.distances.diff(dim=1) >= 0).all() and found.distances.shape == (2, 4)


def test_pixel_distances_are_per_pixel(trained):
    found = trained.nearest(255 - trained.pictures[:1], "pixels")
    x, y = (p.float() / 127.5 - 1 for p in (255 - trained.pictures[0], trained.pictures[found.indices[0, 0]]))
    assert found.distances[0, 0].item() == pytest.approx((x - y).square().mean().sqrt().item(), rel=1e-4)


def test_few_new_real_pictures_are_suspicious_and_copies_with_noise_are(trained):
    unseen = trained._unseen
    noise = torch.randint(-4, 5, trained.pictures[:200].shape, generator=torch.Generator().manual_seed(0))
    copies = (trained.pictures[:200].int() + noise).clamp(0, 255).to(torch.uint8)
    assert trained.nearest(unseen, "pixels").suspicious.float().mean() < 0.02
    assert trained.nearest(copies, "pixels").suspicious.float().mean() > 0.9


def test_what_cannot_be_searched_is_refused(trained, tmp_path):
    with pytest.raises(StudioError, match="was trained on"):
        trained.nearest(torch.zeros(1, 1, 28, 28, dtype=torch.uint8), "pixels")
    with pytest.raises(StudioError, match="search by pixels, features"):
        trained.nearest(trained.pictures[:1], "smell")
