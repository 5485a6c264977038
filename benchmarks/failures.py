"""Does each failing preset fail, and does its cure cure it?

    python -m benchmarks.failures [--seeds 5] [--only NAME ...]

Each preset has one measure of its failure. It fails where the measure is beyond the limit; the cure, one field
changed from the start, must bring it back to the other side. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import torch

from benchmarks.toys import coverage
from gan_studio.config import make_config
from gan_studio.data import load_data
from gan_studio.data.pixels import to_unit_range
from gan_studio.lessons.presets import PRESETS
from gan_studio.training.trainer import Trainer


@dataclass(frozen=True)
class Measure:
    """``steps`` of training, a number that ``read`` makes of the trainer and its history, and the limit."""

    steps: int
    read: Callable[[Trainer, list[dict[str, float]]], float]
    failed: Callable[[float], bool]
    words: str


def _modes(trainer: Trainer, history: list[dict[str, float]]) -> float:
    return coverage(trainer).covered


def _generator_gradient(trainer: Trainer, history: list[dict[str, float]]) -> float:
    recent = sorted(row["g_gradient"] for row in history[-10:])
    return recent[len(recent) // 2]


@torch.no_grad()
def _memory(trainer: Trainer, history: list[dict[str, float]]) -> float:
    """How much more real the discriminator finds the pictures it has seen than others of the same kind."""
    held_out = load_data(trainer.config, split="test").samples[:500]
    seen = trainer.data.samples
    trainer.discriminator.eval()
    scores = [trainer.discriminator(to_unit_range(side)).scores.sigmoid().mean() for side in (seen, held_out)]
    trainer.discriminator.train()
    return (scores[0] - scores[1]).item()


def _largest_loss(trainer: Trainer, history: list[dict[str, float]]) -> float:
    losses = torch.tensor([[row["d_loss"], row["g_loss"]] for row in history[len(history) // 2 :]])
    return losses.abs().nan_to_num(float("inf"), float("inf")).max().item()


def _off_centre(trainer: Trainer, history: list[dict[str, float]]) -> float:
    """How far the generated points' centre of mass is from the real one, on average over the last half."""
    centres = torch.tensor([[row["x"], row["y"]] for row in history[len(history) // 2 :]])
    return (centres - trainer.samples.mean(0)).norm(dim=1).mean().nan_to_num(99).item()


MEASURES = {
    "fail-mode-collapse": Measure(5000, _modes, lambda v: v <= 12, "modes covered of 25 (fails: 12 or fewer)"),
    "fail-vanishing-gradient": Measure(
        500, _generator_gradient, lambda v: v < 0.5, "generator's gradient norm (fails: below 0.5)"
    ),
    "fail-overfitting": Measure(1200, _memory, lambda v: v > 0.25, "D(seen) - D(held out) (fails: above 0.25)"),
    "fail-divergence": Measure(300, _largest_loss, lambda v: v > 15, "largest loss (fails: above 15)"),
    "fail-circling": Measure(2000, _off_centre, lambda v: v > 0.4, "distance of the centres (fails: above 0.4)"),
}


def measure(name: str, seed: int, cured: bool) -> float:
    """Train the failing preset, or its cure, with ``seed``, and read its measure."""
    preset, how = PRESETS[name], MEASURES[name]
    config = make_config({**preset.values, **(preset.cure if cured else {}), "seed": seed})
    trainer = Trainer(config, load_data(config))
    history = []
    z = torch.randn(500, config.latent_size, generator=torch.Generator().manual_seed(99))
    for step in range(1, how.steps + 1):
        trainer.step()
        if step % 20 == 0:
            row = trainer.measure()
            if trainer.data.is_points:
                with torch.no_grad():
                    row["x"], row["y"] = trainer.generator(z).mean(0).tolist()
            history.append(row)
    return how.read(trainer, history)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=list(MEASURES), choices=list(MEASURES))
    options = parser.parse_args()
    print("| preset | measure | as it is | failed | with its cure | cured |\n|---|---|---|---|---|---|", flush=True)
    for name in options.only:
        ill, cured = ([measure(name, seed, cure) for seed in range(options.seeds)] for cure in (False, True))
        failed = MEASURES[name].failed
        cure = ", ".join(f"{key} = {value}" for key, value in PRESETS[name].cure.items())
        print(
            f"| `{name}` | {MEASURES[name].words} | {', '.join(f'{v:.3g}' for v in ill)} "
            f"| {sum(map(failed, ill))} of {len(ill)} | `{cure}`: {', '.join(f'{v:.3g}' for v in cured)} "
            f"| {sum(not failed(v) for v in cured)} of {len(cured)} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
