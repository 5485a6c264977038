"""The presets: named, explained starting points, each a few fields that differ from the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gan_studio.config import RunConfig, make_config
from gan_studio.errors import StudioError


@dataclass(frozen=True)
class Preset:
    """A named starting point: ``values`` are the config fields that differ from their defaults."""

    name: str
    title: str
    description: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> RunConfig:
        """The complete config of this preset."""
        return make_config(self.values)


_ALL = (
    Preset(
        name="mnist-dcgan",
        title="Digits, convolutional (DCGAN)",
        description=(
            "Handwritten digits from a small DCGAN (Radford et al., 2016) with the non-saturating loss: "
            "recognisable within a minute on a laptop's CPU."
        ),
    ),
    Preset(
        name="mnist-mlp",
        title="Digits, fully connected (MLP)",
        description=(
            "The classic classroom GAN (Goodfellow et al., 2014): a 128-256-784 generator with tanh output "
            "against its mirror image. Fast, and rougher than convolutions."
        ),
        values={"network": "mlp", "hidden": (128, 256)},
    ),
)

PRESETS: dict[str, Preset] = {preset.name: preset for preset in _ALL}
DEFAULT_PRESET = "mnist-dcgan"


def find_preset(name: str) -> Preset:
    """The preset called ``name``; raises :class:`StudioError` that lists the known ones."""
    if name not in PRESETS:
        raise StudioError(f"preset {name!r} is unknown; known presets: {', '.join(PRESETS)}")
    return PRESETS[name]
