"""GAN against GAN: each discriminator judges the samples of every generator.

Im et al. 2016, "Generating images with recurrent adversarial networks", arXiv:1602.05110, section 4 (generative
adversarial metric); Olsson et al. 2018, "Skill Rating for Generative Models", arXiv:1808.04888 (tournament win rate).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import torch

from gan_studio.data import DataSet
from gan_studio.errors import StudioError
from gan_studio.judges.player import BATCH, HeldOut, Player, saved_player
from gan_studio.metrics.classifier import has_classifier, load_judge

FEWEST, MOST = 2, 8
SAMPLES, MOST_SAMPLES = 2_000, 50_000
_CALIBRATION = 5
"""Batches of real and of own samples that tell a critic without probability where its line is."""

Namer = Callable[[torch.Tensor], torch.Tensor]
"""The classes (N,) of samples whose generator does not know them."""
Do = Callable[[Callable[[], Any]], Any]
"""Carries out one short piece of work and hands its result back."""


@dataclass(frozen=True)
class Entrant:
    """One GAN in the table. ``threshold``: where its discriminator's line is; None: at probability one half."""

    name: str
    step: int
    objective: str
    threshold: float | None


@dataclass(frozen=True)
class Match:
    """``fooled[i][j]``: the share of generator i's samples that discriminator j takes for real, in [0, 1].

    ``real[j]``: the share of ``reals`` held-out real samples that it takes for real. ``win_rate[i]``: the mean of
    row i over the other GANs' discriminators. ``caught[j]``: the share of the other GANs' samples that discriminator j
    takes for generated. ``named``: the GANs whose generators do not know the classes of their samples; the bundled
    classifier names them for discriminators that must be told.
    """

    dataset: str
    samples: int
    reals: int
    seed: int
    entrants: tuple[Entrant, ...]
    fooled: tuple[tuple[float, ...], ...]
    real: tuple[float, ...]
    win_rate: tuple[float, ...]
    caught: tuple[float, ...]
    named: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def play(
    players: Sequence[Player],
    real: DataSet,
    *,
    samples: int = SAMPLES,
    seed: int = 0,
    do: Do = lambda work: work(),
    progress: Callable[[float], None] = lambda share: None,
) -> Match:
    """The match of 2 to 8 ``players``; ``real``: held-out real samples, of which at most ``samples`` are judged.

    Memory does not grow with ``samples``. ``progress`` is told the share that is done. Raises :class:`StudioError`
    where two players do not fit together or numbers are out of range.
    """
    check_numbers([player.name for player in players], samples)
    for pair in combinations(players, 2):
        check_fit(*pair)
    named, namer = _who_names(players)
    order = torch.randperm(len(real.samples), generator=_rng(seed))
    reals, batches = order[:samples], -(-samples // BATCH)
    told = _Progress((len(players) + 1) * batches + len(players) * _CALIBRATION, progress)
    for player in players:
        _calibrate(player, real, order, lambda look: told(do(look)), rng=_rng(seed + 2**31))  # not the match's stream
    fooled = []
    for player in players:
        draw = partial(player.draw, BATCH, real, _rng(seed))
        counts = [told(do(lambda draw=draw: _judge(players, *draw(), namer))) for _ in range(batches)]
        fooled.append(_shares(counts, samples))
    chosen = [reals[torch.arange(start, start + BATCH) % len(reals)] for start in range(0, len(reals), BATCH)]
    counts = [told(do(partial(_judge, players, real.samples[at], real.labels[at]))) for at in chosen]
    numbers = {
        "dataset": players[0].config.dataset,
        "samples": samples,
        "reals": len(reals),
        "seed": seed,
        "named": named,
    }
    return _table(players, fooled, _shares(counts, len(reals)), numbers)


def match_checkpoints(paths: Sequence[Path], data_dir: Path | None = None, **options: Any) -> Match:
    """:func:`play` between the GANs saved in ``paths``, each called by its file's name, or its path where two agree."""
    names = [path.stem for path in paths]
    names = names if len(set(names)) == len(names) else [str(path) for path in paths]
    check_numbers(names, options.get("samples", SAMPLES))
    players: list[Player] = []
    for path, name in zip(paths, names, strict=True):
        players.append(saved_player(path, name))
        check_fit(players[0], players[-1])  # before more is read
    return play(players, HeldOut(data_dir).of(players[0]), **options)


class _Progress:
    """Counts pieces of work; hands on what it is called with."""

    def __init__(self, pieces: int, tell: Callable[[float], None]):
        self._pieces, self._done, self._tell = pieces, 0, tell

    def __call__(self, result: Any) -> Any:
        self._done += 1
        self._tell(min(self._done / self._pieces, 1.0))
        return result


def check_numbers(names: Sequence[str], samples: int) -> None:
    """Raise :class:`StudioError` for too few, too many or equal players, or a number of samples out of range."""
    if not FEWEST <= len(names) <= MOST:
        raise StudioError(
            f"a match is between {FEWEST} and {MOST} runs, not {len(names)}",
            "error.players",
            fewest=FEWEST,
            most=MOST,
            count=len(names),
        )
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise StudioError(f"{twice} is named twice; a match is between different runs", "error.twice", name=twice)
    if not BATCH <= samples <= MOST_SAMPLES:
        raise StudioError(
            f"{samples} samples: must be from {BATCH} to {MOST_SAMPLES}",
            "error.sample_count",
            count=samples,
            least=BATCH,
            most=MOST_SAMPLES,
        )


def check_fit(one: Player, other: Player) -> None:
    """Raise :class:`StudioError`, naming both, where one's discriminator cannot judge the other's samples fairly."""

    def refuse(what: Callable[[Player], str]) -> None:
        raise StudioError(
            f"{one.name} and {other.name} cannot play against each other: {one.name} {what(one)}, "
            f"{other.name} {what(other)}",
            "error.no_match",
            one=one.name,
            other=other.name,
        )

    if one.space.is_points != other.space.is_points:
        refuse(lambda player: f"generates {'points' if player.space.is_points else 'pictures'}")
    if (one.config.dataset, one.config.source) != (other.config.dataset, other.config.source):
        refuse(lambda player: f"was trained on {' '.join([player.config.dataset, player.config.source]).strip()}")
    if one.space.shape != other.space.shape:
        refuse(lambda player: f"has samples of shape {'x'.join(map(str, player.space.shape))}")
    if one.space.classes != other.space.classes:
        refuse(lambda player: f"has the classes {', '.join(player.space.classes)[:80] or 'none'}")
    if one.space != other.space:
        refuse(lambda player: f"has points of the scale {player.space.scale:g}")
    for judge, player in ((one, other), (other, one)):
        if judge.judge.is_told_classes and not _knows_classes(player) and not has_classifier(player.config.dataset):
            raise StudioError(
                f"{one.name} and {other.name} cannot play against each other: {judge.name}'s discriminator must be "
                f"told the class of each sample, {player.name}'s generator does not know it, and there is no bundled "
                f"classifier for {player.config.dataset}",
                "error.no_match.classes",
                one=judge.name,
                other=player.name,
            )


def _knows_classes(player: Player) -> bool:
    return player.config.generator_conditioning != "none"


def _who_names(players: Sequence[Player]) -> tuple[tuple[str, ...], Namer | None]:
    """The generators that do not know the classes of their samples, and who names them; nobody where nobody asks."""
    if not any(player.judge.is_told_classes for player in players) or all(map(_knows_classes, players)):
        return (), None
    classifier = load_judge(players[0].config.dataset)
    named = tuple(player.name for player in players if not _knows_classes(player))
    return named, lambda samples: classifier.look(samples).logits.argmax(1)


def _rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _calibrate(player: Player, real: DataSet, order: torch.Tensor, do: Do, rng: torch.Generator) -> None:
    """From the end of the ``order``: other real samples than those that are judged, where there are enough."""

    def look(number: int) -> tuple[torch.Tensor, torch.Tensor]:
        at = order[-1 - torch.arange(number * BATCH, (number + 1) * BATCH) % len(order)]
        known = player.judge.outputs(real.samples[at], real.labels[at])
        return known, player.judge.outputs(*player.draw(BATCH, real, rng))

    known, own = zip(*(do(partial(look, number)) for number in range(_CALIBRATION)), strict=True)
    player.judge.calibrate(torch.cat(known), torch.cat(own))


def _judge(
    players: Sequence[Player], samples: torch.Tensor, labels: torch.Tensor | None, namer: Namer | None = None
) -> torch.Tensor:
    """Which of a batch each player's discriminator takes for real: (players, N) bool."""
    if labels is None and namer:
        labels = namer(samples)
    return torch.stack([player.judge.takes_for_real(player.judge.outputs(samples, labels)) for player in players])


def _shares(verdicts: Sequence[torch.Tensor], count: int) -> tuple[float, ...]:
    """The share of the first ``count`` samples that each player takes for real; batches are always whole."""
    return tuple(torch.cat(list(verdicts), 1)[:, :count].double().mean(1).tolist())


def _table(
    players: Sequence[Player], fooled: Sequence[tuple[float, ...]], real: tuple[float, ...], numbers: dict[str, Any]
) -> Match:
    foreign = torch.tensor(fooled, dtype=torch.float64).fill_diagonal_(0)
    others = len(players) - 1
    return Match(
        **numbers,
        entrants=tuple(_entrant(player) for player in players),
        fooled=tuple(fooled),
        real=real,
        win_rate=tuple((foreign.sum(1) / others).tolist()),
        caught=tuple((1 - foreign.sum(0) / others).tolist()),
    )


def _entrant(player: Player) -> Entrant:
    judge = player.judge
    threshold = None if judge.objective.probability else judge.threshold
    return Entrant(player.name, player.source.step, player.config.objective, threshold)


HOW_TO_READ = (
    "Each number: the share of the row generator's samples that the column's discriminator takes for real; "
    "in brackets, its own generator. A high row fools others, a low column is hard to fool; compare columns only "
    "where the discriminators take about as many real samples for real."
)


def as_table(match: Match) -> str:
    """The match as lines of text."""
    names = [entrant.name for entrant in match.entrants]
    first, width = max(16, *map(len, names)), max(9, *(len(name) + 2 for name in names))
    lines = [
        f"{match.dataset}: {match.samples} samples of each generator, {match.reals} real ones, seed {match.seed}",
        f"{'generator':{first}s}{''.join(f'{name:>{width}s}' for name in names)}{'win rate':>10s}",
    ]
    for i, name in enumerate(names):
        cells = (f"[{share:.1%}]" if i == j else f"{share:.1%} " for j, share in enumerate(match.fooled[i]))
        lines.append(f"{name:{first}s}{''.join(f'{cell:>{width}s}' for cell in cells)}{match.win_rate[i]:>10.1%}")
    for title, shares in (("real samples", match.real), ("foreign caught", match.caught)):
        lines.append(f"{title:{first}s}{''.join(f'{share:>{width - 1}.1%} ' for share in shares)}")
    for entrant in match.entrants:
        line = (
            "probability 0.5"
            if entrant.threshold is None
            else f"halfway between its mean scores, {entrant.threshold:.4g}"
        )
        lines.append(f"{entrant.name}: step {entrant.step}, {entrant.objective}, takes for real above {line}")
    if match.named:
        lines.append(f"The bundled classifier names the classes of samples of {', '.join(match.named)}")
    return "\n".join([*lines, HOW_TO_READ])
