"""Settings that exclude each other are refused with a sentence that names them."""

import pytest
import torch

from gan_studio.config import ConfigError
from gan_studio.data import DataSet
from gan_studio.errors import StudioError
from gan_studio.training.compatibility import fit_classes
from gan_studio.training.run import Run
from gan_studio.training.trainer import Trainer
from tests.conftest import tiny_config

PLAIN = {"discriminator_norm": "none"}
POINTS = DataSet("ring8", torch.randn(64, 2), torch.zeros(64, dtype=torch.int64))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"r1_penalty": 1}, ("r1_penalty", "discriminator_norm", "batch normalisation")),
        ({"gradient_penalty": 1, "network": "dcgan"}, ("gradient_penalty", "discriminator_norm")),
        ({"objective": "hinge", "label_smoothing": 0.1}, ("label_smoothing", "objective", "non_saturating")),
        ({"batch_size": 9, "pack": 2}, ("batch_size", "pack", "multiple of 2")),
        ({"batch_size": 4, "pack": 4}, ("batch_size", "pack")),
        (
            {"generator_conditioning": "embedding", "discriminator_conditioning": "embedding", "pack": 2},
            ("discriminator_conditioning", "pack"),
        ),
        ({"discriminator_conditioning": "auxiliary"}, ("discriminator_conditioning", "generator_conditioning")),
        ({"classes_from_latent": True}, ("classes_from_latent", "generator_conditioning")),
        ({"classes_from_latent": True, "generator_conditioning": "embedding"}, ("latent_size = 8", "10 classes")),
        ({"objective": "mmd", "minibatch_std": True}, ("minibatch_std", "mmd")),
        (
            {"objective": "mmd", "generator_conditioning": "embedding", "discriminator_conditioning": "projection"},
            ("discriminator_conditioning", "mmd"),
        ),
        ({"generator_conditioning": "batch_norm", "generator_norm": "none"}, ("generator_norm",)),
    ],
)
def test_pictures(images, values, words):
    with pytest.raises(StudioError) as refusal:
        Trainer(tiny_config(**values), images)
    assert all(word in str(refusal.value) for word in words)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"augment_cutout": 0.5}, ("augment_cutout", "points")),
        ({"discriminator_conditioning": "projection"}, ("discriminator_conditioning", "no classes")),
        ({"network": "dcgan"}, ("dcgan", "points")),
    ],
)
def test_points(values, words):
    with pytest.raises(StudioError) as refusal:
        Trainer(tiny_config(**values), POINTS)
    assert all(word in str(refusal.value) for word in words)


def test_edits_are_checked_too(images):
    trainer = Trainer(tiny_config(label_smoothing=0.1), images)
    with pytest.raises(ConfigError, match="label_smoothing"):
        trainer.edit({"objective": "wasserstein"})
    assert trainer.config.objective == "non_saturating"
    trainer.edit({"objective": "wasserstein", "label_smoothing": 0})
    trainer.step()


def test_penalties_are_allowed_where_there_is_no_batch_norm(images):
    for values in (PLAIN, {"hidden": (8,)}, *({"network": name} for name in ("modern", "residual", "dense_conv"))):
        trainer = Trainer(tiny_config(**values, r1_penalty=1.0), images)
        trainer.step()
        assert trainer.all_finite()


def test_a_class_for_the_generator_alone_goes_with_packing(images):
    trainer = Trainer(tiny_config(generator_conditioning="embedding", pack=2), images)
    trainer.step()
    assert trainer.step_count == 1 and trainer.all_finite()


@pytest.mark.parametrize(
    ("classes", "latent_size", "conditional"), [(10, 16, True), (10, 10, True), (10, 9, False), (0, 16, False)]
)
def test_a_run_leaves_out_the_classes_that_its_latents_cannot_choose(images, classes, latent_size, conditional):
    data = DataSet("folder", images.samples, images.labels * (classes > 0), tuple("0123456789")[:classes])
    told = {"generator_conditioning": "embedding", "discriminator_conditioning": "projection"}
    run = Run(tiny_config(**told, classes_from_latent=True, latent_size=latent_size), data)
    run.step()
    assert (run.config.generator_conditioning, run.config.classes_from_latent) == (
        ("embedding", True) if conditional else ("none", False)
    )
    assert run.trainer.discriminator.projection is None or conditional
    assert len(run.notes) == (not conditional)
    if not conditional:
        assert run.notes[0].startswith(f"folder: trained without classes, because latents of {latent_size} numbers")


@pytest.mark.parametrize("kind", ["points", "rare"])
def test_latents_choose_neither_among_points_nor_among_uneven_classes(images, kind):
    rare = torch.where(torch.arange(100) < 96, torch.arange(100) % 9, 9)  # 4 of class 9 are too few, 5 would do
    points = DataSet("spiral", torch.randn(100, 2), torch.arange(100) % 10, images.classes)
    data = points if kind == "points" else DataSet("mnist", images.samples, rare, images.classes)
    config = tiny_config(generator_conditioning="embedding", classes_from_latent=True, latent_size=16)
    assert fit_classes(config, data)[0].generator_conditioning == "none"
    enough = DataSet("mnist", images.samples, torch.where(torch.arange(100) == 95, 9, rare), images.classes)
    assert fit_classes(config, enough) == (config, [])


def test_a_run_that_left_out_classes_is_resumed_with_what_it_was_started_with(images, tmp_path):
    plain = DataSet("mnist", images.samples, torch.zeros(100, dtype=torch.int64))
    told = {"generator_conditioning": "embedding", "classes_from_latent": True}
    run = Run(tiny_config(**told), plain)
    run.step()
    run.save(tmp_path / "plain.safetensors")
    again = Run.load(tmp_path / "plain.safetensors", lambda config: plain, told)
    assert again.config == run.config and again.step_count == 1
