import time

import numpy as np
import pytest
import torch

from gan_studio.config import FIELDS
from gan_studio.data import DATASETS, load_images
from gan_studio.errors import StudioError
from tests.conftest import write_idx


def write_set(folder, images, labels):
    write_idx(folder / "train-images-idx3-ubyte", images)
    write_idx(folder / "train-labels-idx1-ubyte.gz", labels)


def test_the_bundled_digits_are_complete():
    train, test = load_images("mnist"), load_images("mnist", split="test")
    assert train.images.shape == (60000, 1, 28, 28) and train.images.dtype == torch.uint8
    assert test.images.shape == (10000, 1, 28, 28)
    assert train.labels.bincount().tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert train.images.double().mean().item() == pytest.approx(33.318421, abs=1e-5)  # 0.1306604 of 255


def test_the_bundled_digits_load_quickly():
    times = []
    for _ in range(3):
        start = time.process_time()
        load_images("mnist")
        times.append(time.process_time() - start)
    assert min(times) < 1.0


def test_the_users_own_copy_comes_first(tmp_path):
    write_set(tmp_path / "MNIST" / "raw", np.full((3, 28, 28), 7), np.array([1, 2, 3]))
    own = load_images("mnist", tmp_path)
    assert own.images.shape == (3, 1, 28, 28) and own.labels.tolist() == [1, 2, 3]
    assert len(load_images("mnist", tmp_path / "elsewhere").images) == 60000


def test_another_set_of_the_family_is_read_from_the_data_folder(tmp_path):
    write_set(tmp_path / "FashionMNIST" / "raw", np.zeros((2, 28, 28)), np.array([0, 9]))
    assert load_images("fashion_mnist", tmp_path).classes[9] == "ankle boot"


def test_a_missing_set_says_where_it_is_expected(tmp_path):
    with pytest.raises(StudioError, match=r"'kmnist' is not here: put its four IDX files in .*KMNIST.raw"):
        load_images("kmnist", tmp_path)


@pytest.mark.parametrize("labels", [np.array([1]), np.array([1, 10])])
def test_labels_that_do_not_fit_are_refused(tmp_path, labels):
    write_set(tmp_path / "MNIST" / "raw", np.zeros((2, 28, 28)), labels)
    with pytest.raises(StudioError, match="labels|label 10"):
        load_images("mnist", tmp_path)


def test_the_registry_is_what_the_config_offers():
    assert set(DATASETS) == set(FIELDS["dataset"].choices)
    assert all(row.source and len(row.classes) == 10 for row in DATASETS.values())
