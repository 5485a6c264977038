"""The real side of every number: real pictures as an extractor sees them, and what numbers real pictures get.

Both are computed once and kept in files that are named after the content they were made from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch

from gan_studio.config import POINT_SETS, RunConfig
from gan_studio.data import DataSet, load_data
from gan_studio.data.order import fixed_order
from gan_studio.data.storage import default_data_dir
from gan_studio.errors import StudioError
from gan_studio.metrics.cache import digest, kept, write
from gan_studio.metrics.classifier import load_judge
from gan_studio.metrics.extractor import Extractor, Seen, Watched
from gan_studio.metrics.inception import load_inception
from gan_studio.metrics.neighbours import nearest
from gan_studio.metrics.registry import METRICS, Kind, PicturePair, PointPair

RESAMPLES, MORE_RESAMPLES = 3, 10
"""How often real samples are drawn for the floor and its spread; the second for points, whose deviation is the spread,
and for up to :data:`FEW` pictures, where it is cheap."""
FEW = 2000
Against = Literal["train", "test"]
Floor = tuple[float, float]


class PictureReference:
    """Real pictures of one data set, its splits "train" and "test", in the eyes of an extractor."""

    def __init__(self, config: RunConfig, sets: Mapping[str, DataSet], extractor: Extractor, cache: Path):
        self.sets, self._looks, self._cache = sets, extractor, cache
        self._key = f"{digest(*(data.samples for data in sets.values()))}-{extractor.fingerprint}"
        self._seen: dict[tuple[Against, int], Seen] = {}
        self._train_size = min(config.train_size or 10**9, len(sets["train"].samples))

    @property
    def extractor(self) -> str:
        """What the features come from."""
        return self._looks.name

    @property
    def classes(self) -> tuple[str, ...]:
        """What the pictures may be of."""
        return self.sets["train"].classes

    def pair(self, samples: torch.Tensor, against: Against, seed: int) -> PicturePair:
        """Generated pictures (N, C, H, W) uint8 beside N real ones of the split ``against``."""
        seen = self._looks.look(samples)
        from_train = lambda: nearest(seen.features, self.train_features)[0]  # noqa: E731
        return self._pair(seen, self._draw(against, len(samples), seed), from_train)

    def floor(self, names: Sequence[str], count: int, against: Against) -> dict[str, Floor]:
        """Mean and spread of the numbers between ``count`` real pictures of the one split and of the other.

        There may be no more than ``count`` pictures in a split, so that every draw has the same ones. The spread is
        therefore half the difference between the numbers of two halves of a draw, root mean square over the draws: of
        numbers that average over samples this is the standard deviation (McCarthy 1969, Rev. Int. Stat. Inst. 37), of
        squared distances somewhat more. Where half the samples are too few for a number it is the deviation of draws.
        """

        def pairs(seed: int) -> PicturePair:
            other = "test" if against == "train" else "train"
            unseen = self._chosen("test", count, seed)
            sides = self._draw(other, count, seed), self._draw(against, count, seed + 1)
            return self._pair(*sides, lambda: self.unseen_to_train[unseen])

        path = self._cache / f"{self._key}-{self._train_size}-{against}-halves-{count}.json"
        return _cached_floor(path, names, pairs, MORE_RESAMPLES if count <= FEW else RESAMPLES)

    @property
    def most(self) -> int:
        """How many samples can be judged against as many real ones, and these against each other."""
        return min(len(data.samples) for data in self.sets.values())

    def _pair(self, seen: Seen, real: Seen, from_train: Callable[[], torch.Tensor]) -> PicturePair:
        sides = (seen.features, seen.logits, real.features, real.logits)
        return PicturePair(*sides, from_train, lambda: self.unseen_to_train)

    def look(self, images: torch.Tensor) -> Seen:
        """What the extractor says of pictures (N, C, H, W) uint8."""
        return self._looks.look(images)

    @cached_property
    def train_features(self) -> torch.Tensor:
        """Features of all pictures that were trained on: (M, F)."""
        return self._look("train").features[: self._train_size]

    @cached_property
    def unseen_to_train(self) -> torch.Tensor:
        """How far each test picture is from the nearest one that was trained on: (T,)."""
        path = self._cache / f"{self._key}-{self._train_size}-unseen.safetensors"
        made = kept(path, lambda: {"distance": nearest(self._look("test").features, self.train_features)[0]})
        return made["distance"]

    def _draw(self, split: Against, count: int, seed: int) -> Seen:
        """``count`` of the real pictures of ``split``, another choice for each ``seed``."""
        seen, chosen = self._look(split, self._enough(split, count)), self._places(split, count, seed)
        return Seen(seen.features[chosen], seen.logits[chosen])

    def _chosen(self, split: Against, count: int, seed: int) -> torch.Tensor:
        """Which of all pictures of ``split`` these are: (N,)."""
        places, whole = self._places(split, count, seed), len(self.sets[split].samples)
        return places if self._enough(split, count) == whole else fixed_order(whole)[places]

    def _places(self, split: Against, count: int, seed: int) -> torch.Tensor:
        """Where they are among those that are looked at: (N,)."""
        rng = torch.Generator().manual_seed(seed)
        return torch.randperm(self._enough(split, count), generator=rng)[:count]

    def _enough(self, split: Against, count: int) -> int:
        """How many pictures of ``split`` are looked at when ``count`` are to be chosen."""
        share, size = self._looks.real_per_sample, len(self.sets[split].samples)
        return min(size, share * count) if share else size

    def _look(self, split: Against, most: int | None = None) -> Seen:
        """All pictures of ``split`` in their order, or ``most`` of them, always the same."""
        pictures = self.sets[split].samples
        size = min(len(pictures), most or len(pictures))
        if (split, size) not in self._seen:
            if size < len(pictures):
                pictures = pictures[fixed_order(len(pictures))[:size]]
            path = self._cache / f"{self._key}-{split}-{size}.safetensors"
            self._seen[split, size] = Seen(**kept(path, lambda: vars(self._looks.look(pictures))))
        return self._seen[split, size]


class PointReference:
    """Real points of one distribution: fresh ones for every draw, as many as are wanted."""

    extractor = "points"

    def __init__(self, data: DataSet, cache: Path):
        self._toy, self._cache = data.toy, cache
        self._key = digest(data.samples)

    def pair(self, samples: torch.Tensor, against: Against, seed: int) -> PointPair:
        """Generated points (N, 2) beside N real ones."""
        return PointPair(samples, self._draw(len(samples), seed), self._toy)

    def floor(self, names: Sequence[str], count: int, against: Against) -> dict[str, Floor]:
        """Mean and spread of the numbers ``names`` between two draws of ``count`` real points."""

        def pairs(seed: int) -> PointPair:
            return PointPair(self._draw(count, 2 * seed + 1000), self._draw(count, 2 * seed + 1001), self._toy)

        return _cached_floor(self._cache / f"{self._key}-{count}-draws.json", names, pairs, MORE_RESAMPLES)

    @property
    def most(self) -> int:
        return 20_000  # the kernels compare all pairs

    def _draw(self, count: int, seed: int) -> torch.Tensor:
        return self._toy.sample(count, torch.Generator().manual_seed(seed))[0]


Reference = PictureReference | PointReference


def load_references(
    config: RunConfig,
    kinds: Collection[Kind],
    data_dir: Path | None = None,
    inception: Path | None = None,
    looked: Callable[[int], None] | None = None,
) -> dict[Kind, Reference]:
    """For each of the ``kinds`` of numbers the real side of what ``config`` trains on.

    ``inception``: a file with the weights of Inception-v3; ``looked``: as :class:`Watched` has it. Raises
    :class:`StudioError` where a network or the data are missing.
    """
    cache = (data_dir or default_data_dir()) / "metrics"
    makers = {
        "classifier": lambda: load_judge(config.dataset),
        "inception": lambda: load_inception(inception, cache),
    }
    if config.dataset in POINT_SETS:
        return {"points": PointReference(_load(config, data_dir, "train"), cache)}
    extractors = {kind: makers[kind]() for kind in kinds}  # before the data are read
    if looked:
        extractors = {kind: Watched(extractor, looked) for kind, extractor in extractors.items()}
    sets = load_pictures(config, data_dir)
    return {kind: PictureReference(config, sets, extractor, cache) for kind, extractor in extractors.items()}


def load_pictures(config: RunConfig, data_dir: Path | None = None) -> dict[Against, DataSet]:
    """Both splits of what ``config`` trains on, whole."""
    whole = config.model_copy(update={"train_size": 0})
    return {split: _load(whole, data_dir, split) for split in ("train", "test")}


def _load(config: RunConfig, data_dir: Path | None, split: str) -> DataSet:
    try:
        return load_data(config, data_dir, split)
    except StudioError as error:
        if config.dataset not in ("folder", "points"):
            raise
        raise StudioError(
            f"{str(error).rstrip('.')}. This generator was trained on {config.source}, and is measured against it: "
            "put it back there",
            "error.data_gone",
            error=error.sentence,
            source=config.source,
        ) from None


def _cached_floor(
    path: Path, names: Sequence[str], pairs: Callable[[int], PicturePair | PointPair], draws: int
) -> dict[str, Floor]:
    known: dict[str, Floor] = {}
    with suppress(OSError, ValueError, TypeError, AttributeError, IndexError):  # not there, or damaged: made anew
        known = {name: (float(value[0]), float(value[1])) for name, value in json.loads(path.read_text()).items()}
    missing = [name for name in names if name not in known]
    if missing:
        known |= _floor(missing, pairs, draws)
        write(path, lambda part: part.write_text(json.dumps(known)))
    return {name: known[name] for name in names}


def _floor(names: Sequence[str], pairs: Callable[[int], PicturePair | PointPair], draws: int) -> dict[str, Floor]:
    """Means and spreads over draws; those of points are fresh each time, and their deviation is the spread."""
    values: dict[str, list[float]] = {name: [] for name in names}
    apart: dict[str, list[float]] = {name: [] for name in names}
    for seed in range(draws):
        pair = pairs(seed)
        halves = pair.halves() if isinstance(pair, PicturePair) else ()
        for name in names:
            row = METRICS[name]
            values[name].append(row.compute(pair))
            if halves:
                with suppress(StudioError):  # half of the samples are too few for some numbers
                    apart[name].append((row.compute(halves[0]) - row.compute(halves[1])) / 2)
    floors = {}
    for name in names:
        found, off = (torch.tensor(side[name], dtype=torch.float64) for side in (values, apart))
        floors[name] = found.mean().item(), (off.square().mean().sqrt() if len(off) else found.std()).item()
    return floors
