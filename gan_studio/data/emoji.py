"""The bundled colour emoji: one sheet of pictures and a table of their names."""

from __future__ import annotations

import csv

import numpy as np
import torch
from PIL import Image

from gan_studio.assets import asset_dir
from gan_studio.data.dataset import DataSet, damaged
from gan_studio.data.order import fixed_order, held_out

_SIDE = 32


def load_emoji(split: str) -> DataSet:
    """The bundled emoji, (N, 3, 32, 32) in colour, labelled with their category.

    They come without a test part, so every tenth of the sheet is held out for "test" and the others are "train".
    The sheet goes category by category; they are shuffled, always in the same way, so that the first n are
    a fair choice. Raises :class:`StudioError` where the bundled files are damaged.
    """
    folder = asset_dir() / "emoji"
    try:
        pictures = _read_sheet(folder / "emoji-32.png")
        with (folder / "emoji-32.csv").open(encoding="utf-8", newline="") as file:
            categories = [row["category"] for row in csv.DictReader(file)]
        pictures = pictures[: len(categories)]
        if not len(pictures) == len(categories) > 0:
            raise damaged(folder, f"{len(pictures)} pictures do not fit {len(categories)} names")
    except (OSError, KeyError) as error:
        raise damaged(folder, f"the bundled emoji cannot be read ({error}); install the package anew") from None
    classes = tuple(sorted(set(categories)))
    labels = torch.tensor([classes.index(category) for category in categories])
    chosen = held_out(len(labels)) == (split == "test")
    order = chosen.nonzero().flatten()[fixed_order(int(chosen.sum()))]
    return DataSet("emoji", torch.from_numpy(pictures)[order], labels[order], classes)


def _read_sheet(path) -> np.ndarray:
    """(cells, 3, 32, 32) uint8, in row-major order."""
    with Image.open(path, formats=["PNG"]) as sheet:
        pixels = np.asarray(sheet.convert("RGB"))
    rows, columns = pixels.shape[0] // _SIDE, pixels.shape[1] // _SIDE
    cells = pixels.reshape(rows, _SIDE, columns, _SIDE, 3).transpose(0, 2, 4, 1, 3)
    return cells.reshape(rows * columns, 3, _SIDE, _SIDE)
