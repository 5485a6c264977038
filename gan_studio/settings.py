"""Every setting of a run: its default, its explanation, its limits, and when it may change.

This is the one table that the page's controls, the command line, the checkpoints and the documentation are
made from. What can be done with it (validate, edit, resume) is in :mod:`gan_studio.config`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

When = Literal["live", "resume", "start"]
"""When a field may change: ``live`` at any step, ``resume`` when a checkpoint is loaded (where it
runs, not what it computes), ``start`` only when a run begins."""

Toy = Literal[
    "line", "two_gaussians", "ring", "ring8", "grid25", "two_moons", "spiral", "swiss_roll", "checkerboard", "points"
]
Pictures = Literal["mnist", "stacked_mnist", "emoji", "fashion_mnist", "kmnist", "cifar10", "folder"]
Architecture = Literal["dcgan", "mlp", "dense_conv", "residual", "modern"]
Optimizer = Literal["sgd", "momentum", "rmsprop", "adam", "adamw"]
Norm = Literal["batch", "none"]


def _setting(default: Any, text: str, when: When = "start", *, group: str, unit: str = "", **limits: Any) -> Any:
    """One field: its default, its explanation (one sentence), when it may change, and its limits."""
    suggestions = limits.pop("suggestions", ())
    extra = {"when": when, "group": group, "unit": unit, "suggestions": list(suggestions)}
    return Field(default, description=text, json_schema_extra=extra, **limits)


def _live(default: Any, text: str, *, group: str, **limits: Any) -> Any:
    return _setting(default, text, "live", group=group, **limits)


def _split(value: Any) -> Any:
    """Let ``128,256`` on the command line or in a text box stand for a tuple of numbers."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _not_bool(value: Any) -> Any:
    """Python counts ``True`` as 1; a batch size of ``True`` is a mistake."""
    if isinstance(value, bool):
        raise ValueError("a number is needed")
    return value


Whole = Annotated[int, BeforeValidator(_not_bool)]
Real = Annotated[float, BeforeValidator(_not_bool)]
Widths = Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], BeforeValidator(_split)]
Scales = Annotated[tuple[Annotated[float, Field(ge=1e-4, le=1e4)], ...], BeforeValidator(_split)]
ShortText = Annotated[str, Field(max_length=400)]

LEARNING_RATES = (1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 3e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2)
PENALTY_WEIGHTS = (0.0, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)


class RunConfig(BaseModel):
    """A run, completely described. Build it with :func:`gan_studio.config.make_config` for readable errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    # -- data ----------------------------------------------------------------------------------------
    dataset: Literal[Pictures, Toy] = _setting(
        "mnist", "The real samples that the discriminator learns to tell from generated ones.", group="data"
    )
    source: ShortText = _setting(
        "", "Your folder or zip of pictures (folder), or your file of points (points).", group="data"
    )
    train_size: Whole = _setting(
        0, "Train on only this many samples, the first ones; 0 takes all of them.", group="data", ge=0, le=10**7
    )
    picture_size: Whole = _setting(
        0, "Side to which pictures are resized; 0 keeps the data set's own.", group="data", unit="pixels", ge=0, le=128
    )
    colours: Literal["own", "grey", "colour"] = _setting(
        "own", "Colour channels: the data set's own, one (grey) or three (colour).", group="data"
    )

    # -- networks ------------------------------------------------------------------------------------
    network: Architecture = _setting("dcgan", "The architecture of the generator.", group="network")
    discriminator_network: Literal["same", Architecture] = _setting(
        "same", "The architecture of the discriminator; same takes the generator's counterpart.", group="network"
    )
    latent_size: Whole = _setting(
        100, "How many random numbers the generator turns into one sample.", group="network", ge=1, le=1024
    )
    channels: Whole = _setting(
        48,
        "Convolution channels next to the picture; layers further in have more (all but mlp).",
        group="network",
        ge=4,
        le=512,
    )
    hidden: Widths = _setting(
        (128, 256),
        "Widths of the generator's hidden layers; the discriminator mirrors them (mlp only).",
        group="network",
        min_length=1,
        max_length=16,
    )
    output: Literal["tanh", "sigmoid"] = _setting(
        "tanh", "The function that bounds generated pixels; generated points are not bounded.", group="network"
    )
    generator_norm: Norm = _setting(
        "batch", "Batch normalisation in the generator, or none (modern never has it).", group="network"
    )
    discriminator_norm: Norm = _setting(
        "batch", "Batch normalisation in the discriminator (dcgan and mlp), or none.", group="network"
    )
    spectral_norm: bool = _setting(
        False, "Divide each discriminator weight by its largest singular value.", group="network"
    )
    minibatch_std: bool = _setting(
        False, "Tell the discriminator how much the samples of a batch differ, against mode collapse.", group="network"
    )
    pack: Whole = _setting(
        1, "How many samples the discriminator judges together (PacGAN).", group="network", unit="samples", ge=1, le=8
    )
    generator_conditioning: Literal["none", "embedding", "batch_norm"] = _setting(
        "none", "How the generator is told the class: with the latent, or by its batch normalisation.", group="network"
    )
    classes_from_latent: bool = _setting(
        False,
        "The largest of the latent's first numbers, one for each class, chooses the class, if the data have classes.",
        group="network",
    )
    discriminator_conditioning: Literal["none", "embedding", "projection", "auxiliary"] = _setting(
        "none",
        "How the discriminator uses the class: as input, by projection, or as an auxiliary classifier.",
        group="network",
    )

    # -- objective -----------------------------------------------------------------------------------
    objective: Literal[
        "minimax",
        "non_saturating",
        "cross_entropy_squared",
        "least_squares",
        "wasserstein",
        "hinge",
        "relativistic",
        "relativistic_average",
        "mmd",
    ] = _live("non_saturating", "The loss that sets the two networks against each other.", group="training")
    kernel: Literal["gaussian", "polynomial", "rational_quadratic"] = _live(
        "gaussian", "The kernel that compares critic features (mmd only).", group="objective"
    )
    bandwidths: Scales = _live(
        (0.5, 1.0, 2.0, 4.0),
        "The kernel's scales, summed: sigma (gaussian), degree (polynomial), alpha (rational_quadratic).",
        group="objective",
        min_length=1,
        max_length=8,
    )
    auxiliary_weight: Real = _live(
        1.0, "Weight of the class losses of an auxiliary classifier.", group="objective", ge=0.0, le=100.0
    )
    label_smoothing: Real = _live(
        0.0,
        "How far below 1 the discriminator's target for real samples lies (one-sided).",
        group="objective",
        ge=0.0,
        le=0.5,
    )
    label_flip: Real = _live(
        0.0, "Share of the discriminator's labels that are swapped at random.", group="objective", ge=0.0, le=0.5
    )

    # -- optimisers ----------------------------------------------------------------------------------
    generator_lr: Real = _live(
        5e-4,
        "How large a step the generator's optimiser takes.",
        group="training",
        ge=0.0,
        le=1.0,
        suggestions=LEARNING_RATES,
    )
    discriminator_lr: Real = _live(
        5e-4,
        "How large a step the discriminator's optimiser takes.",
        group="training",
        ge=0.0,
        le=1.0,
        suggestions=LEARNING_RATES,
    )
    generator_optimizer: Optimizer = _setting(
        "adam", "The rule by which the generator follows its gradient.", group="network"
    )
    discriminator_optimizer: Optimizer = _setting(
        "adam", "The rule by which the discriminator follows its gradient.", group="network"
    )
    generator_beta1: Real = _live(
        0.5, "Memory of the generator's past gradients (momentum, adam, adamw).", group="betas", ge=0.0, le=0.9999
    )
    generator_beta2: Real = _live(
        0.999,
        "Memory of the size of the generator's past gradients (rmsprop, adam, adamw).",
        group="betas",
        ge=0.0,
        le=0.999999,
    )
    discriminator_beta1: Real = _live(
        0.5,
        "Memory of the discriminator's past gradients (momentum, adam, adamw).",
        group="betas",
        ge=0.0,
        le=0.9999,
    )
    discriminator_beta2: Real = _live(
        0.999,
        "Memory of the size of the discriminator's past gradients (rmsprop, adam, adamw).",
        group="betas",
        ge=0.0,
        le=0.999999,
    )
    weight_decay: Real = _live(
        0.0, "How strongly both optimisers pull every weight towards zero.", group="betas", ge=0.0, le=1.0
    )
    schedule: Literal["constant", "linear", "cosine"] = _live(
        "constant", "How both learning rates fall over the scheduled steps.", group="betas"
    )
    schedule_steps: Whole = _live(
        20_000,
        "After how many steps the learning rates have fallen to zero (not with constant).",
        group="betas",
        unit="steps",
        ge=1,
        le=10**8,
    )

    # -- training ------------------------------------------------------------------------------------
    batch_size: Whole = _live(
        64,
        "How many real and how many generated samples each step looks at.",
        group="training",
        unit="samples",
        ge=2,
        le=200_000,
        suggestions=(16, 32, 64, 128, 256, 512),
    )
    discriminator_steps: Whole = _live(
        1,
        "How often the discriminator learns in each step.",
        group="training",
        unit="updates",
        ge=1,
        le=20,
    )
    generator_steps: Whole = _live(
        1, "How often the generator learns in each step.", group="training", unit="updates", ge=1, le=20
    )
    ema_decay: Real = _live(
        0.995,
        "How slowly the averaged generator, which draws the samples, follows the trained one.",
        group="training",
        ge=0.0,
        le=0.99999,
    )

    # -- regularisers --------------------------------------------------------------------------------
    gradient_penalty: Real = _live(
        0.0,
        "Weight of pulling the critic's slope between real and generated samples to 1 (WGAN-GP).",
        group="regularisation",
        ge=0.0,
        le=1000.0,
        suggestions=PENALTY_WEIGHTS,
    )
    dragan_penalty: Real = _live(
        0.0,
        "Weight of pulling the critic's slope around real samples to 1 (DRAGAN).",
        group="regularisation",
        ge=0.0,
        le=1000.0,
        suggestions=PENALTY_WEIGHTS,
    )
    zero_penalty: Real = _live(
        0.0,
        "Weight of pulling the critic's slope between real and generated samples to 0.",
        group="regularisation",
        ge=0.0,
        le=1000.0,
        suggestions=PENALTY_WEIGHTS,
    )
    r1_penalty: Real = _live(
        0.0,
        "Weight of flattening the discriminator at real samples (R1).",
        group="regularisation",
        ge=0.0,
        le=1000.0,
        suggestions=PENALTY_WEIGHTS,
    )
    r2_penalty: Real = _live(
        0.0,
        "Weight of flattening the discriminator at generated samples (R2).",
        group="regularisation",
        ge=0.0,
        le=1000.0,
        suggestions=PENALTY_WEIGHTS,
    )
    penalty_interval: Whole = _live(
        1,
        "Apply the penalties only at every this many discriminator updates, and that many times as strong "
        "(lazy regularisation).",
        group="regularisation",
        unit="updates",
        ge=1,
        le=64,
    )
    weight_clip: Real = _live(
        0.0, "Keep every discriminator weight within this distance of zero; 0 turns it off.", group="regularisation",
        ge=0.0, le=10.0, suggestions=(0.0, 0.01, 0.03, 0.1),
    )  # fmt: skip
    gradient_clip: Real = _live(
        0.0,
        "Shorten each network's gradient to this length; 0 turns it off.",
        group="regularisation",
        ge=0.0,
        le=1000.0,
    )
    instance_noise: Real = _live(
        0.0,
        "Standard deviation of the noise added to all that the discriminator sees.",
        group="regularisation",
        ge=0.0,
        le=2.0,
    )
    discriminator_dropout: Real = _live(
        0.0, "Share of the discriminator's hidden values that are dropped.", group="regularisation", ge=0.0, le=0.9
    )

    # -- augmentation --------------------------------------------------------------------------------
    augment_colour: Real = _live(
        0.0,
        "Probability that brightness, saturation and contrast change before the discriminator looks.",
        group="augmentation",
        ge=0.0,
        le=1.0,
    )
    augment_translation: Real = _live(
        0.0,
        "Probability that the picture is shifted, by up to an eighth, before the discriminator looks.",
        group="augmentation",
        ge=0.0,
        le=1.0,
    )
    augment_cutout: Real = _live(
        0.0,
        "Probability that a square of half the side is blanked before the discriminator looks.",
        group="augmentation",
        ge=0.0,
        le=1.0,
    )

    # -- machine -------------------------------------------------------------------------------------
    precision: Literal["auto", "float32", "bfloat16"] = _setting(
        "auto",
        "Number format of the heavy arithmetic; auto takes bfloat16 where it is fast, and float32 for points.",
        "resume",
        group="machine",
    )
    device: Literal["auto", "cuda", "mps", "cpu"] = _setting(
        "auto", "Where to compute; auto takes cuda, else mps, else cpu.", "resume", group="machine"
    )
    seed: Whole = _setting(
        0, "The number from which all randomness of the run follows.", group="machine", ge=0, le=2**31 - 1
    )

    @property
    def by_class(self) -> bool:
        """Whether whoever draws a sample says its class."""
        return self.generator_conditioning != "none" and not self.classes_from_latent
