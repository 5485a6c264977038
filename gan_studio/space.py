"""What a sample is: its shape, its classes and its unit. Everything that draws samples needs just this of the data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Space:
    """Pictures (C, H, W), or points (2,); ``classes`` is empty where samples have none.

    Networks see points divided by ``scale``; a square view of half-width ``extent`` shows all of them.
    """

    shape: tuple[int, ...]
    classes: tuple[str, ...] = ()
    scale: float = 1.0
    extent: float = 1.0

    @property
    def is_points(self) -> bool:
        return len(self.shape) == 1

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "shape": list(self.shape), "classes": list(self.classes)}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Space:
        """The inverse of :meth:`to_json`; raises KeyError, TypeError or ValueError where it is damaged."""
        shape = tuple(int(side) for side in saved["shape"])
        scale, extent = float(saved["scale"]), float(saved["extent"])
        if not (shape == (2,) or (len(shape) == 3 and shape[0] in (1, 3) and all(1 <= s <= 1024 for s in shape))):
            raise ValueError(f"no sample has the shape {shape}")
        if not all(math.isfinite(size) and size > 0 for size in (scale, extent)):
            raise ValueError(f"scale {scale}, extent {extent}")
        return cls(shape, tuple(str(name) for name in saved["classes"]), scale, extent)
