"""What regularisers cost, what tracing the steps of fully connected networks gives, and whether memory grows.

    python -m benchmarks.steps [--rounds 7] [--seconds 1.5]      # ratios, alternating in one process
    python -m benchmarks.steps --memory 20000                    # growth of the process over so many steps

Each ratio is the time of a step with the regulariser by that of the same step without it; penalties are in float32
also where the rest is in bfloat16. The gradient penalty is also measured on the critic's part alone: the difference
between steps with one critic update and with five.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path

from gan_studio.bench import timing
from gan_studio.bench.timing import step_seconds
from gan_studio.config import make_config
from gan_studio.data import load_data
from gan_studio.lessons.presets import find_preset
from gan_studio.training.compatibility import UNTOLD
from gan_studio.training.memory import keep_freed_memory
from gan_studio.training.trainer import Trainer

PLAIN = {"r1_penalty": 0, "r2_penalty": 0, "gradient_penalty": 0}
PAIRS = {
    "R1 + R2, modern residual": ("relativistic", {}, PLAIN),
    "R1 + R2, DCGAN": ("mnist-dcgan", {**UNTOLD, "spectral_norm": False, "r1_penalty": 1, "r2_penalty": 1}, PLAIN),
    "R1 + R2 every 4th update, modern": ("relativistic", {"penalty_interval": 4}, PLAIN),
    "gradient penalty, WGAN-GP": ("wgan-gp", {}, PLAIN),
}
PRECISIONS = ("auto", "float32")
_POINTS = {"hidden": (64, 64), "batch_size": 256}
FLAT = {
    "points, batch 256, hidden 64, 64": ("two-moons", _POINTS),
    "the same with R1 + R2": ("two-moons", {**_POINTS, "r1_penalty": 0.1, "r2_penalty": 0.1}),
    "mnist-mlp": ("mnist-mlp", {}),
}


def make_trainer(preset: str, **changes) -> Trainer:
    config = make_config(changes, base=find_preset(preset).config)
    return Trainer(config, load_data(config))


def alternate(trainers: dict[str, Trainer], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Seconds of a step of each, round by round, after a warm-up."""
    for trainer in trainers.values():
        step_seconds(trainer.step, 0.5)
    return timing.alternate({n: partial(step_seconds, t.step, seconds) for n, t in trainers.items()}, rounds)


def print_row(name: str, ratios_of: Callable[[str], list[float]]) -> None:
    """One row of the table: median and range of ``ratios_of(precision)`` for each precision."""
    found = [ratios_of(precision) for precision in PRECISIONS]
    cells = [f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})" for ratios in found]
    print("| " + " | ".join([name, *cells]) + " |", flush=True)


def measure_regularisers(rounds: int, seconds: float) -> None:
    print("| step with / without | " + " | ".join(PRECISIONS) + " |\n|---|---|---|")
    for name, pair in PAIRS.items():
        print_row(name, partial(step_ratios, pair, rounds, seconds))
    print_row("gradient penalty, WGAN-GP: the critic's update alone", partial(critic_ratios, rounds, seconds))


def step_ratios(pair: tuple[str, dict, dict], rounds: int, seconds: float, precision: str) -> list[float]:
    """The time of a whole step of a preset with its changes by that with the others on top of them."""
    preset, changes, without = pair
    make = partial(make_trainer, preset, precision=precision)
    times = alternate({"with": make(**changes), "without": make(**{**changes, **without})}, rounds, seconds)
    return [a / b for a, b in zip(times["with"], times["without"], strict=True)]


def critic_ratios(rounds: int, seconds: float, precision: str) -> list[float]:
    """The same of one critic update: a quarter of what four more of them in a step cost."""
    make = partial(make_trainer, "wgan-gp", precision=precision)
    trainers = {
        f"{price} x {updates}": make(gradient_penalty=price, discriminator_steps=updates)
        for price in (10, 0)
        for updates in (1, 5)
    }
    each = alternate(trainers, rounds, seconds)
    above, below = (
        [five - one for one, five in zip(each[f"{price} x 1"], each[f"{price} x 5"], strict=True)] for price in (10, 0)
    )
    return [a / b for a, b in zip(above, below, strict=True)]


def measure_tracing(rounds: int, seconds: float) -> None:
    print("\n| fully connected | steps a second | not traced | ratio |\n|---|---|---|---|")
    for name, (preset, changes) in FLAT.items():
        trainers = {way: make_trainer(preset, **changes) for way in ("traced", "plain")}
        trainers["plain"].traceable = False
        times = alternate(trainers, rounds, seconds)
        ratios = [plain / traced for traced, plain in zip(times["traced"], times["plain"], strict=True)]
        speeds = (f"{1 / statistics.median(times[way]):.0f}" for way in trainers)
        print("| " + " | ".join([name, *speeds, f"{statistics.median(ratios):.2f}"]) + " |", flush=True)


def resident_bytes() -> int:
    """Memory of this process that is in use now, in bytes (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def measure_memory(steps: int, preset: str) -> None:
    """Growth from a tenth of the steps, when every buffer is there, to the end."""
    trainer, begin = make_trainer(preset), 0
    for step in range(1, steps + 1):
        trainer.step()
        if step % 50 == 0:
            trainer.measure()
        if step == steps // 10:
            begin = resident_bytes()
    end = resident_bytes()
    print(f"{preset}: {begin / 2**20:.1f} MiB after {steps // 10} steps, {end / 2**20:.1f} MiB after {steps}: ", end="")
    print(f"{100 * (end / begin - 1):+.2f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--memory", type=int, metavar="STEPS", help="measure memory growth instead")
    parser.add_argument("--presets", nargs="*", default=["mnist-mlp", "grid25"], help="for --memory")
    options = parser.parse_args()
    keep_freed_memory()  # as training from the page and from the command line does
    if options.memory:
        for preset in options.presets:
            measure_memory(options.memory, preset)
    else:
        measure_regularisers(options.rounds, options.seconds)
        measure_tracing(options.rounds, options.seconds)


if __name__ == "__main__":
    main()
