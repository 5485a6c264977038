"""The registry of data sets, and the one function that turns a config into samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from gan_studio.config import FIELDS, POINT_SETS, RunConfig
from gan_studio.data.cifar import load_cifar10
from gan_studio.data.dataset import DataSet, Progress, no_progress
from gan_studio.data.emoji import load_emoji
from gan_studio.data.folder import load_folder
from gan_studio.data.images import load_family
from gan_studio.data.points import load_points
from gan_studio.data.stacked import load_stacked_mnist
from gan_studio.data.storage import default_data_dir
from gan_studio.data.toys import TOYS
from gan_studio.data.transform import resize, to_colour, to_grey
from gan_studio.errors import StudioError

Load = Callable[[RunConfig, Path, str, Progress], DataSet]


@dataclass(frozen=True)
class DatasetRow:
    """One data set: how it is loaded, and where it comes from."""

    load: Load
    source: str


def _family(config: RunConfig, data_dir: Path, split: str, progress: Progress) -> DataSet:
    return load_family(config.dataset, data_dir, split, progress)


def _cifar10(config: RunConfig, data_dir: Path, split: str, progress: Progress) -> DataSet:
    return load_cifar10(data_dir, split, progress)


def _stacked(config: RunConfig, data_dir: Path, split: str, progress: Progress) -> DataSet:
    return load_stacked_mnist(data_dir, split, progress)


def _emoji(config: RunConfig, data_dir: Path, split: str, progress: Progress) -> DataSet:
    return load_emoji(split)


def _folder(config: RunConfig, data_dir: Path, split: str, progress: Progress) -> DataSet:
    return load_folder(config, data_dir, split, progress)


def _points(config: RunConfig, data_dir: Path, split: str, progress: Progress) -> DataSet:
    return load_points(config.dataset, config.source, split)


DATASETS: dict[str, DatasetRow] = {
    "mnist": DatasetRow(_family, "LeCun, Cortes, Burges: the MNIST database, CC BY-SA 3.0"),
    "stacked_mnist": DatasetRow(_stacked, "three digits of MNIST each; Che et al. 2017, arXiv:1612.02136"),
    "emoji": DatasetRow(_emoji, "Google: Noto Emoji images, Apache 2.0"),
    "fashion_mnist": DatasetRow(_family, "Xiao, Rasul, Vollgraf: Fashion-MNIST, MIT (Zalando)"),
    "kmnist": DatasetRow(_family, "Clanuwat et al.: KMNIST, CC BY-SA 4.0 (CODH)"),
    "cifar10": DatasetRow(_cifar10, "Krizhevsky: CIFAR-10, University of Toronto"),
    "folder": DatasetRow(_folder, "the user's pictures"),
    **{name: DatasetRow(_points, toy.source) for name, toy in TOYS.items()},
    "points": DatasetRow(_points, "the user's points"),
}


def load_data(
    config: RunConfig, data_dir: Path | None = None, split: str = "train", progress: Progress | None = None
) -> DataSet:
    """The data set that ``config`` names, ``split`` "train" or "test", in the size and colours it asks for.

    ``data_dir`` is searched for the user's copies and receives what is fetched (~/.cache/gan-studio/data if None).
    ``config.train_size`` cuts "train" only: what is tested against stays whole.
    Raises :class:`StudioError` that says what is missing, where it is expected, or which setting does not fit.
    """
    data_dir, progress = data_dir or default_data_dir(), progress or no_progress
    if config.dataset in POINT_SETS:
        _refuse_picture_settings(config)
    if config.dataset == "stacked_mnist" and config.colours == "grey":
        raise StudioError(
            "colours: dataset stacked_mnist is three digits in three colour channels, which grey would mix; "
            "colours must be own or colour",
            "error.stacked_grey",
        )
    data = DATASETS[config.dataset].load(config, data_dir, split, progress)
    if split == "train" and config.train_size:
        data = replace(data, samples=data.samples[: config.train_size], labels=data.labels[: config.train_size])
    return data if data.is_points else _fit(data, config, data_dir, progress)


def data_key(config: RunConfig) -> tuple[str, str, int, int, str]:
    """What of ``config`` its data set depends on; equal keys mean equal data, as long as no file changes."""
    source = config.source if config.dataset in ("folder", "points") else ""
    return (config.dataset, source, config.train_size, config.picture_size, config.colours)


def _refuse_picture_settings(config: RunConfig) -> None:
    names = [name for name in ("picture_size", "colours") if getattr(config, name) != FIELDS[name].default]
    if names:
        raise StudioError(
            f"{', '.join(names)}: {config.dataset} has points, not pictures; "
            + " and ".join(f"{name} must be {FIELDS[name].default}" for name in names),
            "error.picture_settings",
            settings=", ".join(f"{name} = {FIELDS[name].default}" for name in names),
            dataset=config.dataset,
        )


def _fit(data: DataSet, config: RunConfig, data_dir: Path, progress: Progress) -> DataSet:
    """Grey comes before resizing and colour after it: the fewer channels are resized, the better."""
    pictures = data.samples
    if config.colours == "grey":
        pictures = to_grey(pictures, data_dir)
    if config.picture_size:
        pictures = resize(pictures, config.picture_size, data_dir, progress)
    if config.colours == "colour":
        pictures = to_colour(pictures)
    return replace(data, samples=pictures)
