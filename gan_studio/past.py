"""What a run was like earlier: copies at steps that lie ever further apart, since most is learned early."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Generic, TypeVar

FEWEST_STEPS = 25
GROWTH = 1.25
"""A copy is due when the step, counted from the first copy, has grown by this and by FEWEST_STEPS at least."""
MOST = 32
MOST_BYTES = 256 * 2**20

T = TypeVar("T")


@dataclass(frozen=True)
class Kept(Generic[T]):
    """A copy made at ``step``, ``size`` bytes large."""

    step: int
    copy: T
    size: int


class Past(Generic[T]):
    """Copies of one run in the order of their steps, thinned evenly in the logarithm of the step where there are more
    than ``most`` or than fit into ``most_bytes``; the oldest and the newest always stay.

    One thread keeps and drops; any may read ``kept`` and ``next_step``, the step at which the next copy is due.
    """

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES):
        self._most, self._most_bytes = most, most_bytes
        self._set([])

    def keep(self, step: int, copy: T, size: int) -> None:
        """Add a copy of a step later than all others."""
        kept = [*self.kept, Kept(step, copy, size)]
        while len(kept) > 2 and (len(kept) > self._most or sum(each.size for each in kept) > self._most_bytes):
            del kept[_most_crowded([each.step for each in kept])]
        self._set(kept)

    def drop_after(self, step: int) -> None:
        """Forget what has been undone."""
        self._set([each for each in self.kept if each.step <= step])

    def nearest(self, step: int) -> T | None:
        """The copy whose step is nearest to ``step``; None where there is none."""
        return min(self.kept, key=lambda each: abs(each.step - step)).copy if self.kept else None

    def _set(self, kept: list[Kept[T]]) -> None:
        self.kept = tuple(kept)
        since = kept[-1].step - kept[0].step if kept else 0
        self.next_step = kept[0].step + max(since + FEWEST_STEPS, math.ceil(since * GROWTH)) if kept else 0


def _most_crowded(steps: list[int]) -> int:
    """The place, neither first nor last, whose neighbours are nearest to each other in the logarithm of the step."""
    logs = [math.log1p(step - steps[0]) for step in steps]
    return min(range(1, len(steps) - 1), key=lambda place: logs[place + 1] - logs[place - 1])
