"""Which settings exclude each other, and why: one rule a line of reasoning, checked before training and at edits."""

from __future__ import annotations

from collections.abc import Iterator

from gan_studio.config import ConfigError, RunConfig
from gan_studio.data import DataSet
from gan_studio.objectives import AUGMENTATIONS, OBJECTIVES, PENALTIES

_NORMALISED = ("dcgan", "mlp", "dense_conv")
"""The discriminators that have batch normalisation where the config asks for it."""


def check(config: RunConfig, data: DataSet) -> None:
    """Raise :class:`ConfigError` with a sentence for every pair of settings that cannot work together."""
    problems = [*_critic(config), *_batches(config), *_labels(config, data), *_points(config, data)]
    if problems:
        raise ConfigError("; ".join(problems))


def discriminator_network(config: RunConfig) -> str:
    """The name of the discriminator's architecture."""
    return config.network if config.discriminator_network == "same" else config.discriminator_network


def _critic(config: RunConfig) -> Iterator[str]:
    penalties = [name for name in PENALTIES if getattr(config, name) > 0]
    if penalties and config.discriminator_norm == "batch" and discriminator_network(config) in _NORMALISED:
        yield (
            f"{penalties[0]} = {getattr(config, penalties[0]):g} with discriminator_norm = batch: the penalty is on "
            "each sample's own slope, and batch normalisation makes every score depend on the whole batch; "
            "set discriminator_norm = none"
        )
    smoothable = [name for name, row in OBJECTIVES.items() if row.smoothing]
    if config.label_smoothing > 0 and config.objective not in smoothable:
        yield (
            f"label_smoothing = {config.label_smoothing:g} with objective = {config.objective}: it has no label to "
            f"smooth; set label_smoothing = 0 or take one of {', '.join(smoothable)}"
        )


def _batches(config: RunConfig) -> Iterator[str]:
    if config.batch_size % config.pack or config.batch_size // config.pack < 2:
        yield (
            f"batch_size = {config.batch_size} with pack = {config.pack}: a batch must hold at least 2 whole packs; "
            f"take a multiple of {config.pack} from {2 * config.pack} on"
        )


def _labels(config: RunConfig, data: DataSet) -> Iterator[str]:
    conditioned = [
        f"{player}_conditioning"
        for player in ("generator", "discriminator")
        if getattr(config, f"{player}_conditioning") != "none"
    ]
    if conditioned and not data.classes:
        value = getattr(config, conditioned[0])
        yield f"{conditioned[0]} = {value}: data set {data.name} has no classes; set it to none"
    if conditioned and config.pack > 1:
        yield (
            f"{conditioned[0]} = {getattr(config, conditioned[0])} with pack = {config.pack}: a pack has as many "
            "classes as samples; set pack = 1"
        )


def _points(config: RunConfig, data: DataSet) -> Iterator[str]:
    used = [name for name in AUGMENTATIONS if getattr(config, name) > 0]
    if used and data.is_points:
        yield f"{used[0]} = {getattr(config, used[0]):g}: points have no colour, place or square to change; set it to 0"
