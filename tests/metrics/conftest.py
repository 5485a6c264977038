"""Real digits and the bundled classifier that judges them."""

import pytest

from gan_studio.config import make_config
from gan_studio.data import DataSet, load_data
from gan_studio.metrics.classifier import Classifier, load_classifier


@pytest.fixture(scope="session")
def digits() -> DataSet:
    """The 10,000 test digits."""
    return load_data(make_config({"dataset": "mnist"}), split="test")


@pytest.fixture(scope="session")
def digit_classifier() -> Classifier:
    return load_classifier("mnist")
