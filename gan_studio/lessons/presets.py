"""The presets: named, explained starting points, each a few fields that differ from the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gan_studio.config import RunConfig, make_config
from gan_studio.errors import StudioError

Kind = Literal["start", "recipe", "modern", "toy", "failing"]


@dataclass(frozen=True)
class Preset:
    """A named starting point: ``values`` are the config fields that differ from their defaults.

    A failing preset is one on purpose; ``cure`` is the one field, and its value, that mends it.
    """

    name: str
    kind: Kind
    title: str
    description: str
    values: Mapping[str, Any] = field(default_factory=dict)
    cure: Mapping[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> RunConfig:
        """The complete config of this preset."""
        return make_config(self.values)


_NO_NORM = {"generator_norm": "none", "discriminator_norm": "none"}
_ADAM_2E4 = {"generator_lr": 2e-4, "discriminator_lr": 2e-4}
_TANH = {"network": "mlp", "hidden": (128, 256), **_NO_NORM, **_ADAM_2E4}
_SPECTRAL = {
    "spectral_norm": True,
    "discriminator_norm": "none",
    "generator_lr": 1e-3,
    "discriminator_lr": 2e-3,
    "generator_beta1": 0.0,
    "discriminator_beta1": 0.0,
    "ema_decay": 0.998,
}
_TOY = {
    "network": "mlp",
    "hidden": (128, 128, 128),
    **_NO_NORM,
    "latent_size": 2,
    "batch_size": 128,
    "generator_lr": 1e-3,
    "discriminator_lr": 1e-3,
    "ema_decay": 0.99,
}
_CLUSTERS = {
    **_TOY,
    "objective": "relativistic",
    "generator_lr": 2e-3,
    "discriminator_lr": 3e-3,
    "ema_decay": 0.998,
}
_EVERY_CLUSTER = {
    **_CLUSTERS,
    "minibatch_std": True,
    "r1_penalty": 5e-5,
    "r2_penalty": 5e-5,
    "penalty_interval": 2,
    "schedule": "cosine",
    "schedule_steps": 100_000,
}

_ALL = (
    Preset(
        "mnist-dcgan",
        "start",
        "Digits, convolutional (DCGAN)",
        "Handwritten digits from a small DCGAN (Radford et al., 2016) with the non-saturating loss and spectral "
        "normalisation: recognisable within a minute on a laptop's CPU. The first ten numbers of the latent vote for a "
        "digit, so one latent space holds all ten, and each is drawn and judged as what it is meant to be.",
        {
            "channels": 32,
            "latent_size": 32,
            "generator_conditioning": "batch_norm",
            "classes_from_latent": True,
            "discriminator_conditioning": "projection",
            **_SPECTRAL,
            "generator_lr": 5e-3,
            "discriminator_lr": 5e-3,
            "batch_size": 32,
        },
    ),
    Preset(
        "mnist-mlp",
        "start",
        "Digits, fully connected (MLP)",
        "The classic classroom GAN (Goodfellow et al., 2014): a 128-256-784 generator with tanh output "
        "against its mirror image. Fast, and rougher than convolutions.",
        {"network": "mlp", "hidden": (128, 256), **_NO_NORM},
    ),
    # -- five teaching recipes -------------------------------------------------------------------------
    Preset(
        "recipe-dense-conv",
        "recipe",
        "Recipe A: dense start, then convolutions",
        "A generator of dense layers 256-512-7x7x256 with batch normalisation, then up-sampling convolutions, "
        "against convolutions 64-128-256; Adam 2e-4, three colour channels at 28x28. Repaired: the pictures are "
        "scaled to the tanh's range [-1, 1], and Adam's beta1 is 0.5, without which it swings.",
        {"network": "dense_conv", "channels": 64, "colours": "colour", **_ADAM_2E4},
    ),
    Preset(
        "recipe-dense-against-conv",
        "recipe",
        "Recipe B: dense generator, convolutional discriminator, minimax",
        "A fully connected generator against a convolutional discriminator, with the original saturating loss. "
        "Repaired: the discriminator learns slower than the generator and its labels are smoothed; else it wins at "
        "once and the saturating loss gives the generator no gradient.",
        {
            "network": "mlp",
            "hidden": (256, 512),
            "generator_norm": "batch",
            "discriminator_network": "dcgan",
            "channels": 32,
            "objective": "minimax",
            "label_smoothing": 0.1,
            "generator_lr": 5e-4,
            "discriminator_lr": 1e-4,
        },
    ),
    Preset(
        "recipe-sigmoid",
        "recipe",
        "Recipe C: 784-784-784 with sigmoid and a squared generator loss",
        "Two dense networks 784-784-784; the generator ends in a sigmoid and minimises (D(G(z)) - 1)^2, the "
        "discriminator the cross-entropy; Adam 2e-4 / 0.5. Repaired: the sigmoid's range is stretched to [-1, 1] as "
        "the data are, and the hidden layers are LeakyReLU, since the squared loss on probabilities is flat where the "
        "discriminator is sure.",
        {
            "network": "mlp",
            "hidden": (784, 784),
            "output": "sigmoid",
            "objective": "cross_entropy_squared",
            **_NO_NORM,
            **_ADAM_2E4,
        },
    ),
    Preset(
        "recipe-tanh",
        "recipe",
        "Recipe D: 128-256-784 with tanh",
        "The 128-256-784 tanh generator with the non-saturating loss, Adam 2e-4. Repaired: the generator's loss is "
        "-log D(G(z)), not log(1 - D(G(z))), and the discriminator mirrors it with LeakyReLU instead of being larger.",
        _TANH,
    ),
    Preset(
        "recipe-tanh-wasserstein",
        "recipe",
        "Recipe D, Wasserstein with clipping",
        "The same pair with the Wasserstein loss, RMSprop and clipped weights, five critic updates a step "
        "(Arjovsky et al., 2017). Repaired: no sigmoid at the critic's end, and no momentum.",
        {
            **_TANH,
            "objective": "wasserstein",
            "weight_clip": 0.03,
            "discriminator_steps": 5,
            "generator_optimizer": "rmsprop",
            "discriminator_optimizer": "rmsprop",
            "generator_beta2": 0.99,
            "discriminator_beta2": 0.99,
        },
    ),
    Preset(
        "recipe-tanh-spectral",
        "recipe",
        "Recipe D, spectral normalisation",
        "The same pair, each discriminator weight divided by its largest singular value (Miyato et al., 2018). "
        "Repaired: two discriminator updates a step, since the bounded discriminator learns slower.",
        {**_TANH, "spectral_norm": True, "discriminator_steps": 2, "discriminator_lr": 5e-4},
    ),
    Preset(
        "recipe-tanh-penalty",
        "recipe",
        "Recipe D, Wasserstein with gradient penalty",
        "The same pair with the Wasserstein loss and the gradient penalty (Gulrajani et al., 2017). Repaired: the "
        "penalty is on each sample's own slope, which is why there is no batch normalisation, and Adam's beta1 is 0.",
        {
            **_TANH,
            "objective": "wasserstein",
            "gradient_penalty": 10.0,
            "discriminator_steps": 3,
            "generator_beta1": 0.0,
            "discriminator_beta1": 0.0,
            "generator_beta2": 0.9,
            "discriminator_beta2": 0.9,
        },
    ),
    Preset(
        "recipe-dropout",
        "recipe",
        "Recipe E: transposed convolutions against dropout",
        "A transposed-convolution generator against a convolutional discriminator with LeakyReLU 0.2 and dropout 0.3. "
        "Repaired: the discriminator has dropout or batch normalisation, not both, and the generator's gradient "
        "passes through its dropout as well.",
        {"channels": 32, "discriminator_norm": "none", "discriminator_dropout": 0.3, **_ADAM_2E4},
    ),
    Preset(
        "recipe-kernel",
        "recipe",
        "Recipe E, comparing with a Gaussian kernel",
        "The same pair, but the discriminator compares: its features of real and generated pictures go through a "
        "Gaussian kernel exp(-||x - y||^2 / 2 sigma^2), and the two play for the maximum mean discrepancy. Repaired: "
        "several widths sigma at once and spectral normalisation; one width is blind to most distances.",
        {
            "channels": 32,
            "discriminator_norm": "none",
            "spectral_norm": True,
            "objective": "mmd",
            "kernel": "gaussian",
            "bandwidths": (0.1, 0.2, 0.5, 1.0),
            **_ADAM_2E4,
        },
    ),
    # -- modern ----------------------------------------------------------------------------------------
    Preset(
        "wgan-gp",
        "modern",
        "WGAN-GP",
        "The Wasserstein loss with a gradient penalty of 10 and several critic updates a step "
        "(Gulrajani et al., 2017): the loss curve says how far generated pictures are from real ones.",
        {
            "objective": "wasserstein",
            "gradient_penalty": 10.0,
            "discriminator_norm": "none",
            "discriminator_steps": 3,
            "channels": 32,
            "generator_lr": 3e-4,
            "discriminator_lr": 3e-4,
            "generator_beta1": 0.0,
            "discriminator_beta1": 0.0,
            "generator_beta2": 0.9,
            "discriminator_beta2": 0.9,
        },
    ),
    Preset(
        "sngan-hinge",
        "modern",
        "SNGAN, hinge loss",
        "Residual networks, the hinge loss and spectral normalisation (Miyato et al., 2018).",
        {
            "network": "residual",
            "channels": 16,
            "objective": "hinge",
            "spectral_norm": True,
            "discriminator_norm": "none",
            "discriminator_steps": 2,
            "generator_lr": 4e-4,
            "discriminator_lr": 4e-4,
            "generator_beta1": 0.0,
            "discriminator_beta1": 0.0,
            "generator_beta2": 0.9,
            "discriminator_beta2": 0.9,
        },
    ),
    Preset(
        "digit-by-class",
        "modern",
        "Digits by class (conditional DCGAN)",
        "Say which digit: the generator gets the class with its latent (Mirza and Osindero, 2014), the discriminator "
        "by projection (Miyato and Koyama, 2018); hinge loss and spectral normalisation. Unlike in the default, style "
        "and class are two things: the same latent gives ten digits in one hand. The grid shows them in their order.",
        {
            "channels": 32,
            "latent_size": 16,
            "generator_conditioning": "batch_norm",
            "discriminator_conditioning": "projection",
            "objective": "hinge",
            **_SPECTRAL,
            "generator_lr": 5e-4,
            "discriminator_lr": 1e-3,
        },
    ),
    Preset(
        "relativistic",
        "modern",
        "Relativistic with R1 and R2 (R3GAN)",
        "Residual networks without any normalisation, the relativistic paired loss, and the zero-centred penalties R1 "
        "and R2 (Huang et al., 2024): no tricks, and provable local convergence.",
        {
            "network": "modern",
            "channels": 16,
            "objective": "relativistic",
            "r1_penalty": 1.0,
            "r2_penalty": 1.0,
            **_NO_NORM,
            **_ADAM_2E4,
            "generator_beta1": 0.0,
            "discriminator_beta1": 0.0,
            "generator_beta2": 0.99,
            "discriminator_beta2": 0.99,
        },
    ),
    Preset(
        "stacked-mnist",
        "modern",
        "Stacked digits: a thousand modes to find",
        "Three random digits as the colours of one picture (Metz et al., 2017): a generator that leaves out modes is "
        "found out by counting. Nobody tells it the classes; spectral normalisation (Miyato et al., 2018) keeps it "
        "from collapsing. Quality shows how many of the 1,000 it covers.",
        {
            "dataset": "stacked_mnist",
            "channels": 32,
            "latent_size": 64,
            **_SPECTRAL,
        },
    ),
    Preset(
        "emoji",
        "modern",
        "Emoji, a small data set with augmentation",
        "3,786 colour emoji are few: without differentiable augmentation (Zhao et al., 2020) the discriminator learns "
        "them by heart.",
        {
            "dataset": "emoji",
            "augment_colour": 0.5,
            "augment_translation": 0.5,
            "augment_cutout": 0.3,
            "channels": 32,
        },
    ),
    # -- points in the plane ---------------------------------------------------------------------------
    Preset(
        "ring8",
        "toy",
        "Points: ring of 8",
        "Eight small clusters on a circle: watch whether the generator finds all of them. The relativistic loss with "
        "R1, R2 and minibatch standard deviation does, and grows sharper until the learning rates have come to rest.",
        {"dataset": "ring8", **_EVERY_CLUSTER, "r1_penalty": 2e-5, "r2_penalty": 2e-5},
    ),
    Preset(
        "grid25",
        "toy",
        "Points: grid of 25",
        "Twenty-five clusters on a grid, the standard test for mode collapse (Lin et al., 2018). Minibatch standard "
        "deviation shows the discriminator how alike a batch is; the cosine schedule lets the bridges between "
        "clusters thin out.",
        {"dataset": "grid25", **_EVERY_CLUSTER},
    ),
    Preset(
        "two-moons",
        "toy",
        "Points: two moons",
        "Two half circles that nearly touch: the background shows where the discriminator believes in real samples.",
        {"dataset": "two_moons", **_TOY},
    ),
    # -- failing on purpose ----------------------------------------------------------------------------
    Preset(
        "fail-mode-collapse",
        "failing",
        "Fails: mode collapse",
        "The generator learns five times for each step of the discriminator, so it runs to wherever that believes just "
        "now: all points end up in one or two places, between clusters as often as on one, and are chased from one to "
        "the next. Cure: generator_steps = 1.",
        {"dataset": "grid25", **_CLUSTERS, "generator_lr": 3e-3, "discriminator_lr": 2e-3, "generator_steps": 5},
        {"generator_steps": 1},
    ),
    Preset(
        "fail-vanishing-gradient",
        "failing",
        "Fails: vanishing gradient",
        "The original minimax loss against a discriminator that learns five times a step: it is always right, the loss "
        "is flat there, and the generator's gradient is gone. Cure: objective = non_saturating.",
        {
            "network": "mlp",
            "hidden": (128, 256),
            **_NO_NORM,
            "objective": "minimax",
            "discriminator_steps": 5,
            "generator_lr": 2e-4,
            "discriminator_lr": 1e-3,
        },
        {"objective": "non_saturating"},
    ),
    Preset(
        "fail-overfitting",
        "failing",
        "Fails: discriminator overfitting",
        "Only 200 pictures: the discriminator learns them by heart, and the generator is told nothing any more. "
        "Cure: augment_translation = 1, so that it rarely sees the same picture twice.",
        {"train_size": 200},
        {"augment_translation": 1.0},
    ),
    Preset(
        "fail-divergence",
        "failing",
        "Fails: divergence",
        "A discriminator learning rate of 0.1: it jumps over every valley, and the losses blow up. "
        "Cure: discriminator_lr = 0.0005.",
        {"discriminator_lr": 0.1},
        {"discriminator_lr": 5e-4},
    ),
    Preset(
        "fail-circling",
        "failing",
        "Fails: circling",
        "SGD with momentum for both players: each overshoots, and they chase each other around the "
        "solution for ever. Cure: discriminator_beta1 = 0, no momentum for one of them (Gidel et al., 2019).",
        {
            "dataset": "two_gaussians",
            **_TOY,
            "objective": "wasserstein",
            "weight_clip": 0.2,
            "generator_optimizer": "momentum",
            "discriminator_optimizer": "momentum",
            "generator_beta1": 0.9,
            "discriminator_beta1": 0.9,
            "generator_lr": 0.005,
            "discriminator_lr": 0.005,
        },
        {"discriminator_beta1": 0.0},
    ),
)

PRESETS: dict[str, Preset] = {preset.name: preset for preset in _ALL}
DEFAULT_PRESET = "mnist-dcgan"


def find_preset(name: str) -> Preset:
    """The preset called ``name``; raises :class:`StudioError` that lists the known ones."""
    if name not in PRESETS:
        raise StudioError(f"preset {name!r} is unknown; known presets: {', '.join(PRESETS)}")
    return PRESETS[name]
