"""The real side of every number: real pictures as the classifier sees them, and what numbers real pictures get.

Both are computed once and kept in files that are named after the content they were made from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from gan_studio.config import POINT_SETS, RunConfig
from gan_studio.data import DataSet, load_data
from gan_studio.data.storage import default_data_dir
from gan_studio.errors import StudioError
from gan_studio.metrics.classifier import Classifier, Seen, load_classifier
from gan_studio.metrics.neighbours import nearest
from gan_studio.metrics.registry import METRICS, PicturePair, PointPair

RESAMPLES = 3
"""How often real pictures are drawn for the floor and its spread."""
Against = Literal["train", "test"]
Floor = tuple[float, float]
_VERSION = 1  # of what is cached


class PictureReference:
    """Real pictures of one data set in the eyes of its classifier.

    Raises :class:`StudioError` where the set has no classifier.
    """

    def __init__(self, config: RunConfig, data_dir: Path | None = None, classifier: Classifier | None = None):
        self.classifier = classifier or load_classifier(config.dataset)
        self._cache = (data_dir or default_data_dir()) / "metrics"
        whole = config.model_copy(update={"train_size": 0})
        sets = {split: load_data(whole, data_dir, split) for split in ("train", "test")}
        self._key = _digest(*(data.samples for data in sets.values()), *self.classifier.network.state_dict().values())
        self._seen = {split: self._look(split, data) for split, data in sets.items()}
        self._train = self._seen["train"].features[: config.train_size or None]

    @property
    def extractor(self) -> str:
        """What the features come from."""
        return self.classifier.name

    def pair(self, samples: torch.Tensor, against: Against, seed: int) -> PicturePair:
        """Generated pictures (N, C, H, W) uint8 beside N real ones of the split ``against``."""
        seen = self.classifier.look(samples)
        return self._pair(seen, self._draw(against, len(samples), seed), seen.features)

    def floor(self, names: Sequence[str], count: int, against: Against) -> dict[str, Floor]:
        """Mean and spread of the numbers between ``count`` real pictures of the one split and of the other."""

        def pairs(seed: int) -> PicturePair:
            other = "test" if against == "train" else "train"
            suspects = self._draw("test", count, seed).features
            return self._pair(self._draw(other, count, seed), self._draw(against, count, seed + 1), suspects)

        return _cached_floor(self._cache / f"{self._key}-{self._train.shape[0]}-{against}-{count}.json", names, pairs)

    @property
    def most(self) -> int:
        """How many samples can be judged against as many real ones, and these against each other."""
        return min(len(seen.features) for seen in self._seen.values())

    def _pair(self, seen: Seen, real: Seen, suspects: torch.Tensor) -> PicturePair:
        return PicturePair(
            seen.features, seen.logits, real.features, real.logits, self._train, suspects, self._unseen_to_train
        )

    @cached_property
    def _unseen_to_train(self) -> torch.Tensor:
        path = self._cache / f"{self._key}-{self._train.shape[0]}-unseen.safetensors"
        made = _kept(path, lambda: {"distance": nearest(self._seen["test"].features, self._train)[0]})
        return made["distance"]

    def _draw(self, split: Against, count: int, seed: int) -> Seen:
        """``count`` of the real pictures of ``split``, another choice for each ``seed``."""
        seen = self._seen[split]
        if count > len(seen.features):
            raise StudioError(
                f"{count} samples, but only {len(seen.features)} real pictures in the {split} set; ask for fewer"
            )
        chosen = torch.randperm(len(seen.features), generator=torch.Generator().manual_seed(seed))[:count]
        return Seen(seen.features[chosen], seen.logits[chosen])

    def _look(self, split: str, data: DataSet) -> Seen:
        path = self._cache / f"{self._key}-{split}.safetensors"
        return Seen(**_kept(path, lambda: vars(self.classifier.look(data.samples))))


class PointReference:
    """Real points of one distribution: fresh ones for every draw, as many as are wanted."""

    extractor = "points"

    def __init__(self, config: RunConfig, data_dir: Path | None = None):
        data = load_data(config, data_dir)
        self._toy = data.toy
        self._cache = (data_dir or default_data_dir()) / "metrics"
        self._key = _digest(data.samples)

    def pair(self, samples: torch.Tensor, against: Against, seed: int) -> PointPair:
        """Generated points (N, 2) beside N real ones."""
        return PointPair(samples, self._draw(len(samples), seed), self._toy)

    def floor(self, names: Sequence[str], count: int, against: Against) -> dict[str, Floor]:
        """Mean and spread of the numbers ``names`` between two draws of ``count`` real points."""

        def pairs(seed: int) -> PointPair:
            return PointPair(self._draw(count, 2 * seed + 1000), self._draw(count, 2 * seed + 1001), self._toy)

        return _cached_floor(self._cache / f"{self._key}-{count}.json", names, pairs)

    @property
    def most(self) -> int:
        return 20_000  # the kernels compare all pairs

    def _draw(self, count: int, seed: int) -> torch.Tensor:
        return self._toy.sample(count, torch.Generator().manual_seed(seed))[0]


def load_reference(config: RunConfig, data_dir: Path | None = None) -> PictureReference | PointReference:
    """The reference for what ``config`` trains on."""
    return (PointReference if config.dataset in POINT_SETS else PictureReference)(config, data_dir)


def _cached_floor(
    path: Path, names: Sequence[str], pairs: Callable[[int], PicturePair | PointPair]
) -> dict[str, Floor]:
    known: dict[str, Floor] = {}
    with suppress(OSError, ValueError, TypeError, AttributeError, IndexError):  # not there, or damaged: made anew
        known = {name: (float(value[0]), float(value[1])) for name, value in json.loads(path.read_text()).items()}
    missing = [name for name in names if name not in known]
    if missing:
        drawn = [pairs(seed) for seed in range(RESAMPLES)]
        for name in missing:
            values = torch.tensor([METRICS[name].compute(pair) for pair in drawn], dtype=torch.float64)
            known[name] = values.mean().item(), values.std().item()
        _write(path, lambda part: part.write_text(json.dumps(known)))
    return {name: known[name] for name in names}


def _kept(path: Path, make: Callable[[], dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The tensors in ``path``; where it is not there or damaged, they are made and kept there."""
    try:
        return load_file(path)
    except (OSError, SafetensorError):
        made = {name: tensor.contiguous() for name, tensor in make().items()}
        _write(path, lambda part: save_file(made, part))
        return made


def _write(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside the file and move it into place; where the disk is full, it is only slower the next time."""
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        part.replace(path)
    except (OSError, SafetensorError):
        part.unlink(missing_ok=True)


def _digest(*tensors: torch.Tensor) -> str:
    """A name for the content of ``tensors``."""
    digest = hashlib.sha256(str(_VERSION).encode())
    for tensor in tensors:
        digest.update(str((tensor.shape, tensor.dtype)).encode())
        digest.update(tensor.contiguous().numpy())
    return digest.hexdigest()[:24]
