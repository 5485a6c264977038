"""What each setting does to a step."""

import math

import pytest
import torch

from gan_studio.config import FIELDS
from gan_studio.data import DataSet
from gan_studio.objectives import OBJECTIVES
from gan_studio.training.optimizers import OPTIMIZERS
from gan_studio.training.trainer import Trainer
from tests.conftest import tiny_config

PLAIN = {"discriminator_norm": "none", "precision": "float32"}
POINTS = DataSet(
    "ring8", torch.randn(64, 2, generator=torch.Generator().manual_seed(0)), torch.arange(64) % 4, tuple("abcd")
)
EXTRAS = {
    "gradient_penalty": 10.0,
    "dragan_penalty": 1.0,
    "zero_penalty": 1.0,
    "r1_penalty": 1.0,
    "r2_penalty": 1.0,
    "label_smoothing": 0.1,
    "label_flip": 0.3,
    "weight_clip": 0.05,
    "gradient_clip": 0.01,
    "instance_noise": 0.3,
    "discriminator_dropout": 0.4,
    "weight_decay": 0.1,
    "generator_steps": 2,
    "augment_colour": 0.5,
    "augment_translation": 0.5,
    "augment_cutout": 0.5,
    "minibatch_std": True,
    "spectral_norm": True,
    "pack": 2,
}


def stepped(data, steps=2, **values):
    trainer = Trainer(tiny_config(**{**PLAIN, **values}), data)
    for _ in range(steps):
        trainer.step()
    return trainer


def weights(trainer):
    return torch.cat([p.detach().flatten() for p in trainer.generator.parameters()])


@pytest.mark.parametrize("condition", ["none", "projection", "auxiliary"])
@pytest.mark.parametrize("kind", ["pictures", "points"])
def test_judging_both_sides_at_once_changes_nothing(images, kind, condition):
    data = images if kind == "pictures" else POINTS
    told = "none" if condition == "none" else "embedding"
    values = {"discriminator_conditioning": condition, "generator_conditioning": told}
    found = []
    for apart in (False, True):
        trainer = Trainer(tiny_config(**PLAIN, **values), data)
        assert not trainer.discriminator.sees_batch
        trainer.discriminator.sees_batch = apart
        trainer.step()
        found.append(torch.cat([p.grad.flatten() for p in trainer.discriminator.parameters()]))
    assert torch.allclose(*found, rtol=1e-4, atol=1e-6) and found[0].any()


@pytest.mark.parametrize("name", EXTRAS)
@pytest.mark.parametrize("kind", ["pictures", "points"])
def test_every_extra_changes_the_step_and_stays_finite(images, name, kind):
    data = images if kind == "pictures" else POINTS
    if kind == "points" and name.startswith("augment"):
        return
    with_it, without = stepped(data, **{name: EXTRAS[name]}), stepped(data)
    assert with_it.all_finite()
    assert not torch.equal(weights(with_it), weights(without))


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("penalty", ["gradient_penalty", "dragan_penalty", "zero_penalty", "r1_penalty", "r2_penalty"])
def test_every_objective_takes_every_penalty(images, objective, penalty):
    trainer = stepped(images, objective=objective, **{penalty: 1.0}, precision="bfloat16")
    assert trainer.all_finite() and all(abs(v) < 1e6 for v in trainer.measure().values())


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("first", ["non_saturating", "mmd"])
def test_the_objective_switches_live_between_all_of_them(images, optimizer, first):
    chosen = {"generator_optimizer": optimizer, "discriminator_optimizer": optimizer}
    trainer = stepped(images, objective=first, **chosen)
    for objective in [*OBJECTIVES, *reversed(OBJECTIVES)]:
        trainer.edit({"objective": objective})
        trainer.step()
        trainer.measure()
    assert trainer.all_finite()


def test_r1_equals_its_formula_on_the_first_step(images):
    """The gradient of the whole discriminator loss, with R1 written out."""
    weight = 3.0
    mine = Trainer(tiny_config(**PLAIN, r1_penalty=weight, batch_size=100), images)
    plain = Trainer(tiny_config(**PLAIN, batch_size=100), images)
    z = torch.randn(100, 8, generator=torch.Generator().manual_seed(1))
    order = mine.sampler._order
    real = (images.samples[order].float() / 127.5 - 1).requires_grad_()
    scores = plain.discriminator(real).scores
    (slope,) = torch.autograd.grad(scores.sum(), real, create_graph=True)
    fake = plain.discriminator(plain.generator(z).detach()).scores
    soft = torch.nn.functional.softplus
    loss = soft(-scores).mean() + soft(fake).mean() + weight / 2 * slope.flatten(1).square().sum(1).mean()
    expected = torch.autograd.grad(loss, list(plain.discriminator.parameters()))
    mine.step()
    for parameter, gradient in zip(mine.discriminator.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-3, atol=1e-6)


def test_lazy_penalties_come_at_their_interval_only(images):
    often, lazy = (Trainer(tiny_config(**PLAIN, r1_penalty=5.0, penalty_interval=n), images) for n in (1, 3))
    never = Trainer(tiny_config(**PLAIN), images)
    for _ in range(2):
        lazy.step()
        never.step()
        often.step()
    assert torch.equal(weights(lazy), weights(never)) and not torch.equal(weights(often), weights(never))
    lazy.step()
    never.step()
    assert lazy.d_updates == 3 and not torch.equal(
        lazy.discriminator.head.weight if hasattr(lazy.discriminator, "head") else weights(lazy),
        never.discriminator.head.weight if hasattr(never.discriminator, "head") else weights(never),
    )


def test_clipping_bounds_weights_and_gradients(images):
    trainer = stepped(images, weight_clip=0.02, gradient_clip=0.003)
    assert max(p.abs().max() for p in trainer.discriminator.parameters()) <= 0.02
    assert trainer.measure()["g_gradient"] <= 0.003 * 1.001


def test_conditional_players_get_the_classes(images):
    for generator in ("embedding", "batch_norm"):
        for discriminator in ("embedding", "projection", "auxiliary"):
            trainer = stepped(images, generator_conditioning=generator, discriminator_conditioning=discriminator)
            z = torch.randn(1, 8).expand(10, 8)
            samples = trainer.sample(z, torch.arange(10)).float()
            assert samples.std(0).max() > 0, (generator, discriminator)  # the class alone changes the picture


def test_points_are_scaled_and_drawn_in_their_own_units():
    far = DataSet("ring8", POINTS.samples * 40, POINTS.labels, scale=40.0)
    trainer = Trainer(tiny_config(**PLAIN), far)
    assert trainer.samples.abs().max() < 10
    assert trainer.sample(torch.randn(5, 8)).shape == (5, 2)


def test_the_surface_is_what_the_discriminator_says_of_each_place():
    trainer = stepped(POINTS)
    surface = trainer.surface(8)
    assert surface.shape == (8, 8)
    corner = torch.tensor([[-1.0, 1.0]])  # top left
    trainer.discriminator.eval()
    assert surface[0, 0] == pytest.approx(trainer.discriminator(corner).scores.sigmoid().item(), abs=1e-5)
    assert stepped(POINTS, objective="mmd").surface(8) is None
    assert stepped(POINTS, pack=2).surface(8).shape == (8, 8)


NEEDS = {
    "kernel": {"objective": "mmd", "kernel": "gaussian"},
    "bandwidths": {"objective": "mmd"},
    "auxiliary_weight": {"discriminator_conditioning": "auxiliary", "generator_conditioning": "embedding"},
    "schedule_steps": {"schedule": "linear"},
    "penalty_interval": {"r1_penalty": 1.0},
}
"""Fields that say something only beside others."""
OTHERWISE = {
    **EXTRAS,
    "objective": "hinge",
    "kernel": "polynomial",
    "bandwidths": (1.0, 2.0),
    "auxiliary_weight": 0.2,
    "generator_lr": 1e-2,
    "discriminator_lr": 1e-2,
    "generator_beta1": 0.1,
    "generator_beta2": 0.5,
    "discriminator_beta1": 0.1,
    "discriminator_beta2": 0.5,
    "schedule": "linear",
    "schedule_steps": 5,
    "batch_size": 6,
    "discriminator_steps": 2,
    "ema_decay": 0.1,
    "penalty_interval": 3,
}


@pytest.mark.parametrize("name", [name for name, spec in FIELDS.items() if spec.when == "live"])
def test_every_live_field_counts_from_the_next_step_on(images, name):
    edited, other = (stepped(images, **NEEDS.get(name, {})) for _ in range(2))
    edited.edit({name: OTHERWISE[name]})
    assert getattr(edited.config, name) == OTHERWISE[name]
    for trainer in (edited, other):
        trainer.step()
    found, kept = edited.state_dict(), other.state_dict()
    networks = [key for key in found if key.startswith(("generator.", "discriminator.", "average."))]
    assert edited.all_finite() and not all(torch.equal(found[key], kept[key]) for key in networks)


def test_generated_classes_are_as_frequent_as_real_ones(images):
    labels = torch.tensor([0] * 90 + [3] * 10)
    data = DataSet("mnist", images.samples, labels, tuple("0123456789"))
    trainer = Trainer(tiny_config(generator_conditioning="embedding", batch_size=1000), data)
    _, drawn = trainer._generate()
    counts = torch.bincount(drawn, minlength=10)
    assert counts[[0, 3]].sum() == 1000 and 60 < counts[3] < 140


def test_a_sample_is_judged_as_of_the_class_that_its_latent_chose(images):
    told = {"generator_conditioning": "embedding", "discriminator_conditioning": "projection"}
    trainer = Trainer(tiny_config(**told, classes_from_latent=True, latent_size=16, batch_size=50), images)
    latents, judged = [], []
    trainer.generator.first.register_forward_hook(lambda layer, inputs, output: latents.append(inputs[0][:, :16]))
    trainer.discriminator.register_forward_hook(lambda layer, inputs, output: judged.append(inputs[1]))
    trainer.step()
    chosen = latents[0][:, :10].argmax(1)
    assert torch.equal(judged[-1], chosen) and chosen.unique().numel() > 5
    assert trainer.sample(torch.randn(3, 16)).shape == (3, 1, 28, 28)  # and whoever draws need not say it


def test_probabilities_are_the_objectives_own(images):
    trainer = stepped(images, objective="least_squares")
    known = trainer._last | {"real": torch.tensor([1.0, 2.0]), "fake": torch.tensor([-1.0, 0.5])}
    trainer._last = known
    measured = trainer.measure()
    assert measured["d_real"] == 1.0 and measured["d_fake"] == 0.25
    trainer.edit({"objective": "non_saturating"})
    trainer._last = known
    assert trainer.measure()["d_real"] == pytest.approx((1 / (1 + math.exp(-1)) + 1 / (1 + math.exp(-2))) / 2)


def test_scores_without_a_threshold_are_shown_around_the_middle(images):
    trainer = stepped(images, objective="relativistic")
    trainer._last |= {"real": torch.tensor([101.0]), "fake": torch.tensor([99.0])}
    measured = trainer.measure()
    assert measured["d_real"] == pytest.approx(1 / (1 + math.exp(-1)))
    assert measured["d_fake"] == pytest.approx(1 / (1 + math.exp(1)))
