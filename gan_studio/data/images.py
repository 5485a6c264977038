"""The MNIST family: IDX files that are bundled, the user's own, or fetched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from gan_studio.assets import asset_dir
from gan_studio.data.dataset import DataSet, Progress, damaged
from gan_studio.data.download import RemoteFile, fetch
from gan_studio.data.idx import read_idx
from gan_studio.errors import StudioError


@dataclass(frozen=True)
class Family:
    """One member of the family: its class in torchvision.datasets, its class names, the sizes of its files.

    torchvision keeps a set in a folder of the same name as its class, and knows the addresses of its files.
    """

    torchvision: str
    classes: tuple[str, ...]
    sizes: tuple[int, ...]


FAMILY: dict[str, Family] = {
    "mnist": Family("MNIST", tuple("0123456789"), (9_912_422, 28_881, 1_648_877, 4_542)),
    "fashion_mnist": Family(
        "FashionMNIST",
        ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"),
        (26_421_880, 29_515, 4_422_102, 5_148),
    ),
    "kmnist": Family(
        "KMNIST",
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        (18_165_135, 29_497, 3_041_136, 5_120),
    ),
}


def load_family(name: str, data_dir: Path, split: str, progress: Progress) -> DataSet:
    """Load a data set of :data:`FAMILY`: pictures (N, 1, 28, 28).

    The user's own copy, ``data_dir/NAME/raw`` as torchvision lays it out, is taken where there is one;
    else the bundled one; else it is fetched to there. Raises :class:`StudioError` that says where from it
    could not be fetched, and where to put the files by hand.
    """
    row = FAMILY[name]
    roots = (data_dir, asset_dir())
    found = next((files for root in roots if (files := _find(root / row.torchvision / "raw", split))), None)
    if found is None:
        _fetch(name, data_dir / row.torchvision / "raw", progress)
        found = _find(data_dir / row.torchvision / "raw", split)
    return _read(name, row, *found)


def _find(folder: Path, split: str) -> tuple[Path, Path] | None:
    """The files of pictures and of labels, if both are there."""
    prefix = {"train": "train", "test": "t10k"}[split]
    pictures = _plain_or_gzipped(folder / f"{prefix}-images-idx3-ubyte")
    labels = _plain_or_gzipped(folder / f"{prefix}-labels-idx1-ubyte")
    return (pictures, labels) if pictures and labels else None


def _plain_or_gzipped(path: Path) -> Path | None:
    return next((file for file in (path, path.with_name(f"{path.name}.gz")) if file.is_file()), None)


def _fetch(name: str, folder: Path, progress: Progress) -> None:
    files = _remote_files(name)

    def keep(fetched: Path) -> None:
        for file in files:
            (fetched / file.name).replace(folder / file.name)

    try:
        fetch(files, folder, progress, keep)
    except StudioError as error:
        names = ", ".join(file.name for file in files)
        raise StudioError(
            f"data set {name!r} is not here and {error}. Connect to the internet, "
            f"or put these files in {folder} by hand: {names}",
            "error.offline",
            name=name,
            folder=str(folder),
            files=names,
        ) from None


def _remote_files(name: str) -> list[RemoteFile]:
    from torchvision import datasets  # takes a second, and is needed for this only

    row = FAMILY[name]
    known = getattr(datasets, row.torchvision)
    return [
        RemoteFile(file, tuple(mirror + file for mirror in known.mirrors), md5, size)
        for (file, md5), size in zip(known.resources, row.sizes, strict=True)
    ]


def _read(name: str, row: Family, pictures: Path, labels: Path) -> DataSet:
    images, targets = read_idx(pictures), read_idx(labels)
    if images.ndim != 3 or targets.ndim != 1 or len(images) != len(targets) or images.size == 0:
        raise damaged(pictures, f"{images.shape} pictures do not fit {targets.shape} labels in {labels}")
    if targets.max() >= len(row.classes):
        raise damaged(labels, f"holds label {targets.max()}, but {name} has {len(row.classes)} classes")
    return DataSet(name, torch.from_numpy(images)[:, None], torch.from_numpy(targets).long(), row.classes)
