import hashlib
import tarfile
from dataclasses import replace

import numpy as np
import pytest

from gan_studio.config import make_config
from gan_studio.data import cifar, load_data
from gan_studio.errors import StudioError

CONFIG = make_config({"dataset": "cifar10"})


def write_batches(folder, records=2):
    """Each record has its label times 10 in red, 1 in green and 2 in blue."""
    folder.mkdir(parents=True)
    for number, name in enumerate(cifar.FILES["train"] + cifar.FILES["test"]):
        planes = np.repeat(np.array([number * 10, 1, 2], np.uint8), 1024)
        (folder / name).write_bytes(np.tile(np.concatenate([[np.uint8(number)], planes]), records).tobytes())


def test_the_users_own_copy_is_read(tmp_path):
    write_batches(tmp_path / cifar.FOLDER)
    train, test = load_data(CONFIG, tmp_path), load_data(CONFIG, tmp_path, "test")
    assert train.samples.shape == (10, 3, 32, 32) and train.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert train.samples[9, :, 5, 6].tolist() == [40, 1, 2]
    assert test.labels.tolist() == [5, 5] and test.classes[5] == "dog"


@pytest.mark.parametrize("content", [b"", b"abc", bytes([10]) + bytes(3072)])
def test_damage_is_named(tmp_path, content):
    write_batches(tmp_path / cifar.FOLDER)
    (tmp_path / cifar.FOLDER / "data_batch_3.bin").write_bytes(content)
    with pytest.raises(StudioError, match="data_batch_3.bin: (holds label 10|. bytes)"):
        load_data(CONFIG, tmp_path)


def test_it_is_fetched_and_only_its_files_are_unpacked(tmp_path, monkeypatch, serve):
    archive = tmp_path / "tiny.tar.gz"
    write_batches(tmp_path / cifar.FOLDER)
    (tmp_path / "evil").write_text("evil")
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(tmp_path / cifar.FOLDER, cifar.FOLDER)
        tar.add(tmp_path / "evil", "../evil")
    remote = replace(
        cifar.ARCHIVE, urls=(f"{serve}/{archive.name}",), md5=hashlib.md5(archive.read_bytes()).hexdigest()
    )
    monkeypatch.setattr(cifar, "ARCHIVE", remote)
    data_dir = tmp_path / "deep" / "data"
    assert len(load_data(CONFIG, data_dir).samples) == 10
    assert [path.name for path in data_dir.iterdir()] == [cifar.FOLDER]
    assert [path.name for path in data_dir.parent.iterdir()] == ["data"]


def test_without_internet_it_says_where_to_put_which_files(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar, "ARCHIVE", replace(cifar.ARCHIVE, urls=("file:///no/such/place.tar.gz",)))
    with pytest.raises(StudioError, match=r"no/such/place.*cifar-10-binary.tar.gz.*cifar-10-batches-bin: data_batch_1"):
        load_data(CONFIG, tmp_path)
