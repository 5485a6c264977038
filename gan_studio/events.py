"""What a run tells the world: measurements, the events that changed it, and the curve so far."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Measurement:
    """What one step looked like. D(x) and D(G(z)) are mean probabilities of "real", in [0, 1]."""

    step: int
    epoch: float
    d_loss: float
    g_loss: float
    d_real: float
    d_fake: float
    d_gradient: float
    g_gradient: float
    images_per_second: float
    seconds: float


COLUMNS: tuple[str, ...] = tuple(f.name for f in fields(Measurement))


@dataclass(frozen=True)
class Event:
    """Something that was done to a run, and the step before which it took effect."""

    step: int
    kind: str
    detail: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Curve:
    """The measurements of a run so far, bounded: the newest whole, older ones thinned evenly.

    Each point has a number that only grows; ``since(number)`` is what a viewer that has everything up to
    ``number`` lacks. Where a run goes back to an earlier step, :meth:`cut` drops the points it leaves and
    ``generation`` grows: a viewer of another generation needs the whole curve again.
    """

    def __init__(self, recent: int = 1200, older: int = 1800):
        self._recent_limit, self._older_limit = recent, older
        self._lock = threading.Lock()  # one thread adds, others read
        self._older: list[tuple[int, Measurement]] = []
        self._recent: list[tuple[int, Measurement]] = []
        self._stride = 1  # of the numbers kept among the older points
        self.last = 0
        self.generation = 0

    def __len__(self) -> int:
        return len(self._older) + len(self._recent)

    def add(self, point: Measurement) -> None:
        """Append a point."""
        with self._lock:
            self._add(point)

    def cut(self, step: int) -> None:
        """Drop the points after ``step``: the run has gone back there."""
        with self._lock:
            self._older = [entry for entry in self._older if entry[1].step <= step]
            self._recent = [entry for entry in self._recent if entry[1].step <= step]
            self.generation += 1

    def _add(self, point: Measurement) -> None:
        self.last += 1
        self._recent.append((self.last, point))
        if len(self._recent) > self._recent_limit:
            # Half of the recent points move at once, so that this costs nothing on most calls.
            half = self._recent_limit // 2
            self._older += [entry for entry in self._recent[:half] if (entry[0] - 1) % self._stride == 0]
            del self._recent[:half]
            if len(self._older) > self._older_limit:
                self._stride *= 2
                self._older = [entry for entry in self._older if (entry[0] - 1) % self._stride == 0]

    def since(self, number: int, generation: int = 0) -> tuple[int, int, list[Measurement]]:
        """What a viewer lacks that has the points up to ``number`` of ``generation``.

        Returns the newest number, the present generation, and the points, oldest first: all kept ones where
        the generation is another.
        """
        with self._lock:
            if generation != self.generation:
                number = 0
            older = [] if self._recent and number >= self._recent[0][0] else self._older
            points = [point for n, point in older + self._recent if n > number]
            return self.last, self.generation, points

    @property
    def newest(self) -> Measurement | None:
        """The last point, if there is one."""
        return self._recent[-1][1] if self._recent else None

    def to_rows(self) -> list[tuple[float, ...]]:
        """The kept points as rows of :data:`COLUMNS`."""
        return [astuple(point) for point in self.since(0, -1)[2]]

    @classmethod
    def from_rows(cls, rows: list[list[float]]) -> Curve:
        """The inverse of :meth:`to_rows`."""
        curve = cls()
        for step, *rest in rows:
            curve.add(Measurement(int(step), *rest))
        return curve
