"""Quality numbers while training goes on: measured in the background, within a small share of the time."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from gan_studio.config import RunConfig
from gan_studio.data import data_key
from gan_studio.errors import StudioError, in_words, sentence_of, unexpected
from gan_studio.latent.source import Source
from gan_studio.metrics.evaluate import (
    MOST_CLASSES,
    ClassShares,
    Report,
    applicable,
    check_count,
    check_most,
    evaluate,
    kinds_of,
)
from gan_studio.metrics.extractor import Pace
from gan_studio.metrics.reference import Reference, load_references
from gan_studio.metrics.registry import METRICS, Kind, metrics_for
from gan_studio.session import Session
from gan_studio.snapshot import Weights
from gan_studio.training.device import use_threads

log = logging.getLogger(__name__)

SHARE = 0.02
"""The largest part of one core's time that measuring takes while a run trains."""
PREPARING_SHARE = 0.5
"""The same while the real samples are looked at, once for each data set."""
MOST_ROWS = 600
_LOOK_SECONDS = 0.5  # how often a paused or absent run is looked at again


@dataclass(frozen=True)
class Plan:
    """What is measured: metrics of :data:`METRICS`, seconds from one measurement to the next, samples for each.

    Raises :class:`StudioError` where one of them is out of range.
    """

    names: tuple[str, ...] = ("fcd", "precision", "recall", "memorised", "modes", "good", "sliced_wasserstein", "js")
    interval: float = 60.0
    count: int = 2000

    def __post_init__(self) -> None:
        unknown = [name for name in self.names if name not in METRICS]
        if unknown or not self.names:
            raise StudioError(f"metrics: choose at least one of {', '.join(METRICS)}", "error.no_metric")
        if not 1 <= self.interval <= 3600:
            raise StudioError(f"interval = {self.interval:g}: must be from 1 to 3600 seconds", "error.interval")
        if not 200 <= self.count <= 10_000:
            raise StudioError(
                f"samples = {self.count}: must be from 200 to 10000",
                "error.sample_count",
                count=self.count,
                least=200,
                most=10_000,
            )

    def names_for(self, config: RunConfig) -> tuple[str, ...]:
        """Those of the names that apply to the data of ``config``; raises :class:`StudioError` where none does."""
        apply = sum(applicable(config), ())
        names = tuple(name for name in self.names if name in apply)
        if not names:
            raise StudioError(
                f"none of the chosen numbers applies to {config.dataset}; these do: {', '.join(apply)}",
                "error.not_applicable",
                dataset=config.dataset,
            )
        return names


@dataclass
class Measured:
    """What was measured of one run; ``rows`` holds reports in the order of their steps."""

    run_id: str = ""
    rows: list[Report] = field(default_factory=list)

    def add(self, report: Report) -> None:
        """Append a report; those of steps that were undone are dropped, and a long list is thinned.

        Only the newest one keeps the shares of the classes.
        """
        self.rows = [*(replace(row, classes=None) for row in self.rows if row.step < report.step), report]
        if len(self.rows) > MOST_ROWS:
            half = len(self.rows) // 2
            self.rows = self.rows[:half:2] + self.rows[half:]


class _Ended(Exception):
    """Nobody wants the numbers any more."""


class QualityMonitor:
    """Measures the averaged generator of the session's run as a :class:`Plan` says; one thread, one core.

    ``inception``: a file with that network's weights, else torchvision's are downloaded when they are first needed.

    Every public method may be called from any thread.
    """

    def __init__(self, session: Session, inception: Path | None = None):
        self._session, self._inception = session, inception
        self._plan = Plan()
        self._on = self._closing = False
        self._state, self._message = "off", ""
        self._measured, self._version = Measured(), 0.0
        self._reference: tuple[Any, dict[Kind, Reference]] | None = None
        # The samples that numbers need, how many are compared, and whether more could be.
        self._left_out: tuple[dict[str, int], int, bool] = {}, 0, False
        self._done: tuple[str, int, Plan] | None = None  # what the newest measurement was of
        self._pace: Pace | None = None  # while the real samples are looked at
        self._preparing = self._plan  # what they are looked at for
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def plan(self) -> Plan:
        """What is, or would be, measured."""
        return self._plan

    def begin(self, plan: Plan) -> None:
        """Measure from now on, whenever there is a run."""
        with self._wake:
            self._plan, self._on, self._message, self._state = plan, True, "", "waiting"
            self._left_out = {}, 0, False
            if self._thread is None and not self._closing:
                self._thread = threading.Thread(target=self._loop, name="quality", daemon=True)
                self._thread.start()
            self._wake.notify()

    def end(self) -> None:
        """Measure no more; what was measured stays."""
        with self._wake:
            self._on, self._state = False, "off"

    def close(self) -> None:
        """End the thread after the measurement in progress, or amid preparing; :attr:`busy` says if there is one."""
        with self._wake:
            self._closing, self._on = True, False
            self._wake.notify()

    @property
    def busy(self) -> bool:
        """Whether the thread has not ended."""
        return self._thread is not None and self._thread.is_alive()

    def status(self) -> dict[str, Any]:
        """What goes on, as JSON; other numbers have another ``version``."""
        with self._wake:
            needed, most, by_choice = self._left_out
            return {
                "state": self._state,
                "message": in_words(self._message),
                "left_out": needed,
                "most": most,
                "by_choice": by_choice,
                "interval": self._plan.interval,
                "version": self._version,
            }

    def numbers(self) -> dict[str, Any]:
        """What was measured so far, with its floors, as JSON."""
        with self._wake:
            rows, run = list(self._measured.rows), self._measured.run_id
        numbers = [{n.name: [n.value, n.error, n.floor, n.spread] for n in row.numbers} for row in rows]
        last = rows[-1] if rows else None
        return {
            "run": run,
            "names": [name for name in METRICS if any(name in row for row in numbers)],
            "protocol": f"{last.extractor}; {last.samples} samples, seed {last.seed}" if last else "",
            "steps": [row.step for row in rows],
            "numbers": numbers,
            "classes": _few(last.classes) if last else None,
        }

    # -- the thread ----------------------------------------------------------------------------------

    def _loop(self) -> None:
        use_threads(1)
        due = 0.0
        while not self._closing:
            with self._wake:
                plan, weights = self._plan, self._session.weights
                now = time.monotonic()
                fresh = weights is not None and (weights.run_id, weights.step, plan) != self._done
                changed = self._done is None or self._done[2] != plan
                if not self._on or not fresh or (now < due and not changed):
                    self._wake.wait(_LOOK_SECONDS if self._on else None)
                    continue
            work = self._guarded(plan, weights)
            if changed:
                work = 0.0  # the first one of a plan also warms up: what is done once is no share of anything
            due = time.monotonic() + max(plan.interval, work / SHARE if self._training() else 0)

    def _guarded(self, plan: Plan, weights: Weights) -> float:
        """Measure; returns the seconds of one core that it took. What goes wrong is said, and the run goes on."""
        start, message = time.thread_time(), ""
        try:
            names = plan.names_for(weights.config)
            references, names, count = self._prepare(plan, names, weights.config)
            start = time.thread_time()  # preparing is slow, but only the first time
            self._measure(weights, references, names, count)
        except _Ended:
            return 0.0
        except (StudioError, RuntimeError, MemoryError) as error:  # such as a diverged generator
            message = sentence_of(error)
        except Exception as error:  # the page must hear of it, whatever it is
            log.exception("measuring failed")
            message = unexpected(error)
        with self._wake:
            self._done = weights.run_id, weights.step, plan
            self._message = message
            if self._on:
                self._state = "failed" if message else "waiting"
        return time.thread_time() - start

    def _measure(self, weights: Weights, references: dict[Kind, Reference], names: tuple[str, ...], count: int) -> None:
        self._say("measuring")
        source = Source(weights.config, weights.space, weights.state, weights.step)
        report = evaluate(source, weights.config, references, names=names, count=count)
        with self._wake:
            if self._measured.run_id != weights.run_id:
                self._measured = Measured(weights.run_id)
            self._measured.add(report)
            self._version = time.time()  # no number of another start of the app either

    def _prepare(
        self, plan: Plan, names: tuple[str, ...], config: RunConfig
    ) -> tuple[dict[Kind, Reference], tuple[str, ...], int]:
        """The real side, those of the numbers for which there are enough samples, and how many are compared."""
        kinds = kinds_of(names)
        key = data_key(config), kinds
        self._preparing = plan
        try:
            if self._reference is None or self._reference[0] != key:
                self._say("preparing")
                found = load_references(
                    config, kinds, self._session.data_dir, inception=self._inception, looked=self._looked
                )
                self._reference = key, found
            references = self._reference[1]
            count = min(plan.count, *(reference.most for reference in references.values()))
            names = self._with_enough(names, count, config, by_choice=count == plan.count)
            self._pace = Pace(PREPARING_SHARE, self._training)
            for kind, reference in references.items():
                reference.floor([name for name in names if METRICS[name].kind == kind], count, "train")
            return references, names, count
        finally:
            self._pace = None

    def _with_enough(self, names: tuple[str, ...], count: int, config: RunConfig, by_choice: bool) -> tuple[str, ...]:
        """The numbers for which ``count`` samples are enough; the page shows which are left out."""
        needed = {name: METRICS[name].needs(config.dataset)[0] for name in names}
        enough = tuple(name for name in names if needed[name] <= count)
        with self._wake:
            lacking = {name: least for name, least in needed.items() if name not in enough}
            self._left_out = lacking, count, by_choice
        if not enough:
            if by_choice:
                check_count(names, count, config.dataset)
            check_most(names, count, count, config.dataset)
        return enough

    def _looked(self, count: int) -> None:
        """Between parts of the real samples that are looked at: training gets its time, and whoever ends is heard."""
        if self._pace is None:
            return
        if not self._on or self._plan != self._preparing:
            raise _Ended
        self._say("preparing")  # also where another number of known data needs more of them
        self._pace.rest()

    def _training(self) -> bool:
        return self._session.snapshot.state == "running"

    def _say(self, state: str) -> None:
        with self._wake:
            if self._on:
                self._state = state


def _few(shares: ClassShares | None) -> dict[str, Any] | None:
    """The shares as JSON, unless there are too many classes to look at."""
    return asdict(shares) if shares and len(shares.names) <= MOST_CLASSES else None


def offered() -> dict[Kind, tuple[str, ...]]:
    """The metrics there are to choose from, by what they are made of."""
    return {kind: metrics_for(kind) for kind in ("classifier", "points", "inception")}
