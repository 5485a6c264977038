"""Do the presets for points find every mode, and how sharply?

    python -m benchmarks.toys [--seeds 5] [--first-seed 0] [--only grid25 ring8 ...]

The published protocol: 2,500 samples of the averaged generator; a sample is good within three standard deviations
of the nearest centre, and a mode is covered where it has one good sample. For comparison, PacGAN (Lin et al., 2018,
table 1) gives for the grid of 25: GAN 17.3 modes and 94.8 % good, PacGAN4 24.8 and 93.6 %. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import time

import torch

from gan_studio.config import make_config
from gan_studio.data import load_data
from gan_studio.lessons.presets import find_preset
from gan_studio.metrics.modes import PROTOCOL_SAMPLES, Coverage, mode_coverage
from gan_studio.training.trainer import Trainer

STEPS = {"grid25": 100_000, "ring8": 100_000}


def coverage(trainer: Trainer) -> Coverage:
    """The protocol, for the averaged generator of ``trainer``."""
    z = torch.randn(PROTOCOL_SAMPLES, trainer.config.latent_size, generator=torch.Generator().manual_seed(99))
    toy = trainer.data.toy
    return mode_coverage(trainer.sample(z), toy.modes, toy.sigma)


def measure(preset: str, seed: int) -> tuple[int, float, float]:
    """Modes covered, share of good samples, and seconds of training."""
    config = make_config({"seed": seed}, base=find_preset(preset).config)
    trainer = Trainer(config, load_data(config))
    start = time.perf_counter()
    for _ in range(STEPS[preset]):
        trainer.step()
    seconds = time.perf_counter() - start
    found = coverage(trainer)
    return found.covered, found.good, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=list(STEPS), choices=list(STEPS))
    options = parser.parse_args()
    print("| preset | steps | modes covered | good samples | seconds each |\n|---|---|---|---|---|", flush=True)
    for preset in options.only:
        results = [measure(preset, seed) for seed in range(options.first_seed, options.first_seed + options.seeds)]
        covered, good, seconds = zip(*results, strict=True)
        print(
            f"| `{preset}` | {STEPS[preset]:,} | {', '.join(map(str, covered))} "
            f"| {', '.join(f'{100 * share:.1f} %' for share in good)} | {sum(seconds) / len(seconds):.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
