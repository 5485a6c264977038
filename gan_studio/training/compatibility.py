"""Which settings exclude each other, and why: one rule a line of reasoning, checked before training and at edits."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from gan_studio.config import ConfigError, RunConfig
from gan_studio.data import DataSet
from gan_studio.errors import Sentence, joined
from gan_studio.networks import discriminator_name
from gan_studio.objectives import AUGMENTATIONS, OBJECTIVES, PENALTIES


def check(config: RunConfig, data: DataSet) -> None:
    """Raise :class:`ConfigError` with a sentence for every pair of settings that cannot work together."""
    problems = [*_critic(config), *_batches(config), *_labels(config, data), *_points(config, data)]
    if problems:
        raise ConfigError(joined(problems))


UNTOLD = {"generator_conditioning": "none", "classes_from_latent": False, "discriminator_conditioning": "none"}
"""Settings of players that know of no classes."""


def fit_classes(config: RunConfig, data: DataSet) -> tuple[RunConfig, list[Sentence]]:
    """``config``, and what to say of it: without classes where latents are to choose theirs and cannot.

    They can where ``data`` are pictures of classes that are about equally frequent, for so a latent ~ N(0, I) chooses,
    and no more of them than it has numbers.
    """
    if not config.classes_from_latent or (
        1 < len(data.classes) <= config.latent_size and not data.is_points and _are_even(data)
    ):
        return config, []
    said = Sentence(
        f"{data.name}: trained without classes, because latents of {config.latent_size} numbers choose among at most "
        "as many classes, of pictures and about equally frequent",
        "loading.untold",
        name=data.name,
        latent_size=config.latent_size,
    )
    return config.model_copy(update=UNTOLD), [said]


def _are_even(data: DataSet) -> bool:
    """Whether the rarest class is at least half as frequent as it were if all were equally frequent."""
    counts = torch.bincount(data.labels, minlength=len(data.classes))
    return bool(2 * counts.min() * len(counts) >= counts.sum())


def _has_batch_norm(config: RunConfig) -> bool:
    """Whether the discriminator has batch normalisation; the first layer of none has it."""
    name = discriminator_name(config)
    return config.discriminator_norm == "batch" and (name == "dcgan" or (name == "mlp" and len(config.hidden) > 1))


def _critic(config: RunConfig) -> Iterator[Sentence]:
    penalties = [name for name in PENALTIES if getattr(config, name) > 0]
    if penalties and _has_batch_norm(config):
        name, value = penalties[0], f"{getattr(config, penalties[0]):g}"
        yield Sentence(
            f"{name} = {value} with discriminator_norm = batch: the penalty is on "
            "each sample's own slope, and batch normalisation makes every score depend on the whole batch; "
            "set discriminator_norm = none",
            "error.penalty_with_norm",
            name=name,
            value=value,
        )
    smoothable = [name for name, row in OBJECTIVES.items() if row.smoothing]
    if config.label_smoothing > 0 and config.objective not in smoothable:
        value, others = f"{config.label_smoothing:g}", ", ".join(smoothable)
        yield Sentence(
            f"label_smoothing = {value} with objective = {config.objective}: it has no label to "
            f"smooth; set label_smoothing = 0 or take one of {others}",
            "error.no_smoothing",
            value=value,
            objective=config.objective,
            others=others,
        )

    if config.objective == "mmd":  # compares features; these two only reach the score
        unread = {"discriminator_conditioning": "projection", "minibatch_std": True}
        for name in (name for name, value in unread.items() if getattr(config, name) == value):
            yield Sentence(
                f"{name} = {unread[name]} with objective = mmd: it adds to the discriminator's score, and mmd compares "
                "features instead; change one of the two",
                "error.unread_by_mmd",
                name=name,
                value=str(unread[name]),
            )


def _batches(config: RunConfig) -> Iterator[Sentence]:
    if config.batch_size % config.pack or config.batch_size // config.pack < 2:
        yield Sentence(
            f"batch_size = {config.batch_size} with pack = {config.pack}: a batch must hold at least 2 whole packs; "
            f"take a multiple of {config.pack} from {2 * config.pack} on",
            "error.packs",
            size=config.batch_size,
            pack=config.pack,
            least=2 * config.pack,
        )


def _labels(config: RunConfig, data: DataSet) -> Iterator[Sentence]:
    told = {player: getattr(config, f"{player}_conditioning") for player in ("generator", "discriminator")}
    conditioned = [f"{player}_conditioning = {how}" for player, how in told.items() if how != "none"]
    if conditioned and not data.classes:
        yield Sentence(
            f"{conditioned[0]}: data set {data.name} has no classes; set it to none",
            "error.no_classes",
            setting=conditioned[0],
            name=data.name,
        )
    if told["discriminator"] != "none" and told["generator"] == "none":
        yield Sentence(
            f"{conditioned[0]} with generator_conditioning = none: the generator is judged by a class that it is not "
            "told; set generator_conditioning = embedding or batch_norm",
            "error.untold",
            setting=conditioned[0],
        )
    if config.classes_from_latent and told["generator"] == "none":
        yield Sentence(
            "classes_from_latent = True with generator_conditioning = none: the latent chooses a class that no layer "
            "is told; set generator_conditioning = embedding or batch_norm",
            "error.untold_latent",
        )
    if told["discriminator"] != "none" and config.pack > 1:
        yield Sentence(
            f"discriminator_conditioning = {told['discriminator']} with pack = {config.pack}: a pack has as many "
            "classes as samples; set pack = 1",
            "error.pack_of_classes",
            how=told["discriminator"],
            pack=config.pack,
        )


def _points(config: RunConfig, data: DataSet) -> Iterator[Sentence]:
    used = [name for name in AUGMENTATIONS if getattr(config, name) > 0]
    if used and data.is_points:
        name, value = used[0], f"{getattr(config, used[0]):g}"
        yield Sentence(
            f"{name} = {value}: points have no colour, place or square to change; set it to 0",
            "error.augmented_points",
            name=name,
            value=value,
        )
