"""What the players minimise, and what is added to it: one row each."""

from gan_studio.objectives.augmentation import AUGMENTATIONS, augment
from gan_studio.objectives.kernels import KERNELS
from gan_studio.objectives.losses import OBJECTIVES, Objective, objective_of
from gan_studio.objectives.penalties import PENALTIES, squared_slopes

__all__ = [
    "AUGMENTATIONS",
    "KERNELS",
    "OBJECTIVES",
    "PENALTIES",
    "Objective",
    "augment",
    "objective_of",
    "squared_slopes",
]
