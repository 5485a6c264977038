import pytest
import torch

from gan_studio.networks import build_networks
from tests.conftest import tiny_config


@pytest.fixture
def make_generator():
    """Generators ready to be looked at, with what their batch normalisations would have learned made up."""

    def make(shape=(1, 28, 28), classes=0, **values):
        network, _ = build_networks(tiny_config(**values), shape, classes, torch.Generator().manual_seed(0))
        return network.eval().requires_grad_(False)

    return make
