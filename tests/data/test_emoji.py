import time

import pytest
import torch

from gan_studio.config import make_config
from gan_studio.data import emoji, load_data
from gan_studio.errors import StudioError

CONFIG = make_config({"dataset": "emoji"})


def test_the_bundled_emoji_are_complete():
    train, test = load_data(CONFIG), load_data(CONFIG, split="test")
    assert train.samples.shape == (3408, 3, 32, 32) and train.samples.dtype == torch.uint8
    assert test.samples.shape == (378, 3, 32, 32)
    counts = torch.cat([train.labels, test.labels]).bincount().tolist()
    assert train.classes == test.classes and len(train.classes) == 10
    assert dict(zip(train.classes, counts, strict=True))["Flags"] == 270
    assert train.samples[:, :, 0, 0].double().mean() > 220  # most corners are white


def test_the_first_ones_are_of_many_categories():
    config = CONFIG.model_copy(update={"train_size": 100})
    assert len(load_data(config).labels.unique()) >= 7


def test_they_load_quickly():
    times = []
    for _ in range(3):
        start = time.process_time()
        load_data(CONFIG)
        times.append(time.process_time() - start)
    assert min(times) < 0.6


def test_damage_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(emoji, "asset_dir", lambda: tmp_path)
    with pytest.raises(StudioError, match=r"emoji.*install the package anew"):
        load_data(CONFIG)
