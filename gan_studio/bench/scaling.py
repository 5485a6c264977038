"""How the time of a step grows with width, batch and picture size."""

from __future__ import annotations

from functools import partial
from typing import Any

from gan_studio.bench.plan import Plan, say
from gan_studio.bench.timing import alternate, ratios, spread, step_seconds
from gan_studio.data import load_data
from gan_studio.training.memory import keep_freed_memory
from gan_studio.training.trainer import Trainer

NETWORK = "dcgan28"
SWEEPS = {
    "channels": (16, 32, 64, 128),
    "batch_size": (16, 32, 64, 128, 256),
    "picture_size": (28, 32, 64, 96, 128),
}
"""What is varied, one at a time, from the config of :data:`NETWORK`."""


def measure(plan: Plan) -> dict[str, Any]:
    """Milliseconds of a step for each value, and how many times those of the first value that is."""
    keep_freed_memory()
    rows = []
    for field, values in SWEEPS.items():
        say(f"scaling with {field}")
        trainers = {value: _trainer(plan, field, value) for value in values}
        measures = {value: partial(step_seconds, trainer.step, plan.seconds / 4) for value, trainer in trainers.items()}
        times = alternate(measures, plan.rounds)
        for value, seconds in times.items():
            batch = trainers[value].config.batch_size
            rows.append(
                {
                    "varied": field,
                    "value": value,
                    "ms a step": spread([1000 * s for s in seconds]),
                    "times the first": ratios(seconds, times[values[0]]),
                    "samples per second": spread([batch / s for s in seconds]),
                }
            )
    return {"rows": rows, "notes": []}


def _trainer(plan: Plan, field: str, value: int) -> Trainer:
    config = plan.config(NETWORK, train_size=2048, **{field: value})  # few: the time of a step is the same
    return Trainer(config, load_data(config))
