"""What can be laid over a map of pictures: what a discriminator, a classifier and the training pictures say of each."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

import torch
from pydantic import Field
from torch import nn

from gan_studio.config import RunConfig
from gan_studio.data.pixels import to_unit_range
from gan_studio.errors import StudioError
from gan_studio.judges.player import BATCH, BatchNorm, HeldOut, Judge, Player
from gan_studio.latent.maps import MapRequest, map_latents
from gan_studio.metrics.classifier import Classifier, StackedClassifier, load_judge
from gan_studio.metrics.copies import Preparing, Space, TrainingPictures
from gan_studio.networks.layers import minibatch_std

Kind = Literal["score", "class", "pixels", "features"]


class HeatRequest(MapRequest):
    """Values at the places of a map: the discriminator's score, the class that the classifier sees, or the distance to
    the nearest training picture by pixels or features.

    ``step``: of the weights of that step of the live run, if they are still known, as the values before these were;
    without it, or if not, of the newest.
    """

    kind: Kind = "score"
    step: Annotated[int, Field(ge=0)] | None = None


@dataclass(frozen=True)
class Heat:
    """``values`` (N,) float32, of the weights of ``step``.

    ``names``: of the classes that values are indices of. ``limit``: below it a distance is suspicious, above it a score
    means "real".
    """

    values: torch.Tensor
    step: int
    names: tuple[str, ...] = ()
    limit: float | None = None


class HeatMaps:
    """Measures. ``trained(config, space)`` gives a run's training pictures, or says how far it is with them."""

    def __init__(self, real: HeldOut, trained: Callable[[RunConfig, Space], TrainingPictures | Preparing]):
        self._real, self._trained = real, trained

    @torch.no_grad()
    def measure(self, player: Player, request: HeatRequest) -> Heat | Preparing:
        """The values at the request's places; raises :class:`StudioError` where there is nothing to measure with."""
        source = player.source
        if source.space.is_points and request.kind != "score":
            raise StudioError(
                "points have no classifier and no nearest picture: only the discriminator can judge them",
                "error.heat_points",
            )
        trained = self._trained(player.config, request.kind) if request.kind in get_args(Space) else None
        if isinstance(trained, Preparing):
            return trained
        latents = map_latents(request, source)
        samples = source.draw(latents, source.labels(request.label, len(latents)))
        if request.kind == "score":
            values, limit = self._scores(player, samples, latents, request.label)
            return Heat(values, source.step, limit=limit)
        if request.kind == "class":
            classifier = load_judge(player.config.dataset)
            seen = classifier.look(samples).logits.argmax(1)
            return Heat(seen.float(), source.step, names=class_names(classifier, player))
        found = trained.nearest(samples, request.kind)
        return Heat(found.distances[:, 0], source.step, limit=found.limit)

    def _scores(
        self, player: Player, samples: torch.Tensor, latents: torch.Tensor, label: int
    ) -> tuple[torch.Tensor, float]:
        source, judge = player.source, player.judge
        z = torch.randn(BATCH, source.latent_size, generator=torch.Generator().manual_seed(0))
        labels = source.labels(label, BATCH)
        own, labels = source.draw(z, labels), source.classes_of(z, labels)
        alone = Alone(judge, own, labels)
        outputs = alone.outputs(own, labels)
        known = outputs if judge.objective.probability else self._look_at_real(player, alone, labels)
        judge.calibrate(known, outputs)
        told = source.classes_of(latents, source.labels(label, len(samples)))
        scores = judge.scores(alone.outputs(samples, told))
        return scores, judge.threshold

    def _look_at_real(self, player: Player, alone: Alone, labels: torch.Tensor | None) -> torch.Tensor:
        real = self._real.of(player)
        chosen = torch.randperm(len(real.samples), generator=torch.Generator().manual_seed(0))[:BATCH]
        return alone.outputs(real.samples[chosen], None if labels is None else real.labels[chosen])


class Alone:
    """A judge whose verdict on one sample does not depend on which others it is shown at the same time.

    Whatever it would take from the others comes from ``companions``, N samples as :meth:`Source.draw` gives them: the
    statistics of batch normalisation, the minibatch standard deviation, and the rest of a pack.
    """

    def __init__(self, judge: Judge, companions: torch.Tensor, labels: torch.Tensor | None):
        self._judge, self._network = judge, copy.deepcopy(judge.network)
        seen = self._seen(companions)
        self._partners = [seen[i : i + 1] for i in range(judge.config.pack - 1)]
        norms = [module for module in self._network.modules() if isinstance(module, BatchNorm)]
        for norm in norms:
            norm.momentum = 1.0
        features = self._look(seen, labels).features
        for norm in norms:
            norm.eval()
        if judge.config.minibatch_std:
            self._fix_spread(float(minibatch_std(features)[0, -1]))

    @torch.no_grad()
    def outputs(self, samples: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        """As :meth:`Judge.outputs`, each sample by itself."""
        return getattr(self._look(self._seen(samples), labels), self._judge.objective.reads).float().cpu()

    def _seen(self, samples: torch.Tensor) -> torch.Tensor:
        space = self._judge.space
        return (samples / space.scale if space.is_points else to_unit_range(samples)).to(self._judge.device)

    @torch.no_grad()
    def _look(self, seen: torch.Tensor, labels: torch.Tensor | None) -> Any:
        packs = torch.cat([seen, *(partner.expand_as(seen) for partner in self._partners)], 1)
        return self._network(packs, None if labels is None else labels.to(self._judge.device))

    def _fix_spread(self, spread: float) -> None:
        """The last input of the head becomes a constant, which the bias takes in."""
        old = self._network.head
        new = nn.Linear(old.in_features - 1, 1, device=old.weight.device).requires_grad_(False)
        new.weight.copy_(old.weight[:, :-1])
        new.bias.copy_(old.bias + spread * old.weight[:, -1])
        self._network.head, self._network.minibatch_std = new, False


def class_names(classifier: Classifier | StackedClassifier, player: Player) -> tuple[str, ...]:
    """What the classifier's classes are called."""
    if isinstance(classifier, Classifier):
        return classifier.classes
    return player.space.classes or tuple(f"{number:03d}" for number in range(1000))
