"""What the session lets everybody see of the run: a snapshot for the page, and copies of the weights to draw from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import torch

from gan_studio.config import RunConfig
from gan_studio.events import Curve, Event, Measurement
from gan_studio.space import Space

State = Literal["empty", "running", "paused", "stopped", "failed"]


@dataclass(frozen=True)
class Weights:
    """The averaged generator, or the raw one, as it was at one step; the tensors are copies that nobody writes to.

    ``discriminator`` is only copied where both are asked for.
    """

    run_id: str
    step: int
    config: RunConfig
    space: Space
    state: Mapping[str, torch.Tensor]
    discriminator: Mapping[str, torch.Tensor] | None = None

    @property
    def size(self) -> int:
        """Of all tensors, in bytes."""
        return sum(tensor.nbytes for part in (self.state, self.discriminator or {}) for tensor in part.values())


@dataclass(frozen=True)
class Snapshot:
    """What everybody may see of the run; made by the session thread, read by all others.

    ``grid`` and ``real``: (N, C, H, W) uint8 or points (N, 2) float32, on the CPU. For points, ``extent`` is the
    half-width of the view and ``surface``, (S, S) in [0, 1], how real the discriminator finds each place of it.
    ``curve`` goes on growing and may be read by
    any thread; everything else stays as it is.
    """

    state: State
    run_id: str = ""
    config: RunConfig | None = None
    step: int = 0
    seconds: float = 0.0
    epoch: float = 0.0
    device: str = ""
    precision: str = ""
    message: str = ""
    point: Measurement | None = None
    curve: Curve = field(default_factory=Curve, repr=False)
    events: tuple[Event, ...] = ()
    grid: torch.Tensor | None = field(default=None, repr=False)
    real: torch.Tensor | None = field(default=None, repr=False)
    extent: float = 1.0
    surface: torch.Tensor | None = field(default=None, repr=False)
    published: float = 0.0
