"""Sets of points: samples of a toy distribution, or of the smooth density around points that the user drew."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import torch

from gan_studio.data.dataset import DataSet
from gan_studio.data.order import fixed_order
from gan_studio.data.storage import user_path
from gan_studio.data.toys import TOYS, ToyRow, mixture_log_density
from gan_studio.errors import StudioError

SAMPLES = 100_000
"""How many points each set has: far more than a batch, so that few are seen twice, in a megabyte."""

JITTER = 0.02
"""Standard deviation of the noise around the user's points; without it, they could be learnt by heart."""

FEWEST_POINTS, MOST_POINTS = 2, SAMPLES
MOST_COORDINATE = 100.0
MOST_CENTRES = 2_000  # a density of more centres takes longer to draw than a class waits
_MOST_BYTES = 20 * 2**20  # room for 200 characters a point
_SEEDS = {"train": 1, "test": 2}


def load_points(name: str, source: str, split: str) -> DataSet:
    """100,000 points of the toy ``name``, always the same for each split.

    Raises :class:`StudioError` where ``name`` is "points" and the file ``source`` cannot be used.
    """
    toy = drawn_toy(read_points(source)) if name == "points" else TOYS[name]
    samples, labels = toy.sample(SAMPLES, torch.Generator().manual_seed(_SEEDS[split]))
    return DataSet(name, samples, labels, toy.classes, toy=toy, scale=toy.scale)


def drawn_toy(points: torch.Tensor) -> ToyRow:
    """The smooth density around ``points`` (K, 2): one of them at random and noise of :data:`JITTER`.

    Its log density is that of at most 2,000 of the points, a fixed random choice where there are more.
    """
    centres = points[fixed_order(len(points))[:MOST_CENTRES]]

    def sample(count: int, rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        chosen = points[torch.randint(len(points), (count,), generator=rng)]
        return chosen + torch.randn(count, 2, generator=rng) * JITTER, torch.zeros(count, dtype=torch.long)

    return ToyRow(
        sample,
        lambda places: mixture_log_density(places, centres, JITTER),
        extent=1.1 * points.abs().max().item() + 5 * JITTER,
        source="the user's points",
        scale=max(points.square().mean().sqrt().item(), JITTER),
    )


def read_points(source: str) -> torch.Tensor:
    """(K, 2) float32 from a file of x and y: CSV, with or without a line of names, or JSON, a list of pairs.

    Raises :class:`StudioError` for anything else, naming the file and what is wrong with it.
    """
    if not source.strip():
        raise StudioError("source: name a CSV or JSON file of points (x, y)", "error.no_source")
    path = user_path(source)
    return parse_points(read_text(path), str(path))


def parse_points(text: str, name: str) -> torch.Tensor:
    """(K, 2) float32 from such a text; errors call it ``name``."""
    try:
        pairs = _pairs_of_json(text) if text.lstrip()[:1] in ("[", "{") else _pairs_of_csv(text)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise StudioError(
            f"{name}: {error}; two numbers, x and y, are needed in each row", "error.no_points", name=Path(name).name
        ) from None
    return _checked(name, pairs)


def read_text(path: Path) -> str:
    """The text of a file of points; raises :class:`StudioError` where it is not there, too large, or no text."""
    try:
        if not path.is_file():
            raise StudioError(f"{path}: there is no such file of points", "error.no_such_file", name=path.name)
        if path.stat().st_size > _MOST_BYTES:
            raise StudioError(
                f"{path}: more than {_MOST_BYTES >> 20} MB; at most {MOST_POINTS:,} points are taken",
                "error.many_points",
                name=path.name,
                most=f"{MOST_POINTS:,}",
            )
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise StudioError(
            f"{path}: cannot be read as text; save it as UTF-8 ({error})", "error.no_text", name=path.name
        ) from None


def _pairs_of_json(text: str) -> list[tuple[float, float]]:
    rows = json.loads(text)
    if not isinstance(rows, list):
        raise ValueError("not a list")
    if not all(isinstance(row, list) or (isinstance(row, dict) and {"x", "y"} <= row.keys()) for row in rows):
        raise ValueError("not a list of pairs")
    pairs = [(row["x"], row["y"]) if isinstance(row, dict) else tuple(row) for row in rows]
    for number, pair in enumerate(pairs, 1):
        if len(pair) != 2 or not all(type(value) in (int, float) for value in pair):
            raise ValueError(f"row {number} is not a pair of numbers")
    return [(float(x), float(y)) for x, y in pairs]


def _pairs_of_csv(text: str) -> list[tuple[float, float]]:
    rows = [re.split(r"\s*[,;\s]\s*", line.strip()) for line in text.splitlines() if line.strip()]
    if rows and not _is_number(rows[0][0]):
        rows = rows[1:]  # names of the columns
    for number, row in enumerate(rows, 1):
        if len(row) != 2 or not all(_is_number(value) for value in row):
            raise ValueError(f"row {number}, {', '.join(row)[:40]!r}, is not a pair of numbers")
    return [(float(x), float(y)) for x, y in rows]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _checked(name: str, pairs: list[tuple[float, float]]) -> torch.Tensor:
    if not FEWEST_POINTS <= len(pairs) <= MOST_POINTS:
        raise StudioError(
            f"{name}: holds {len(pairs)} points; from {FEWEST_POINTS} to {MOST_POINTS:,} are taken",
            "error.point_count",
            name=Path(name).name,
            count=len(pairs),
            least=FEWEST_POINTS,
            most=f"{MOST_POINTS:,}",
        )
    for number, pair in enumerate(pairs, 1):
        if not all(math.isfinite(value) and abs(value) <= MOST_COORDINATE for value in pair):
            raise StudioError(
                f"{name}: point {number} is {pair}; x and y must be from -100 to 100",
                "error.far_point",
                name=Path(name).name,
                number=number,
                point=str(pair),
            )
    return torch.tensor(pairs)
