"""Every optimiser's first updates by hand, and the schedules."""

from typing import get_args

import pytest
import torch

from gan_studio.settings import RunConfig
from gan_studio.training.optimizers import OPTIMIZERS, SCHEDULES, apply_settings, make_optimizer
from tests.conftest import tiny_config


def test_config_offers_exactly_the_registered_rows():
    for field, registry in (("generator_optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
        assert get_args(RunConfig.model_fields[field].annotation) == tuple(registry)
    assert all(row.formula and row.source for row in OPTIMIZERS.values())


def descend(name, gradients, decay=0.0):
    """The weight of a network with one number, starting at 1, after these gradients."""
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.ones_(network.weight)
    config = tiny_config(
        generator_optimizer=name, generator_lr=0.1, generator_beta1=0.5, generator_beta2=0.9, weight_decay=decay
    )
    optimizer = make_optimizer(config, "generator", network)
    apply_settings(config, "generator", optimizer, 0)
    for gradient in gradients:
        network.weight.grad = torch.full_like(network.weight, gradient)
        optimizer.step()
    return network.weight.item()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sgd", 1 - 0.1 * 2 - 0.1 * 4),
        ("momentum", 1 - 0.1 * 2 - 0.1 * (0.5 * 2 + 4)),
        ("rmsprop", 1 - 0.1 * 2 / (0.1 * 4) ** 0.5 - 0.1 * 4 / (0.9 * 0.4 + 0.1 * 16) ** 0.5),
        ("adam", 1 - 0.1 - 0.1 * ((0.5 * 1 + 0.5 * 4) / 0.75) / ((0.9 * 0.4 + 0.1 * 16) / 0.19) ** 0.5),
        ("adamw", 1 - 0.1 - 0.1 * ((0.5 * 1 + 0.5 * 4) / 0.75) / ((0.9 * 0.4 + 0.1 * 16) / 0.19) ** 0.5),
    ],
)
def test_two_updates_by_hand(name, expected):
    assert descend(name, [2.0, 4.0]) == pytest.approx(expected, rel=1e-4)


def test_weight_decay_of_adamw_is_beside_the_gradient():
    assert descend("adamw", [2.0], decay=0.5) == pytest.approx(1 * (1 - 0.1 * 0.5) - 0.1, rel=1e-5)
    assert descend("sgd", [2.0], decay=0.5) == pytest.approx(1 - 0.1 * (2 + 0.5), rel=1e-5)


def test_schedules():
    assert [SCHEDULES["linear"](t) for t in (0.0, 0.25, 1.0)] == [1.0, 0.75, 0.0]
    assert [SCHEDULES["cosine"](t) for t in (0.0, 0.5, 1.0)] == pytest.approx([1.0, 0.5, 0.0])
    assert SCHEDULES["constant"](0.7) == 1.0


def test_a_schedule_follows_the_step_and_stays_at_its_end(make_run):
    run = make_run(schedule="linear", schedule_steps=4, generator_lr=0.01)
    rates = []
    for _ in range(6):
        run.step()
        rates.append(run.trainer.g_optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0.01, 0.0075, 0.005, 0.0025, 0.0, 0.0])
