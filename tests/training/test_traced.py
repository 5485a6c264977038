"""A traced step is the same step: every number of a run without traces, bit for bit."""

import gc
import weakref

import pytest
import torch
from torch import nn

from gan_studio.config import POINT_SETS
from gan_studio.data import load_data
from gan_studio.lessons.presets import PRESETS
from gan_studio.objectives import OBJECTIVES
from gan_studio.training import trainer as trainer_module
from gan_studio.training.optimizers import OPTIMIZERS
from gan_studio.training.traced import trace
from gan_studio.training.trainer import OUTSIDE_LOSSES, Trainer
from tests.conftest import tiny_config

STEPS = 12
FLAT = {"network": "mlp", "hidden": (12, 9), "generator_norm": "none", "discriminator_norm": "none"}
POINT_PRESETS = [name for name, preset in PRESETS.items() if preset.config.dataset in POINT_SETS]
VARIATIONS = {
    "a penalty at every third update": {"r1_penalty": 1.0, "r2_penalty": 0.1, "penalty_interval": 3},
    "several updates of each": {"discriminator_steps": 3, "generator_steps": 2},
    "packs": {"pack": 2},
    "deviation over the batch": {"minibatch_std": True, "r1_penalty": 0.1},
    "clipped": {"gradient_clip": 0.1, "weight_clip": 0.05},
    "smoothed labels": {"label_smoothing": 0.1},
    "falling rates": {"schedule": "cosine", "schedule_steps": 10},
    "classes embedded": {"generator_conditioning": "embedding", "discriminator_conditioning": "embedding"},
    "classes projected": {"generator_conditioning": "embedding", "discriminator_conditioning": "projection"},
    "classes told": {"generator_conditioning": "embedding", "discriminator_conditioning": "auxiliary"},
    "bfloat16": {"precision": "bfloat16"},
}


@pytest.fixture(autouse=True)
def traced_soon(monkeypatch):
    monkeypatch.setattr(trainer_module, "TRACE_AFTER", 2)


def assert_traced_is_the_same(config, data, *edits):
    traced, plain = Trainer(config, data), Trainer(config, data)
    plain.traceable = False
    for changes in ({}, *edits):
        for trainer in (traced, plain):
            trainer.edit(changes)
            for _ in range(STEPS):
                trainer.step()
        found, wanted = traced.state_dict(), plain.state_dict()
        assert found.keys() == wanted.keys()
        assert all(torch.equal(found[name], wanted[name]) for name in wanted)
        assert traced.measure() == plain.measure()
    return traced


@pytest.mark.parametrize("name", POINT_PRESETS)
def test_every_preset_of_points(name):
    config = PRESETS[name].config
    trainer = assert_traced_is_the_same(config, load_data(config))
    assert trainer._traced


@pytest.mark.parametrize("penalty", [0.0, 0.1])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective(images, objective, penalty):
    values = {"objective": objective, "r1_penalty": penalty, "gradient_clip": 0.001, "batch_size": 6}
    assert assert_traced_is_the_same(tiny_config(**FLAT, **values), images)._traced


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimiser(images, optimizer):
    rows = {"generator_optimizer": optimizer, "discriminator_optimizer": optimizer}
    assert assert_traced_is_the_same(tiny_config(**FLAT, **rows), images)._traced


@pytest.mark.parametrize("name", VARIATIONS)
def test_variations(images, name):
    values = {"precision": "float32", **FLAT, **VARIATIONS[name]}
    assert assert_traced_is_the_same(tiny_config(**values), images)._traced


def test_edits_take_effect(images):
    noisy, clear = {"instance_noise": 0.5}, {"instance_noise": 0.0, "batch_size": 6, "objective": "hinge"}
    trainer = assert_traced_is_the_same(tiny_config(**FLAT), images, noisy)
    assert not trainer._traced  # noise is drawn anew in each step
    assert assert_traced_is_the_same(tiny_config(**FLAT), images, noisy, clear)._traced


@pytest.mark.parametrize(
    "values",
    [
        {**FLAT, "network": "modern"},
        {**FLAT, "spectral_norm": True},
        {**FLAT, "generator_norm": "batch"},
    ],
    ids=["convolutions", "spectral", "batch norm"],
)
def test_networks_that_are_not_of_matrices_alone_are_not_traced(images, values):
    trainer = Trainer(tiny_config(**values), images)
    for _ in range(5):
        trainer.step()
    assert not trainer._traced


def test_edits_that_the_losses_do_not_read_keep_the_trace(images):
    trainer = assert_traced_is_the_same(tiny_config(**FLAT), images, {"generator_lr": 0.01, "weight_clip": 0.1})
    before = trainer._traced
    for name in OUTSIDE_LOSSES - {"schedule"}:
        trainer.edit({name: min(getattr(trainer.config, name) + 1, 0.5) if "steps" not in name else 2})
    assert trainer._traced is before and before
    trainer.edit({"label_smoothing": 0.0})  # as it was
    assert trainer._traced is before
    trainer.edit({"label_smoothing": 0.1})
    assert not trainer._traced


def test_a_change_of_precision_is_followed(images):
    found = []
    for traceable in (True, False):
        trainer = Trainer(tiny_config(**FLAT, precision="float32"), images)
        trainer.traceable = traceable
        for precision in (torch.float32, torch.bfloat16):
            trainer.precision = precision
            for _ in range(5):
                trainer.step()
        found.append(torch.cat([p.detach().flatten() for p in trainer.generator.parameters()]))
    assert torch.equal(*found)


def test_a_dropped_trainer_gives_its_memory_back_at_once(images):
    trainer = Trainer(tiny_config(**FLAT), images)
    for _ in range(5):
        trainer.step()
    assert trainer._traced
    gc.collect()  # of what tracing itself left
    parameter = weakref.ref(next(trainer.generator.parameters()))
    gc.disable()
    try:
        del trainer
        assert parameter() is None
    finally:
        gc.enable()


def test_a_loaded_state_goes_on_in_a_traced_trainer(images):
    config = tiny_config(**FLAT)
    one, other = Trainer(config, images), Trainer(config, images)
    for _ in range(5):
        one.step()
    state = {name: tensor.clone() for name, tensor in one.state_dict().items()}
    for _ in range(9):
        other.step()
    assert other._traced
    other.load_state_dict(state)
    for trainer in (one, other):
        for _ in range(5):
            trainer.step()
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_what_comes_between_is_seen_by_the_second_half():
    weight, offset = nn.Parameter(torch.tensor([[2.0, 0.0], [1.0, 3.0]])), torch.tensor(5.0)

    def function(x, nothing):
        first = x @ weight.t()
        (slope,) = torch.autograd.grad(first.square().sum(), weight)
        return (first, slope, None), ((x @ weight.t()).sum() + offset * 2, None)

    seen = []

    def between(found):
        seen.append(found)
        with torch.no_grad():
            weight.zero_()

    again = trace(function, torch.ones(1, 2), None)
    total, nothing = again(between, torch.tensor([[1.0, 2.0]]), None)
    first, slope, none = seen[0]
    assert (total, nothing, none) == (10, None, None)
    assert first.tolist() == [[2, 7]] and slope.tolist() == [[4, 8], [14, 28]]
    assert not slope.requires_grad
    (total, _), weight.data[:] = again(between, torch.ones(1, 2), None), 1
    assert total == 10 and seen[1][0].tolist() == [[0, 0]]
