"""How times are taken: whole steps in short windows that take turns, and the median and spread of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Median, lowest and highest of ``values``, and the values themselves."""
    return {
        "median": statistics.median(values),
        "lowest": min(values),
        "highest": max(values),
        "values": list(values),
    }


def ratios(above: Sequence[float], below: Sequence[float]) -> dict[str, Any]:
    """The spread of the ratios round by round, in which the machine's drift cancels out."""
    return spread([a / b for a, b in zip(above, below, strict=True)])


def alternate(measures: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Call each of ``measures`` once a round; what they return, round by round.

    Every second round goes backwards, so that none always follows the same other one.
    """
    found: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(rounds):
        names = list(measures)
        for name in names if number % 2 == 0 else reversed(names):
            found[name].append(measures[name]())
    return found


def synchronize() -> None:
    """Wait until a GPU has computed all that it was told to; a CPU always has."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    elif torch.backends.mps.is_available():
        torch.mps.synchronize()


def step_seconds(step: Callable[[], object], seconds: float) -> float:
    """Seconds of one ``step``, on average over about ``seconds`` of whole ones, after one that does not count."""
    step()  # what was computed or swapped in before is over
    synchronize()
    start, count = time.perf_counter(), 0
    while count == 0 or time.perf_counter() - start < seconds:
        step()
        count += 1
    synchronize()
    return (time.perf_counter() - start) / count


def stepper(steps: Iterator[Any]) -> Callable[[], object]:
    """A function that goes on by one step."""
    return lambda: next(steps)
