"""The registry of quality numbers: what each one is, and how it is computed from samples beside real ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch

from gan_studio.data.toys import ToyRow
from gan_studio.metrics.classes import ClassCounts, classifier_score, count_classes
from gan_studio.metrics.classifier import features_of
from gan_studio.metrics.frechet import frechet_distance, moments
from gan_studio.metrics.inception import FEATURES as INCEPTION_FEATURES
from gan_studio.metrics.kernel import BLOCKS, KernelDistance, kernel_distance
from gan_studio.metrics.modes import Coverage, mode_coverage
from gan_studio.metrics.neighbours import (
    DENSITY_NEIGHBOURS,
    Manifolds,
    compare_manifolds,
    diversity,
    memorised,
)
from gan_studio.metrics.points import (
    histogram,
    js_divergence,
    kl_divergence,
    sliced_wasserstein,
    squared_mmd_of_points,
)


@dataclass(frozen=True, eq=False)
class PicturePair:
    """Features (N, F) and logits (N, K) of samples and of real pictures; what several numbers need is shared.

    What only questions about copies need is made when it is asked for: how far from the nearest training picture the
    samples are, ``from_train``: (N,), and real pictures that were not trained on, ``unseen``: (M,).
    """

    features: torch.Tensor
    logits: torch.Tensor
    real_features: torch.Tensor
    real_logits: torch.Tensor
    from_train: Callable[[], torch.Tensor]
    unseen: Callable[[], torch.Tensor]

    @cached_property
    def manifolds(self) -> Manifolds:
        return compare_manifolds(self.real_features, self.features)

    @cached_property
    def kernel(self) -> KernelDistance:
        return kernel_distance(self.features, self.real_features)

    @cached_property
    def counts(self) -> ClassCounts:
        """Both sides as the classifier judges them, so that its mistakes fall on both."""
        return count_classes(self.logits.argmax(1), self.real_logits.argmax(1), self.logits.shape[1])

    @cached_property
    def to_train(self) -> torch.Tensor:
        """The distance of each sample to the nearest training picture: (N,)."""
        return self.from_train()

    def halves(self) -> tuple[PicturePair, PicturePair]:
        """The first half of both sides, and the second."""
        half = len(self.features) // 2
        return self._part(slice(half)), self._part(slice(half, 2 * half))

    def _part(self, part: slice) -> PicturePair:
        sides = (self.features, self.logits, self.real_features, self.real_logits)
        return PicturePair(*(side[part] for side in sides), lambda: self.to_train[part], self.unseen)


@dataclass(frozen=True, eq=False)
class PointPair:
    """Samples and real points, (N, 2) each, in the data's unit, and their distribution."""

    samples: torch.Tensor
    real: torch.Tensor
    toy: ToyRow

    @cached_property
    def modes(self) -> Coverage:
        return mode_coverage(self.samples, self.toy.modes, self.toy.sigma)

    @cached_property
    def histograms(self) -> tuple[torch.Tensor, torch.Tensor]:
        return histogram(self.samples, self.toy.extent), histogram(self.real, self.toy.extent)


Kind = Literal["classifier", "inception", "points"]
"""What a number is made of: features of a bundled classifier or of Inception-v3, or points."""


@dataclass(frozen=True)
class Metric:
    """One number. ``error`` is its standard error where the estimate knows it.

    ``best`` says which way is better; ``text`` says what it means in a sentence; :meth:`needs` is how many samples it
    takes, and for what reason.
    """

    compute: Callable[..., float]
    kind: Kind
    best: Literal["low", "high", "real"]
    text: str
    source: str
    error: Callable[..., float] | None = None
    least: int = 2
    because: str = "to compare two of them"
    full_rank: bool = False
    needs_modes: bool = False

    def needs(self, dataset: str) -> tuple[int, str]:
        """How many samples of ``dataset`` it needs at least, and why."""
        if not self.full_rank:
            return self.least, self.because
        features = INCEPTION_FEATURES if self.kind == "inception" else features_of(dataset)
        return features + 1, f"more than its {features} features"


def _frechet(pair: PicturePair) -> float:
    return frechet_distance(moments(pair.features), moments(pair.real_features))


_IN_PARTS = {"least": 2 * BLOCKS, "because": f"two for each of {BLOCKS} parts"}
_NEIGHBOURS = {"least": DENSITY_NEIGHBOURS + 1, "because": f"more than {DENSITY_NEIGHBOURS} neighbours"}

METRICS: dict[str, Metric] = {
    "fcd": Metric(
        _frechet,
        "classifier",
        "low",
        "Fréchet classifier distance: how far the cloud of samples is from the real one, both taken for Gaussians.",
        "Heusel et al. 2017, arXiv:1706.08500, with the features of the bundled classifier",
        full_rank=True,  # its covariances
    ),
    "kcd": Metric(
        lambda pair: pair.kernel.value,
        "classifier",
        "low",
        "Kernel classifier distance: how far samples are from real ones, without assuming Gaussians; "
        "0 on average for equal sets.",
        "Binkowski et al. 2018, arXiv:1801.01401, with the features of the bundled classifier",
        error=lambda pair: pair.kernel.error,
        **_IN_PARTS,
    ),
    "classifier_score": Metric(
        lambda pair: classifier_score(pair.logits),
        "classifier",
        "high",
        "Classifier score: how clearly each sample belongs to one class, and how evenly the classes are covered.",
        "Salimans et al. 2016, arXiv:1606.03498, with the bundled classifier",
    ),
    "precision": Metric(
        lambda pair: pair.manifolds.precision,
        "classifier",
        "high",
        "Precision: the share of samples that could be real.",
        "Kynkäänniemi et al. 2019, arXiv:1904.06991, k = 3",
        **_NEIGHBOURS,
    ),
    "recall": Metric(
        lambda pair: pair.manifolds.recall,
        "classifier",
        "high",
        "Recall: the share of real pictures that the generator could have made.",
        "Kynkäänniemi et al. 2019, arXiv:1904.06991, k = 3",
        **_NEIGHBOURS,
    ),
    "density": Metric(
        lambda pair: pair.manifolds.density,
        "classifier",
        "high",
        "Density: how crowded with real pictures the places are where samples lie; 1 for real ones.",
        "Naeem et al. 2020, arXiv:2002.09797, k = 5",
        **_NEIGHBOURS,
    ),
    "coverage": Metric(
        lambda pair: pair.manifolds.coverage,
        "classifier",
        "high",
        "Coverage: the share of real pictures with a sample close by.",
        "Naeem et al. 2020, arXiv:2002.09797, k = 5",
        **_NEIGHBOURS,
    ),
    "classes": Metric(
        lambda pair: pair.counts.covered,
        "classifier",
        "high",
        "Classes: how many classes the classifier finds among the samples.",
        "the bundled classifier's verdicts",
    ),
    "class_balance": Metric(
        lambda pair: pair.counts.total_variation,
        "classifier",
        "low",
        "Class imbalance: the share of samples that would have to change class to match the real proportions.",
        "total variation between the classifier's verdicts on samples and on real pictures",
    ),
    "class_kl": Metric(
        lambda pair: pair.counts.reverse_kl(floor=0.5 / len(pair.real_logits)),
        "classifier",
        "low",
        "Class divergence: Kullback-Leibler, of the samples' classes from the real ones, in nats; 0 for equal shares.",
        "Srivastava et al. 2017, arXiv:1705.07761, section 4, for the thousand modes of stacked MNIST",
    ),
    "memorised": Metric(
        lambda pair: memorised(pair.to_train, pair.unseen()),
        "classifier",
        "real",
        "Memorised: the share of samples nearer to a training picture than 99 % of new real pictures are.",
        "nearest neighbours in classifier features; 0.01 is expected without copying",
    ),
    "train_distance": Metric(
        lambda pair: (pair.to_train.median() / pair.unseen().median()).item(),
        "classifier",
        "real",
        "Distance to training pictures: median to the nearest one, as a multiple of that of new real pictures.",
        "medians of nearest-neighbour distances in classifier features",
    ),
    "diversity": Metric(
        lambda pair: diversity(pair.features) / diversity(pair.real_features),
        "classifier",
        "real",
        "Diversity: how different two samples are, as a multiple of two real pictures.",
        "mean pairwise distance of classifier features",
    ),
    "fid": Metric(
        _frechet,
        "inception",
        "low",
        "Fréchet Inception distance: how far the cloud of samples is from the real one, both taken for Gaussians.",
        "Heusel et al. 2017, arXiv:1706.08500, with torchvision's Inception-v3",
        full_rank=True,
    ),
    "kid": Metric(
        lambda pair: pair.kernel.value,
        "inception",
        "low",
        "Kernel Inception distance: how far samples are from real ones, without assuming Gaussians; "
        "0 on average for equal sets.",
        "Binkowski et al. 2018, arXiv:1801.01401, with torchvision's Inception-v3",
        error=lambda pair: pair.kernel.error,
        **_IN_PARTS,
    ),
    "inception_score": Metric(
        lambda pair: classifier_score(pair.logits),
        "inception",
        "high",
        "Inception score: how clearly each sample is one of ImageNet's 1000 classes, and how evenly these are covered.",
        "Salimans et al. 2016, arXiv:1606.03498, with torchvision's Inception-v3",
    ),
    "modes": Metric(
        lambda pair: pair.modes.covered,
        "points",
        "high",
        "Modes: how many clusters have at least one sample within three standard deviations.",
        "Lin et al. 2018, arXiv:1712.04086, section 4.1",
        needs_modes=True,
    ),
    "good": Metric(
        lambda pair: pair.modes.good,
        "points",
        "high",
        "Good samples: the share of samples within three standard deviations of a cluster.",
        "Lin et al. 2018, arXiv:1712.04086, section 4.1",
        needs_modes=True,
    ),
    "js": Metric(
        lambda pair: js_divergence(*pair.histograms),
        "points",
        "low",
        "Jensen-Shannon divergence: of the shares of points in 50 x 50 squares, in nats; log 2 = 0.693 is the most.",
        "Lin 1991, IEEE Trans. Inf. Theory 37",
    ),
    "kl": Metric(
        lambda pair: kl_divergence(*pair.histograms, floor=0.5 / len(pair.real)),
        "points",
        "low",
        "Kullback-Leibler divergence: of samples from real points in 50 x 50 squares, in nats; empty ones count half.",
        "Kullback and Leibler 1951",
    ),
    "sliced_wasserstein": Metric(
        lambda pair: sliced_wasserstein(pair.samples, pair.real),
        "points",
        "low",
        "Sliced Wasserstein distance: how far points have to move, seen from all sides, in the data's unit.",
        "Bonneel et al. 2015, J. Math. Imaging Vis. 51",
    ),
    "mmd": Metric(
        lambda pair: squared_mmd_of_points(pair.samples / pair.toy.scale, pair.real / pair.toy.scale),
        "points",
        "low",
        "Maximum mean discrepancy: its square, under Gaussian kernels; 0 on average for equal sets.",
        "Gretton et al. 2012, JMLR 13",
    ),
}


def metrics_for(kind: Kind, has_modes: bool = True) -> tuple[str, ...]:
    """The names of all numbers of a kind; without ``has_modes`` those of them that need no known clusters."""
    return tuple(name for name, row in METRICS.items() if row.kind == kind and (has_modes or not row.needs_modes))
