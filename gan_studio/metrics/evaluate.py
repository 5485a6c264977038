"""How good the samples of a generator are, in numbers that say what they were measured with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gan_studio.config import POINT_SETS, RunConfig, make_config
from gan_studio.data.toys import TOYS
from gan_studio.errors import Sentence, StudioError
from gan_studio.latent.source import Source
from gan_studio.metrics.classifier import has_classifier
from gan_studio.metrics.reference import Against, Reference, load_references
from gan_studio.metrics.registry import METRICS, Kind, metrics_for
from gan_studio.sampling import draw_samples, load_source
from gan_studio.training.checkpoint import read_meta

DEFAULT_COUNT = 10_000
"""How many samples are measured unless another number is asked for, or only fewer can be compared."""
MOST_CLASSES = 50
"""With more of them, their shares are not shown one by one."""


@dataclass(frozen=True)
class Number:
    """One number; ``floor`` is what real samples get in the place of generated ones, ``spread`` its deviation.

    How that is found is told at :meth:`PictureReference.floor`.
    """

    name: str
    value: float
    error: float | None
    floor: float
    spread: float


@dataclass(frozen=True)
class ClassShares:
    """The shares of the classes among the samples and among the real ones, both as the classifier judges them."""

    names: tuple[str, ...]
    generated: tuple[float, ...]
    real: tuple[float, ...]


@dataclass(frozen=True)
class Report:
    """Numbers of one generator at one step, and what they were measured with; ``classes`` where there is a classifier.

    These are of bundled data sets, whose classes are the classifier's.
    """

    step: int
    dataset: str
    extractor: str
    samples: int
    seed: int
    against: Against
    numbers: tuple[Number, ...]
    classes: ClassShares | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def evaluate(
    source: Source,
    config: RunConfig,
    references: Mapping[Kind, Reference],
    *,
    names: Sequence[str] | None = None,
    count: int | None = None,
    seed: int = 0,
    against: Against = "train",
) -> Report:
    """Measure ``count`` samples of ``source`` beside as many real ones; ``names`` None: all that are usual.

    ``count`` None: :data:`DEFAULT_COUNT`, or as many as can be compared.

    Raises :class:`StudioError` for names that are unknown or do not apply, or counts that are too small or large.
    """
    names = check_names(names, config)
    references = {kind: references[kind] for kind in kinds_of(names)}
    most = min(reference.most for reference in references.values())
    if count is None:
        count = min(DEFAULT_COUNT, most)
    else:
        check_count(names, count, config.dataset)
    check_most(names, count, most, config.dataset)
    samples = draw_samples(source, count, seed)
    numbers, classes = {}, None
    for kind, reference in references.items():
        mine = [name for name in names if METRICS[name].kind == kind]
        pair, floors = reference.pair(samples, against, seed), reference.floor(mine, count, against)
        for name in mine:
            row = METRICS[name]
            error = row.error(pair) if row.error else None
            numbers[name] = Number(name, float(row.compute(pair)), error, *floors[name])
        if kind == "classifier":
            classes = ClassShares(reference.classes, pair.counts.shares, pair.counts.real)
    extractor = "; ".join(reference.extractor for reference in references.values())
    in_order = tuple(numbers[name] for name in names)
    return Report(source.step, config.dataset, extractor, count, seed, against, in_order, classes)


def kinds_of(names: Sequence[str]) -> tuple[Kind, ...]:
    """What the numbers ``names`` are made of."""
    return tuple(dict.fromkeys(METRICS[name].kind for name in names))


def check_names(names: Sequence[str] | None, config: RunConfig) -> tuple[str, ...]:
    """The names, each once, or where there are none the usual ones: all that apply but those of Inception.

    These are slow, and need weights that are not bundled. Raises :class:`StudioError` for names that are unknown or
    do not apply, and where none are usual.
    """
    names = ["inception_score" if name == "is" else name for name in names or ()]
    usual, extra = applicable(config)
    known = ", ".join(usual + extra)
    for name in names:
        if name not in METRICS:
            raise StudioError(f"metric {name!r} is unknown; these apply here: {known}")
        if name not in usual + extra:
            raise StudioError(f"metric {name!r} does not apply to {config.dataset}; these do: {known}")
    if not names and not usual:
        raise StudioError(
            f"there is no classifier for {config.dataset}; ask for numbers of Inception-v3: --metrics {','.join(extra)}"
        )
    return tuple(dict.fromkeys(names or usual))


def applicable(config: RunConfig) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names that are computed by themselves, and those only when they are asked for."""
    if config.dataset in POINT_SETS:
        toy = TOYS.get(config.dataset)
        return metrics_for("points", has_modes=toy is not None and toy.modes is not None), ()
    return metrics_for("classifier") if has_classifier(config.dataset) else (), metrics_for("inception")


def check_count(names: Sequence[str], count: int, dataset: str) -> None:
    """Raises :class:`StudioError` where ``count`` samples of ``dataset`` are too few for one of the numbers."""
    for name in names:
        least, because = METRICS[name].needs(dataset)
        if count < least:
            raise StudioError(
                f"{count} samples are too few for {name}: take {least} or more ({because})",
                "error.few_samples",
                count=count,
                name=Sentence(name, f"metric.{name}"),
                least=least,
            )


def check_most(names: Sequence[str], count: int, most: int, dataset: str) -> None:
    """Raises :class:`StudioError` where ``count`` are more than can be compared, or one number needs still more."""
    for name in names:
        least, because = METRICS[name].needs(dataset)
        if least > most:
            raise StudioError(
                f"{name} needs {least} samples or more ({because}), but at most {most} can be compared with "
                f"{dataset}; ask for other metrics",
                "error.metric_needs",
                name=Sentence(name, f"metric.{name}"),
                least=least,
                most=most,
                dataset=dataset,
            )
    if count > most:
        raise StudioError(
            f"{count} samples: at most {most} can be compared with {dataset}; ask for {most} or fewer",
            "error.most_samples",
            count=count,
            most=most,
            dataset=dataset,
        )


def evaluate_checkpoint(
    path: Path, data_dir: Path | None = None, inception: Path | None = None, **options: Any
) -> Report:
    """:func:`evaluate` for the averaged generator saved in ``path``; ``inception``: a file with that network."""
    source = load_source(path)
    config = make_config(read_meta(path)["config"])
    names = check_names(options.get("names"), config)  # before anything slow
    check_count(names, options.get("count") or DEFAULT_COUNT, config.dataset)
    if inception is not None and "inception" not in kinds_of(names):
        asked = ",".join(metrics_for("inception"))
        raise StudioError(f"--inception {inception}: no number is made with it; ask for some: --metrics {asked}")
    return evaluate(source, config, load_references(config, kinds_of(names), data_dir, inception), **options)


def as_table(report: Report) -> str:
    """The report as lines of text."""
    real = "newly drawn real points" if report.dataset in POINT_SETS else f"real {report.against} samples"
    lines = [
        f"{report.dataset}, step {report.step}: {report.samples} samples of seed {report.seed} against {real}; "
        f"{report.extractor}",
        f"{'':20s}{'value':>12s}{'error':>10s}{'floor':>12s}{'spread':>10s}",
    ]
    for number in report.numbers:
        error = "" if number.error is None else f"{number.error:.2g}"
        lines.append(f"{number.name:20s}{number.value:12.4g}{error:>10s}{number.floor:12.4g}{number.spread:10.2g}")
    if report.classes is not None and len(report.classes.names) <= MOST_CLASSES:
        lines.append(f"{'class':20s}{'generated':>12s}{'':10s}{'real':>12s}")
        for name, made, real in zip(*vars(report.classes).values(), strict=True):
            lines.append(f"{name:20s}{made:12.2%}{'':10s}{real:12.2%}")
    lines.append(
        "floor: as many real samples instead; spread: how much that varies by chance, found from halves of draws "
        "(pictures) or from draws (points)"
    )
    return "\n".join(lines)
