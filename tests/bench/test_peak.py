"""FLOPs against counts by hand."""

from functools import partial

import torch
from torch import nn

from gan_studio.bench import peak
from gan_studio.training.trainer import Trainer
from tests.conftest import tiny_config


def test_flops_of_a_linear_layer_and_of_a_convolution():
    x = torch.randn(8, 5)
    linear = nn.Linear(5, 3)
    assert peak.count_flops(lambda: linear(x)) == 2 * 8 * 5 * 3
    # The gradient of the weights is as much again; that of the input is not asked for.
    assert peak.count_flops(lambda: linear(x).sum().backward()) == 2 * (2 * 8 * 5 * 3)
    x.requires_grad_()
    assert peak.count_flops(lambda: linear(x).sum().backward()) == 3 * (2 * 8 * 5 * 3)
    convolution = nn.Conv2d(2, 3, 4, 2, 1)
    assert peak.count_flops(partial(convolution, torch.randn(8, 2, 6, 6))) == 2 * 8 * (3 * 3 * 3) * (2 * 4 * 4)


def test_flops_of_a_whole_step_of_both_networks(images):
    batch = 8
    trainer = Trainer(tiny_config("mlp", batch_size=batch, hidden=(16, 12), precision="float32"), images)
    trainer.step()
    generator, discriminator = (
        [layer.weight.numel() for layer in network.modules() if isinstance(layer, nn.Linear)]
        for network in (trainer.generator, trainer.discriminator)
    )
    assert sum(generator) == 8 * 16 + 16 * 12 + 12 * 784 and sum(discriminator) == 784 * 12 + 12 * 16 + 16
    deep = sum(discriminator) - discriminator[0]
    multiplications = (
        sum(generator)  # the samples
        + 2 * (sum(discriminator) + sum(discriminator) + deep)  # real and generated: forward, weights, inputs
        + (sum(discriminator) + sum(discriminator))  # the generator's update goes through, to the pixels
        + (sum(generator) + sum(generator) - generator[0])  # and into the generator: weights, inputs
    )
    assert peak.count_flops(trainer.step) == 2 * batch * multiplications


def test_the_speed_of_matrix_multiplications_leaves_the_settings_alone(monkeypatch):
    monkeypatch.setitem(peak.SIZES, "cpu", (8, 16))
    before = torch.get_float32_matmul_precision()
    for precision in peak.PRECISIONS:
        assert peak.matmul_speed(torch.device("cpu"), precision, 0.0) > 0
    assert torch.get_float32_matmul_precision() == before
