"""Stacked MNIST: three random digits as the channels of one picture, so a thousand modes that can be counted.

Che et al. 2017 (arXiv:1612.02136), section 4.1.2; Metz et al. 2017 (arXiv:1611.02163), section 3.3.1.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from gan_studio.data.dataset import DataSet, Progress
from gan_studio.data.images import load_family

COUNTS = {"train": 60_000, "test": 26_000}
"""How many stacks; 26,000 samples are judged in the published protocol."""


def load_stacked_mnist(data_dir: Path, split: str, progress: Progress) -> DataSet:
    """Pictures (N, 3, 28, 28); class "407" has a four, a zero and a seven. The same stacks each time."""
    digits = load_family("mnist", data_dir, split, progress)
    rng = torch.Generator().manual_seed(0 if split == "train" else 1)
    chosen = torch.randint(len(digits.samples), (COUNTS[split], 3), generator=rng)
    return replace(
        digits,
        name="stacked_mnist",
        samples=digits.samples[:, 0][chosen],
        labels=(digits.labels[chosen] * torch.tensor([100, 10, 1])).sum(1),
        classes=tuple(f"{number:03d}" for number in range(1000)),
    )
