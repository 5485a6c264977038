"""The engine's own training as an endless row of steps, as the command line does it."""

from __future__ import annotations

import time
from collections.abc import Iterator

from gan_studio.config import RunConfig
from gan_studio.data import load_data
from gan_studio.training.memory import keep_freed_memory
from gan_studio.training.run import Run
from gan_studio.training.trainer import Trainer

MEASURE_SECONDS = 0.5
"""Between two reads of the losses, as on the command line."""


def make_run(config: RunConfig) -> Run:
    """A new run, in a process that keeps the memory it has freed."""
    keep_freed_memory()
    return Run(config, load_data(config))


def train(run: Run) -> Iterator[None]:
    """Endless training, one step for each item."""
    due = 0.0
    while True:
        run.step()
        if time.perf_counter() >= due:
            run.measure()
            due = time.perf_counter() + MEASURE_SECONDS
        yield


def compile_step(trainer: Trainer) -> None:
    """Let ``torch.compile`` make kernels for both networks, forward and backward, at their first steps."""
    trainer.generator.compile()
    trainer.discriminator.compile()
    trainer.traceable = False  # what is compiled cannot be traced
