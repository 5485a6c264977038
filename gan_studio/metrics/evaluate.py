"""How good the samples of a generator are, in numbers that say what they were measured with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gan_studio.config import POINT_SETS, RunConfig, make_config
from gan_studio.data.toys import TOYS
from gan_studio.errors import StudioError
from gan_studio.latent.source import Source
from gan_studio.metrics.reference import Against, PictureReference, PointReference, load_reference
from gan_studio.metrics.registry import METRICS, metrics_for
from gan_studio.sampling import draw_samples, load_source
from gan_studio.training.checkpoint import read_meta


@dataclass(frozen=True)
class Number:
    """One number; ``floor`` is what real samples get in the place of generated ones, ``spread`` its deviation."""

    name: str
    value: float
    error: float | None
    floor: float
    spread: float


@dataclass(frozen=True)
class Report:
    """Numbers of one generator at one step, and what they were measured with."""

    step: int
    dataset: str
    extractor: str
    samples: int
    seed: int
    against: Against
    numbers: tuple[Number, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def evaluate(
    source: Source,
    config: RunConfig,
    reference: PictureReference | PointReference,
    *,
    names: Sequence[str] | None = None,
    count: int = 10_000,
    seed: int = 0,
    against: Against = "train",
) -> Report:
    """Measure ``count`` samples of ``source`` beside as many real ones; ``names`` None: all that apply.

    Raises :class:`StudioError` for names that are unknown or do not apply, or counts that are too small or large.
    """
    names = check_names(names, config)
    if count > reference.most:
        raise StudioError(f"{count} samples: at most {reference.most} can be compared with {config.dataset}")
    pair = reference.pair(draw_samples(source, count, seed), against, seed)
    floors = reference.floor(names, count, against)
    numbers = []
    for name in names:
        row = METRICS[name]
        error = row.error(pair) if row.error else None
        numbers.append(Number(name, float(row.compute(pair)), error, *floors[name]))
    return Report(source.step, config.dataset, reference.extractor, count, seed, against, tuple(numbers))


def check_names(names: Sequence[str] | None, config: RunConfig) -> tuple[str, ...]:
    """The names, or all that apply where there are none; raises :class:`StudioError` for others."""
    toy = TOYS.get(config.dataset)
    points = config.dataset in POINT_SETS
    known = metrics_for(not points, has_modes=toy is not None and toy.modes is not None)
    for name in names or ():
        if name not in METRICS:
            raise StudioError(f"metric {name!r} is unknown; these apply here: {', '.join(known)}")
        if name not in known:
            raise StudioError(f"metric {name!r} does not apply to {config.dataset}; these do: {', '.join(known)}")
    return tuple(names or known)


def evaluate_checkpoint(path: Path, data_dir: Path | None = None, **options: Any) -> Report:
    """:func:`evaluate` for the averaged generator saved in ``path``."""
    source = load_source(path)
    config = make_config(read_meta(path)["config"])
    check_names(options.get("names"), config)  # before the data are read
    return evaluate(source, config, load_reference(config, data_dir), **options)


def as_table(report: Report) -> str:
    """The report as lines of text."""
    lines = [
        f"{report.dataset}, step {report.step}: {report.samples} samples of seed {report.seed} against real "
        f"{report.against} samples; {report.extractor}",
        f"{'':20s}{'value':>12s}{'error':>10s}{'floor':>12s}{'spread':>10s}",
    ]
    for number in report.numbers:
        error = "" if number.error is None else f"{number.error:.2g}"
        lines.append(f"{number.name:20s}{number.value:12.4g}{error:>10s}{number.floor:12.4g}{number.spread:10.2g}")
    return "\n".join(lines)
