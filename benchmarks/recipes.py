"""How good presets and variations of the default become after so many seconds of one core.

    python -m benchmarks.recipes [--only NAME ...] [--seeds 5] [--first-seed 0] [--seconds 60 ...] [--set teaching]

Trains each row on one thread, on seeds 0, 1, ..., with a clock that counts only the CPU time of training, and judges
5,000 samples of the averaged generator against as many training pictures with the bundled classifier. Prints a
Markdown table of medians.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from gan_studio.bench.quality import NUMBERS, judge, samples_of
from gan_studio.config import make_config
from gan_studio.data import load_data
from gan_studio.lessons.presets import DEFAULT_PRESET, PRESETS, find_preset
from gan_studio.metrics.reference import load_references
from gan_studio.training.device import use_threads
from gan_studio.training.memory import keep_freed_memory
from gan_studio.training.run import Run

SAMPLES = 5000
_WEIGHTED = nn.Linear | nn.Conv2d | nn.ConvTranspose2d


@dataclass(frozen=True)
class Row:
    """A preset with ``changes``; ``initialise`` fills every weight of a linear or convolutional layer anew."""

    preset: str = DEFAULT_PRESET
    changes: Mapping[str, Any] = field(default_factory=dict)
    initialise: Callable[[torch.Tensor], Any] | None = None


SEARCH = {
    "the default": Row(),
    "16 channels": Row(changes={"channels": 16}),
    "48 channels": Row(changes={"channels": 48}),
    "24 channels": Row(changes={"channels": 24}),
    "batch 16": Row(changes={"batch_size": 16}),
    "batch 64": Row(changes={"batch_size": 64}),
    "learning rates 2e-3 and 4e-3": Row(changes={"generator_lr": 2e-3, "discriminator_lr": 4e-3}),
    "learning rates 4e-3 and 8e-3": Row(changes={"generator_lr": 4e-3, "discriminator_lr": 8e-3}),
    "EMA 0.995": Row(changes={"ema_decay": 0.995}),
    "learning rates 1e-2": Row(changes={"generator_lr": 1e-2, "discriminator_lr": 1e-2}),
    "hinge": Row(changes={"objective": "hinge"}),
    "relativistic": Row(changes={"objective": "relativistic"}),
    "R1 0.1 at every 4th update": Row(changes={"r1_penalty": 0.1, "penalty_interval": 4}),
    "batch norm instead of spectral norm": Row(changes={"spectral_norm": False, "discriminator_norm": "batch"}),
    "He initialisation": Row(initialise=lambda weight: nn.init.kaiming_normal_(weight, a=0.2)),
    "orthogonal initialisation": Row(
        initialise=lambda weight: weight.copy_(nn.init.orthogonal_(torch.empty(weight.shape)))
    ),
    "translation with probability 0.3": Row(changes={"augment_translation": 0.3}),
}
"""Variations of the default, one thing at a time."""
TEACHING = {name: Row(name) for name in PRESETS if name.startswith("recipe-")}
"""The recipes from courses."""
SETS = {"search": SEARCH, "teaching": TEACHING}


def make_run(row: Row, seed: int) -> Run:
    config = make_config({**row.changes, "seed": seed, "device": "cpu"}, base=find_preset(row.preset).config)
    run = Run(config, load_data(config))
    if row.initialise:
        torch.manual_seed(seed)
        trainer = run.trainer
        for layer in (*trainer.generator.modules(), *trainer.discriminator.modules()):
            if isinstance(layer, _WEIGHTED):
                # Under spectral normalisation, the weight that is divided by its norm.
                weight = layer.parametrizations.weight.original if is_parametrized(layer) else layer.weight
                with torch.no_grad():
                    row.initialise(weight)
        trainer.average.network.load_state_dict(trainer.generator.state_dict())
    return run


def marks(run: Run, seconds: Sequence[float], clock: Callable[[], float] = time.thread_time) -> Iterator[int]:
    """Train; the steps so far each time that many seconds of ``clock`` are over. The first step does not count."""
    run.step()
    begin, judged = clock(), 0.0
    for mark in seconds:
        while clock() - begin - judged < mark:
            run.step()
        start = clock()
        yield run.step_count
        judged += clock() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=SETS, default="search", dest="chosen")
    parser.add_argument("--only", nargs="*", choices=[*SEARCH, *TEACHING], metavar="NAME")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, nargs="*", default=[60.0])
    options = parser.parse_args()
    options.seconds.sort()
    keep_freed_memory()
    use_threads(1)
    reference = load_references(find_preset(DEFAULT_PRESET).config, ("classifier",))["classifier"]
    print("| what | seconds | steps | FCD | of each seed | precision | recall |\n|---|---|---|---|---|---|---|")
    for name in options.only or SETS[options.chosen]:
        found: dict[float, list[dict[str, float]]] = {seconds: [] for seconds in options.seconds}
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            run = make_run((SEARCH | TEACHING)[name], seed)
            for seconds, steps in zip(options.seconds, marks(run, options.seconds), strict=True):
                grey = samples_of(run, SAMPLES)[:, :1]  # one recipe has three channels, which its grey data make equal
                found[seconds].append({"steps": steps, **judge(reference, grey)})
        for seconds, numbers in found.items():
            steps, fcd, precision, recall = (statistics.median(n[key] for n in numbers) for key in ("steps", *NUMBERS))
            each = ", ".join(f"{n['fcd']:.3g}" for n in numbers)
            print(
                f"| {name} | {seconds:g} | {steps:.0f} | {fcd:.3g} | {each} | {precision:.2f} | {recall:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
