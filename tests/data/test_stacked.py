import pytest
import torch

from gan_studio.config import make_config
from gan_studio.data import load_data
from gan_studio.errors import StudioError

CONFIG = make_config({"dataset": "stacked_mnist"})


def test_each_channel_is_the_digit_that_the_class_says():
    stacks, digits = load_data(CONFIG), load_data(make_config({}))
    assert stacks.samples.shape == (60_000, 3, 28, 28) and stacks.samples.dtype == torch.uint8
    by_content = {
        digit.numpy().tobytes(): label for digit, label in zip(digits.samples, digits.labels.tolist(), strict=True)
    }
    for stack, label in zip(stacks.samples[:300], stacks.labels[:300].tolist(), strict=True):
        said = "".join(str(by_content[channel.numpy().tobytes()]) for channel in stack)
        assert stacks.classes[label] == said


def test_all_thousand_are_there_about_as_often_and_always_the_same():
    stacks = load_data(CONFIG, split="test")
    counts = stacks.labels.bincount(minlength=1000)
    assert len(stacks.samples) == 26_000 and counts.min() > 0 and counts.max() < 4 * 26
    assert torch.equal(load_data(CONFIG, split="test").labels, stacks.labels)
    assert not torch.equal(load_data(CONFIG).labels[:26_000], stacks.labels)


def test_in_grey_they_are_refused_for_the_digits_would_mix():
    with pytest.raises(StudioError, match="^colours: dataset stacked_mnist .* must be own or colour"):
        load_data(make_config({"dataset": "stacked_mnist", "colours": "grey"}))
