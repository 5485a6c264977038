"""What to measure, with which networks, and for how long."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gan_studio.config import RunConfig, make_config
from gan_studio.errors import StudioError
from gan_studio.lessons.presets import DEFAULT_PRESET, find_preset

PARTS = ("throughput", "peak", "live", "memory", "scaling", "quality")
"""The modules of this package that measure something, in the order in which they do."""

_NO_NORM = {"generator_norm": "none", "discriminator_norm": "none"}
CASES: dict[str, Mapping[str, Any]] = {
    DEFAULT_PRESET: find_preset(DEFAULT_PRESET).values,
    "mlp": {"network": "mlp", "hidden": (128, 256), **_NO_NORM},
    "dcgan28": {"network": "dcgan"},
    "dcgan64": {"network": "dcgan", "channels": 64, "picture_size": 64},
    "dense_conv": {"network": "dense_conv", "channels": 64},
    "residual": {"network": "residual", "channels": 16},
    "modern": {"network": "modern", "channels": 16, **_NO_NORM},
    "points": {
        "network": "mlp",
        "dataset": "two_moons",
        "hidden": (64, 64),
        "latent_size": 2,
        "batch_size": 256,
        **_NO_NORM,
    },
}
"""The networks that are measured: one update of each player a step, no penalty, the non-saturating loss."""


@dataclass(frozen=True)
class Plan:
    """How to measure. ``rounds`` of windows of ``seconds`` take turns; ``times`` are seconds of training."""

    networks: tuple[str, ...] = tuple(CASES)
    rounds: int = 5
    seconds: float = 4.0
    device: str = "auto"
    preset: str = DEFAULT_PRESET
    seeds: int = 3
    times: tuple[float, ...] = (15, 30, 60, 120, 300)
    samples: int = 5000
    browser: str | None = None

    def config(self, network: str, **changes: Any) -> RunConfig:
        """The config of one of :data:`CASES`; raises :class:`StudioError` that lists the known ones."""
        if network not in CASES:
            raise StudioError(f"network {network!r} is unknown here; these are measured: {', '.join(CASES)}")
        return make_config({**CASES[network], "device": self.device, **changes})


def say(text: str) -> None:
    """Tell how far it is, on standard error."""
    print(f"gan-studio bench: {text}", file=sys.stderr, flush=True)
