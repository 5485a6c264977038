"""Players of known networks, without training."""

import pytest
import torch

from gan_studio.data import DataSet
from gan_studio.judges.player import saved_player
from gan_studio.training.run import Run
from tests.conftest import tiny_config


def pictures(shape, count=300, classes=10, name="mnist"):
    rng = torch.Generator().manual_seed(0)
    samples = torch.randint(0, 256, (count, *shape), dtype=torch.uint8, generator=rng)
    return DataSet(name, samples, torch.arange(count) % classes, tuple(map(str, range(classes))))


@pytest.fixture
def make_player(tmp_path):
    """A saved and read player of a tiny network on ``data``, after ``steps`` steps."""

    def make(data, name="one", network="mlp", steps=0, **values):
        values = {"discriminator_norm": "none", **values}
        run = Run(tiny_config(network, precision="float32", dataset=data.name, **values), data)
        for _ in range(steps):
            run.step()
        run.save(tmp_path / f"{name}.safetensors")
        return saved_player(tmp_path / f"{name}.safetensors")

    return make
