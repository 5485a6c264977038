"""One GAN as a player: its averaged generator, and its discriminator ready to judge samples of anybody."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gan_studio.config import RunConfig, make_config
from gan_studio.data import DataSet, data_key, load_data
from gan_studio.data.pixels import to_unit_range
from gan_studio.errors import StudioError
from gan_studio.latent.source import LIVE, Source
from gan_studio.networks import build_networks
from gan_studio.objectives import objective_of
from gan_studio.sampling import part_of, source_of
from gan_studio.session import Session
from gan_studio.snapshot import Weights
from gan_studio.space import Space
from gan_studio.training.checkpoint import CheckpointError, read_checkpoint

BATCH = 100
"""How many samples are drawn and judged at once; a discriminator may look at the whole batch."""

_FEWEST_REAL = 10
BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d


class Judge:
    """A discriminator without dropout, in float32, and where it draws the line between real and generated.

    Where its objective gives a probability, the line is at one half. The scores of other critics (Wasserstein,
    hinge, relativistic, MMD) have no such line: :meth:`calibrate` puts it halfway between their mean scores of held-out
    real samples and of their own generator's. Raises KeyError, ValueError or RuntimeError where ``state`` does not fit.
    """

    def __init__(self, config: RunConfig, space: Space, state: Mapping[str, torch.Tensor]):
        self.config, self.space = config, space
        self.objective = objective_of(config)
        rng = torch.Generator().manual_seed(0)  # what it starts with is replaced
        network = build_networks(config, space.shape, len(space.classes), rng)[1].eval().requires_grad_(False)
        for name, like in network.state_dict().items():
            if state[name].shape != like.shape or state[name].dtype != like.dtype:
                raise ValueError(f"{name} is {tuple(state[name].shape)} {state[name].dtype}")
        network.load_state_dict(state, assign=True)
        self._norms = [module for module in network.modules() if isinstance(module, BatchNorm)]
        for norm in self._norms:  # in training it only ever saw batches of one kind; its running averages mix the two
            norm.train()
            norm.momentum = 0.0  # and they stay as they are
        self.network, self.device = network, network.head.weight.device
        self.threshold = 0.5
        self._home: tuple[torch.Tensor, torch.Tensor] | None = None

    @property
    def is_told_classes(self) -> bool:
        """Whether it cannot judge a sample without its class."""
        return self.config.discriminator_conditioning in ("embedding", "projection")

    @property
    def looks_at_others(self) -> bool:
        """Whether its verdict on one sample depends on the others that it sees at once."""
        return bool(self.config.pack > 1 or self.config.minibatch_std or self._norms)

    @torch.no_grad()
    def outputs(self, samples: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        """What the network says of each of N samples of one kind: scores (N,) or features (N, F), on the CPU.

        ``samples``: as :meth:`Source.draw` gives them. A discriminator that judges packs of m sees each sample with
        the m - 1 that follow it in the batch, the last ones with the first.
        """
        seen = samples / self.space.scale if self.space.is_points else to_unit_range(samples)
        packs = torch.cat([seen.roll(-place, 0) for place in range(self.config.pack)], 1)
        verdict = self.network(packs.to(self.device), None if labels is None else labels.to(self.device))
        return getattr(verdict, self.objective.reads).float().cpu()

    def calibrate(self, real: torch.Tensor, own: torch.Tensor) -> None:
        """Learn from the :meth:`outputs` for real samples and for its own generator's where its line is."""
        self._home = real, own
        if self.objective.probability is None:
            self.threshold = float((self.scores(real).mean() + self.scores(own).mean()) / 2)

    def scores(self, outputs: torch.Tensor) -> torch.Tensor:
        """:meth:`outputs` as one number each, (N,): probabilities where there are any, else larger for "real"."""
        scores = self.objective.scores(outputs, *self._home)
        return self.objective.probability(scores) if self.objective.probability else scores

    def takes_for_real(self, outputs: torch.Tensor) -> torch.Tensor:
        """Its verdict: (N,) bool; what is not a number is not taken for real."""
        return self.scores(outputs) > self.threshold


@dataclass(frozen=True)
class Player:
    """A saved run, or the live one, under the name that messages call it by."""

    name: str
    config: RunConfig
    source: Source
    judge: Judge

    @property
    def space(self) -> Space:
        return self.source.space

    def draw(self, count: int, real: DataSet, rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor | None]:
        """``count`` samples as :meth:`Source.draw` gives them, and their classes (N,) where it knows them.

        Classes that it is told come as often as among the samples of ``real``.
        """
        z = torch.randn(count, self.source.latent_size, generator=rng)
        labels = None
        if self.source.conditional:
            labels = real.labels[torch.randint(len(real.labels), (count,), generator=rng)]
        return self.source.draw(z, labels), self.source.classes_of(z, labels)


def saved_player(path: Path, name: str | None = None) -> Player:
    """The GAN saved in ``path``; raises :class:`CheckpointError` where it cannot be used."""
    checkpoint = read_checkpoint(path)
    source = source_of(path, checkpoint)
    try:
        config = make_config(checkpoint.meta["config"])
        judge = Judge(config, source.space, part_of(checkpoint, "discriminator"))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path}: its discriminator does not fit its own description: {error}") from None
    return Player(name or path.stem, config, source, judge)


def live_player(session: Session) -> Player:
    """The GAN that is training now, both networks at the same step."""
    return player_of(session.copy_players(), LIVE)


def player_of(weights: Weights, name: str) -> Player:
    """The GAN of ``weights``, copies of both networks."""
    source = Source(weights.config, weights.space, weights.state, weights.step)
    return Player(name, weights.config, source, Judge(weights.config, weights.space, weights.discriminator))


class HeldOut:
    """The held-out samples of the data set that was asked for last; any thread may ask."""

    def __init__(self, data_dir: Path | None):
        self._data_dir, self._lock = data_dir, threading.Lock()
        self._newest: tuple[Any, DataSet] | None = None

    def of(self, player: Player) -> DataSet:
        """The real samples to judge ``player`` with; the training ones where fewer than ten are held out.

        Raises :class:`StudioError` where the data set is not there any more or has become another one.
        """
        return self.like(player.config, player.space, player.name)

    def like(self, config: RunConfig, space: Space, name: str) -> DataSet:
        """The same for a run of ``config`` with samples of ``space``, called ``name`` in what is said."""
        config = config.model_copy(update={"train_size": 0})
        key = data_key(config)
        with self._lock:
            if self._newest is None or self._newest[0] != key:
                self._newest = None  # not two sets at once
                self._newest = key, self._load(config)
            data = self._newest[1]
        if data.space != space:
            raise StudioError(
                f"{name} was made for samples like {space}; the data set now has {data.space}",
                "error.data_changed",
                name=name,
            )
        return data

    def _load(self, config: RunConfig) -> DataSet:
        data = load_data(config, self._data_dir, "test")
        return data if len(data.samples) >= _FEWEST_REAL else load_data(config, self._data_dir, "train")
