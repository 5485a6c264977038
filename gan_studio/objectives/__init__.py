"""The objectives: one row each, on raw critic outputs."""

from gan_studio.objectives.losses import OBJECTIVES, Objective
from gan_studio.objectives.regularisers import label_smoothing

__all__ = ["OBJECTIVES", "Objective", "label_smoothing"]
