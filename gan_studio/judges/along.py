"""What can be said of the frames of a path: how real the discriminator finds each, and how far the next one is."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from gan_studio.data import DataSet
from gan_studio.data.pixels import to_unit_range
from gan_studio.errors import StudioError
from gan_studio.judges.player import BATCH, Judge, Player
from gan_studio.latent.journey import Journey
from gan_studio.metrics.classifier import has_classifier, load_judge

_COMPANY = 9
"""How many other samples a frame is judged with, where the discriminator looks at several at once."""


@dataclass(frozen=True)
class Along:
    """The curves of one row of a path.

    ``scores`` (N,): probabilities of "real" where the objective has them, else the critic's output. ``distances`` (N,):
    from the frame before, the first one's 0, or from the last one where the path is closed.
    """

    scores: torch.Tensor
    distances: torch.Tensor


@dataclass(frozen=True)
class Curves:
    """The curves of all rows; ``threshold``: above it the discriminator takes a frame for real.

    ``measured_in``: "points", "pixels", or the classifier in whose features distances are.
    """

    rows: dict[str, Along]
    step: int
    is_probability: bool
    threshold: float
    measured_in: str


def curves_along(player: Player, real: DataSet, journey: Journey, closed: bool) -> Curves:
    """Raises :class:`StudioError` where samples cannot be drawn or judged."""
    try:
        rng = torch.Generator().manual_seed(0)
        others, other_labels = player.draw(BATCH, real, rng)
        at = torch.randint(len(real.samples), (BATCH,), generator=rng)
        judge = player.judge
        judge.calibrate(judge.outputs(real.samples[at], real.labels[at]), judge.outputs(others, other_labels))
        measured_in, features = _features(player)
        rows = {}
        for name, latents in journey.rows.items():
            samples = _drawn(player, latents, journey.labels)
            classes = player.source.classes_of(latents, journey.labels)
            scores = _scores(judge, samples, classes, others, other_labels)
            rows[name] = Along(scores, distances(features(samples), closed))
    except RuntimeError as error:  # a diverged network, or no memory left on the device
        raise StudioError(
            f"the frames of this path cannot be judged: {error}", "error.cannot_draw", error=str(error)
        ) from None
    return Curves(rows, player.source.step, judge.objective.probability is not None, judge.threshold, measured_in)


def distances(features: torch.Tensor, closed: bool) -> torch.Tensor:
    """How far each of features (N, F) is from the one before, (N,).

    The idea of the perceptual path length (Karras et al. 2019, arXiv:1812.04948, section 4.1), for each step by itself.
    """
    apart = (features - features.roll(1, 0)).norm(dim=1)
    if not closed:
        apart[0] = 0
    return apart


def _features(player: Player):
    """What distances are measured in, and how samples become vectors (N, F) of it."""
    dataset = player.config.dataset
    if player.space.is_points:
        return "points", lambda samples: samples
    if has_classifier(dataset):
        judge = load_judge(dataset)
        return judge.name, lambda samples: judge.look(samples).features
    return "pixels", lambda samples: to_unit_range(samples).flatten(1)


def _drawn(player: Player, latents: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
    parts = [slice(start, start + BATCH) for start in range(0, len(latents), BATCH)]
    return torch.cat([player.source.draw(latents[p], None if labels is None else labels[p]) for p in parts])


def _scores(
    judge: Judge,
    samples: torch.Tensor,
    labels: torch.Tensor | None,
    others: torch.Tensor,
    other_labels: torch.Tensor | None,
) -> torch.Tensor:
    """Each sample's score (N,).

    Neighbours on a path are alike, unlike any batch of training. So a discriminator that looks at several samples at
    once sees each frame among random ones: every tenth of a batch is of the path.
    """
    if not judge.looks_at_others:
        parts = [slice(start, start + BATCH) for start in range(0, len(samples), BATCH)]
        outputs = [judge.outputs(samples[p], None if labels is None else labels[p]) for p in parts]
        return judge.scores(torch.cat(outputs))
    batches = -(-len(samples) * (_COMPANY + 1) // BATCH)
    order = [torch.arange(first, len(samples), batches) for first in range(batches)]  # neighbours are kept apart
    found = []
    for chosen in order:
        places = torch.arange(len(chosen)) * (_COMPANY + 1)
        batch = others.index_copy(0, places, samples[chosen])
        told = None if other_labels is None else other_labels.index_copy(0, places, labels[chosen])
        found.append(judge.outputs(batch, told)[places])
    return judge.scores(torch.cat(found)[torch.cat(order).argsort()])
