"""The small classifiers whose features and verdicts the quality numbers are made of.

One for each set in :data:`CLASSIFIERS`, trained by ``python -m gan_studio.metrics.train_classifier`` and bundled as
safetensors with its test accuracy.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import nn
from torch.nn.functional import interpolate

from gan_studio.assets import asset_dir
from gan_studio.data.pixels import to_unit_range
from gan_studio.errors import StudioError
from gan_studio.metrics.cache import digest
from gan_studio.metrics.extractor import Seen

CLASSIFIERS: dict[str, tuple[int, int, int]] = {
    "mnist": (1, 28, 28),
    "fashion_mnist": (1, 28, 28),
    "emoji": (3, 32, 32),
}
"""The data sets that have a classifier, and the pictures (C, H, W) it takes."""

FEATURES = 128
_BATCH = 100  # twice as fast as 500 on a CPU: what one layer hands to the next stays in its cache
_META = "gan_studio_classifier"


class ClassifierNetwork(nn.Module):
    """Five 3x3 convolutions with batch normalisation, 32-32-64-64-128, the mean over places, one linear layer."""

    def __init__(self, channels: int, classes: int):
        super().__init__()
        layers: list[nn.Module] = []
        for before, after, pool in ((channels, 32, 0), (32, 32, 2), (32, 64, 0), (64, 64, 2), (64, FEATURES, 0)):
            layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
            layers += [nn.MaxPool2d(pool)] if pool else []
        self.body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(FEATURES, classes)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Features (N, 128) and logits (N, K) of pictures (N, C, H, W) in [-1, 1]."""
        features = self.body(images)
        return features, self.head(features)


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained classifier for ``dataset``; ``accuracy`` is its share of correct answers on the test set."""

    dataset: str
    network: ClassifierNetwork
    classes: tuple[str, ...]
    accuracy: float
    real_per_sample: int | None = None

    @property
    def fingerprint(self) -> str:
        """A name for the content of the weights."""
        return digest(*self.network.state_dict().values())

    @property
    def name(self) -> str:
        """How a number says what it was measured with."""
        return f"{self.dataset} classifier ({100 * self.accuracy:.2f} %)"

    @torch.no_grad()
    def look(self, images: torch.Tensor) -> Seen:
        """Features and logits of pictures (N, C, H, W) uint8, of any size, grey or colour."""
        parts = [self.network(self._fit(batch)) for batch in images.split(_BATCH)]
        return Seen(*(torch.cat(side) for side in zip(*parts, strict=True)))

    def _fit(self, images: torch.Tensor) -> torch.Tensor:
        channels, *size = CLASSIFIERS[self.dataset]
        images = to_unit_range(images)
        if channels == 1:
            images = images.mean(1, keepdim=True)
        elif images.shape[1] == 1:
            images = images.expand(-1, channels, -1, -1)
        if list(images.shape[2:]) != size:
            images = interpolate(images, size, mode="bilinear", antialias=True)
        return images.contiguous(memory_format=torch.channels_last)


def load_classifier(dataset: str, path: Path | None = None) -> Classifier:
    """The bundled classifier of ``dataset``, or the one in ``path``.

    Raises :class:`StudioError` where there is none, or its file is damaged.
    """
    if dataset not in CLASSIFIERS:
        raise StudioError(f"there is no classifier for {dataset}; there are ones for {', '.join(CLASSIFIERS)}")
    path = path or asset_dir() / "classifiers" / f"{dataset}.safetensors"
    if not path.is_file():
        how = f"install GAN Studio again, or make it with python -m gan_studio.metrics.train_classifier {dataset}"
        raise StudioError(f"{path}: there is no such file; {how}", "error.classifier_file", path=str(path))
    try:
        with safe_open(path, "pt") as file:
            meta = json.loads(file.metadata()[_META])
            state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        network = ClassifierNetwork(CLASSIFIERS[dataset][0], len(meta["classes"]))
        network.load_state_dict(state)
        network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        return Classifier(dataset, network, tuple(meta["classes"]), float(meta["accuracy"]))
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise StudioError(
            f"{path}: not a classifier for {dataset} ({error}); install the package anew",
            "error.classifier_file",
            path=str(path),
        ) from None


@dataclass(frozen=True, eq=False)
class StackedClassifier:
    """The classifier of digits, for each channel of stacked MNIST: (N, 3 F) features, (N, 1000) logits."""

    digits: Classifier
    real_per_sample: int | None = 2  # a thousand logits each: all would fill half a gigabyte

    @property
    def fingerprint(self) -> str:
        """A name for the content of the weights."""
        return f"stacked-{self.digits.fingerprint}"

    @property
    def name(self) -> str:
        """How a number says what it was measured with."""
        return f"{self.digits.name} on each channel"

    def look(self, images: torch.Tensor) -> Seen:
        """Features and logits of pictures (N, 3, H, W) uint8; raises :class:`StudioError` for other channels."""
        if images.shape[1] != 3:
            raise StudioError(f"stacked digits are three channels, but these pictures have {images.shape[1]}")
        seen = self.digits.look(images.flatten(0, 1)[:, None])
        hundreds, tens, ones = seen.logits.log_softmax(1).unflatten(0, (-1, 3)).unbind(1)
        logits = hundreds[:, :, None, None] + tens[:, None, :, None] + ones[:, None, None, :]
        return Seen(seen.features.unflatten(0, (-1, 3)).flatten(1), logits.flatten(1))


def features_of(dataset: str) -> int:
    """How many features the bundled judge of ``dataset`` has."""
    return 3 * FEATURES if dataset == "stacked_mnist" else FEATURES


def has_classifier(dataset: str) -> bool:
    """Whether there is a bundled judge of ``dataset``."""
    return dataset in CLASSIFIERS or dataset == "stacked_mnist"


@cache
def load_judge(dataset: str) -> Classifier | StackedClassifier:
    """The bundled judge of ``dataset``, read once; raises as :func:`load_classifier`."""
    return StackedClassifier(load_classifier("mnist")) if dataset == "stacked_mnist" else load_classifier(dataset)


def describe(classes: tuple[str, ...], accuracy: float, **training: float) -> dict[str, str]:
    """The metadata that a classifier's file carries."""
    return {_META: json.dumps({"classes": classes, "accuracy": accuracy, **training})}
