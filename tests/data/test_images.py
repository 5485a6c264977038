import gzip
import hashlib
import socket
import time
import urllib.request

import numpy as np
import pytest
import torch
from torchvision import datasets

from gan_studio.config import make_config
from gan_studio.data import download, images, load_data
from gan_studio.errors import StudioError
from tests.conftest import write_idx


def load(name, data_dir=None, split="train", progress=None):
    return load_data(make_config({"dataset": name}), data_dir, split, progress)


def write_set(folder, pictures, labels, prefix="train"):
    write_idx(folder / f"{prefix}-images-idx3-ubyte.gz", pictures)
    write_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", labels)


def test_the_bundled_digits_are_complete():
    train, test = load("mnist"), load("mnist", split="test")
    assert train.samples.shape == (60000, 1, 28, 28) and train.samples.dtype == torch.uint8
    assert test.samples.shape == (10000, 1, 28, 28)
    assert train.labels.bincount().tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert train.samples.double().mean().item() == pytest.approx(33.318421, abs=1e-5)  # 0.1306604 of 255


def test_the_bundled_digits_load_quickly():
    times = []
    for _ in range(3):
        start = time.process_time()
        load("mnist")
        times.append(time.process_time() - start)
    assert min(times) < 1.0


def test_the_users_own_copy_comes_first(tmp_path):
    write_set(tmp_path / "MNIST" / "raw", np.full((3, 28, 28), 7), np.array([1, 2, 3]))
    own = load("mnist", tmp_path)
    assert own.samples.shape == (3, 1, 28, 28) and own.labels.tolist() == [1, 2, 3]
    assert len(load("mnist", tmp_path / "elsewhere").samples) == 60000


@pytest.mark.parametrize("labels", [np.array([1]), np.array([1, 10])])
def test_labels_that_do_not_fit_are_refused(tmp_path, labels):
    write_set(tmp_path / "MNIST" / "raw", np.zeros((2, 28, 28)), labels)
    with pytest.raises(StudioError, match="labels|label 10"):
        load("mnist", tmp_path)


@pytest.fixture
def fashion_site(tmp_path, monkeypatch, serve):
    """A site with a tiny Fashion-MNIST, which torchvision takes for the real one; its first mirror lacks the files."""
    site = tmp_path / "site"
    write_set(site, np.zeros((2, 28, 28)), np.array([0, 9]))
    write_set(site, np.ones((1, 28, 28)), np.array([3]), "t10k")
    known = datasets.FashionMNIST
    sums = [(name, hashlib.md5((site / name).read_bytes()).hexdigest()) for name, _ in known.resources]
    monkeypatch.setattr(known, "resources", sums)
    monkeypatch.setattr(known, "mirrors", [f"{serve}/mirror/", f"{serve}/site/"])
    return site


def test_a_set_that_is_not_here_is_fetched_once(tmp_path, fashion_site):
    reports = []
    data = load("fashion_mnist", tmp_path / "data", progress=lambda text, share: reports.append((text, share)))
    assert data.labels.tolist() == [0, 9] and data.classes[9] == "ankle boot"
    assert reports[0] == ("downloading train-images-idx3-ubyte.gz", 0.0) and reports[-1] == ("downloaded", 1.0)
    assert [share for _, share in reports] == sorted(share for _, share in reports)
    for file in fashion_site.iterdir():
        file.unlink()
    assert load("fashion_mnist", tmp_path / "data", split="test").labels.tolist() == [3]


def test_a_file_that_arrives_damaged_is_not_kept(tmp_path, fashion_site):
    (fashion_site / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"other"))
    with pytest.raises(StudioError, match="t10k-images-idx3-ubyte.gz .*corrupted"):
        load("fashion_mnist", tmp_path / "data")
    assert list((tmp_path / "data" / "FashionMNIST" / "raw").iterdir()) == []


def test_without_internet_it_says_where_to_put_which_files(tmp_path, monkeypatch):
    def unreachable(*args, **options):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    with pytest.raises(StudioError) as refusal:
        load("kmnist", tmp_path)
    for part in ("'kmnist'", "codh.rois.ac.jp", "Name or service not known", "t10k-labels-idx1-ubyte.gz"):
        assert part in str(refusal.value)
    assert str(tmp_path / "KMNIST" / "raw") in str(refusal.value)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StudioError, match="could not be stored in .*file"):
        load("kmnist", tmp_path / "file")


def test_a_site_that_does_not_answer_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(download, "STALL_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(datasets.KMNIST, "mirrors", [f"http://127.0.0.1:{silent.getsockname()[1]}/"])
        with pytest.raises(StudioError, match=r"nothing arrived for 0.3 s"):
            load("kmnist", tmp_path)


@pytest.mark.parametrize("name", images.FAMILY)
def test_the_family_is_torchvisions(name):
    row = images.FAMILY[name]
    assert len(getattr(datasets, row.torchvision).classes) == len(row.classes)
    assert {file.name for file in images._remote_files(name)} == {
        f"{part}-ubyte.gz"
        for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    }
