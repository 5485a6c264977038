"""How near the search of the Find tab comes to digits that a run has not trained on, and how long it takes.

    gan-studio train --preset mnist-dcgan --steps 3000 --out runs
    python -m benchmarks.inversion runs/mnist-dcgan.safetensors [--digits 20] [--restarts 8] [--steps 200]

For each test digit: the difference of the best found picture, the median distance between two real digits of the same
class, both as root mean square of pixels in [-1, 1], and the seconds that the search took.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import torch

from gan_studio.data import load_data
from gan_studio.data.pixels import to_unit_range
from gan_studio.into.targets import RealPicture, real_picture
from gan_studio.latent.inversion import invert
from gan_studio.latent.source import Source
from gan_studio.sampling import load_source


def search(source: Source, real: RealPicture, restarts: int, steps: int) -> tuple[float, float]:
    """The difference of the best found picture, and seconds."""
    start = time.perf_counter()
    labels = source.labels(real.label, restarts)
    target = to_unit_range(real.image)
    *_, found = invert(lambda z: source.network(z, labels), target, source.latent_size, restarts=restarts, steps=steps)
    return found.errors[0].sqrt().item(), time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--digits", type=int, default=20)
    parser.add_argument("--restarts", type=int, default=8)
    parser.add_argument("--steps", type=int, default=200)
    wanted = parser.parse_args()
    torch.set_num_threads(1)  # as on the page, where training has the other cores
    source = load_source(wanted.checkpoint)
    data = load_data(source.config, split="test")
    rows = []
    print("| class | best found | two real ones | seconds |\n|---|---|---|---|")
    for seed in range(wanted.digits):
        real = real_picture(data, seed % len(data.classes) if data.classes else None, seed)
        error, seconds = search(source, real, wanted.restarts, wanted.steps)
        rows.append((error, real.typical, seconds))
        print(f"| {real.class_name} | {error:.3f} | {real.typical:.3f} | {seconds:.2f} |", flush=True)
    error, typical, seconds = (statistics.median(column) for column in zip(*rows, strict=True))
    below = sum(error < typical for error, typical, _ in rows)
    print(f"| median of {len(rows)} | {error:.3f} | {typical:.3f} | {seconds:.2f} |")
    print(f"{below} of {len(rows)} below the distance of two real ones; weights of step {source.step}")


if __name__ == "__main__":
    main()
