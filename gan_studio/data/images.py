"""Image sets: a registry of names, and the loader that turns one into a single uint8 tensor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from gan_studio.assets import asset_dir
from gan_studio.data.idx import read_idx
from gan_studio.errors import StudioError


@dataclass(frozen=True)
class DatasetRow:
    """One known data set: the folder torchvision keeps it in, its class names and its source."""

    folder: str
    classes: tuple[str, ...]
    source: str


DATASETS: dict[str, DatasetRow] = {
    "mnist": DatasetRow("MNIST", tuple("0123456789"), "LeCun, Cortes, Burges: the MNIST database, CC BY-SA 3.0"),
    "fashion_mnist": DatasetRow(
        "FashionMNIST",
        ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"),
        "Xiao, Rasul, Vollgraf: Fashion-MNIST, MIT (Zalando)",
    ),
    "kmnist": DatasetRow(
        "KMNIST",
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        "Clanuwat et al.: KMNIST, CC BY-SA 4.0 (CODH)",
    ),
}


@dataclass(frozen=True)
class ImageSet:
    """A data set in memory.

    ``images``: (N, C, H, W) uint8; ``labels``: (N,) int64 indices into ``classes``.
    """

    name: str
    images: torch.Tensor
    labels: torch.Tensor
    classes: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one picture."""
        return tuple(self.images.shape[1:])


def load_images(name: str, data_dir: Path | None = None, split: str = "train") -> ImageSet:
    """Load a data set of :data:`DATASETS`, ``split`` "train" or "test".

    The user's own copy, ``data_dir/NAME/raw`` as torchvision lays it out, is taken where there is one;
    else the bundled one. Raises :class:`StudioError` that says where a copy is expected.
    """
    row = DATASETS[name]
    prefix = {"train": "train", "test": "t10k"}[split]
    folders = [root / row.folder / "raw" for root in (data_dir, asset_dir()) if root is not None]
    for folder in folders:
        pictures = _find(folder, f"{prefix}-images-idx3-ubyte")
        labels = _find(folder, f"{prefix}-labels-idx1-ubyte")
        if pictures and labels:
            return _read(name, row, pictures, labels)
    where = data_dir / row.folder / "raw" if data_dir else f"DATA/{row.folder}/raw with --data DATA"
    raise StudioError(
        f"data set {name!r} is not here: put its four IDX files in {where}, "
        f"as torchvision.datasets.{row.folder} stores them"
    )


def _find(folder: Path, stem: str) -> Path | None:
    return next((path for path in (folder / stem, folder / f"{stem}.gz") if path.is_file()), None)


def _read(name: str, row: DatasetRow, pictures: Path, labels: Path) -> ImageSet:
    images, targets = read_idx(pictures), read_idx(labels)
    if images.ndim != 3 or targets.ndim != 1 or len(images) != len(targets) or len(images) == 0:
        raise StudioError(f"{pictures}: {images.shape} pictures do not fit {targets.shape} labels in {labels}")
    if targets.max() >= len(row.classes):
        raise StudioError(f"{labels}: holds label {targets.max()}, but {name} has {len(row.classes)} classes")
    return ImageSet(name, torch.from_numpy(images)[:, None], torch.from_numpy(targets).long(), row.classes)
