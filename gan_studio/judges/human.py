"""The human test: twenty pictures, half of them real, and people who say which."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from gan_studio.data import DataSet
from gan_studio.errors import StudioError
from gan_studio.judges.player import BATCH, Player

PICTURES = 20
_HALF = PICTURES // 2


@dataclass(frozen=True)
class HumanTest:
    """One test: images (20, C, H, W) uint8 in the order in which they are shown, and what only the server knows.

    ``fake``: the key. ``says_fake``, ``scores``: the discriminator's verdicts on the same pictures, and what they
    come from, larger for "real": probabilities where ``has_probability``. ``in_company``: it saw each among others of
    the same kind.
    """

    id: str
    source: str
    dataset: str
    step: int
    seed: int
    images: torch.Tensor
    fake: tuple[bool, ...]
    says_fake: tuple[bool, ...]
    scores: tuple[float, ...]
    has_probability: bool
    in_company: bool


@dataclass(frozen=True)
class Answers:
    """What one person said of the twenty pictures, and after how many milliseconds each."""

    fake: tuple[bool, ...]
    milliseconds: tuple[int, ...]


def draw_test(player: Player, real: DataSet, seed: int) -> HumanTest:
    """The test of these weights and this ``seed``: always the same pictures in the same order.

    Raises :class:`StudioError` for points, for fewer than ten real pictures, or where nothing can be drawn.
    """
    check_pictures(player)
    if len(real.samples) < _HALF:
        raise StudioError(
            f"the test needs {_HALF} real pictures; {real.name} has only {len(real.samples)}",
            "error.few_real",
            least=_HALF,
            name=real.name,
            count=len(real.samples),
        )
    rng = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(real.samples), generator=rng)[torch.arange(BATCH) % len(real.samples)]
    pictures, labels = real.samples[chosen], real.labels[chosen]
    try:
        drawn, drawn_labels = player.draw(BATCH, real, rng)
        # In batches of one kind, as in training; what is not shown tells where a critic without probability has its
        # line, and keeps company with the rest where the discriminator looks at several at once.
        outputs = player.judge.outputs(pictures, labels), player.judge.outputs(drawn, drawn_labels)
    except RuntimeError as error:  # no memory left on the device
        raise StudioError(f"this test cannot be drawn: {error}", "error.cannot_draw", error=str(error)) from None
    player.judge.calibrate(*(part[_HALF:] for part in outputs))
    shown, outputs = torch.cat([pictures[:_HALF], drawn[:_HALF]]), torch.cat([part[:_HALF] for part in outputs])
    order = _order(shown, seed)
    taken = player.judge.takes_for_real(outputs)[order]
    scores = player.judge.scores(outputs)[order].nan_to_num(0.0)
    return HumanTest(
        id=hashlib.sha256(shown[order].numpy().tobytes()).hexdigest()[:16],
        source=player.name,
        dataset=player.config.dataset,
        step=player.source.step,
        seed=seed,
        images=shown[order],
        fake=tuple((order >= _HALF).tolist()),
        says_fake=tuple((~taken).tolist()),
        scores=tuple(scores.tolist()),
        has_probability=player.judge.objective.probability is not None,
        in_company=player.judge.looks_at_others,
    )


def check_pictures(player: Player) -> None:
    """Raise :class:`StudioError` where ``player`` draws points."""
    if player.space.is_points:
        raise StudioError(
            f"the human test needs pictures, and {player.name} generates points ({player.config.dataset}); "
            "choose a run on pictures",
            "error.human_points",
            name=player.name,
        )


def _order(shown: torch.Tensor, seed: int) -> torch.Tensor:
    """A permutation (20,) that the pictures and the seed decide: who only knows the seed cannot compute it."""
    digest = hashlib.sha256(str(seed).encode() + shown.numpy().tobytes()).digest()
    return torch.randperm(PICTURES, generator=torch.Generator().manual_seed(int.from_bytes(digest[:7], "big")))


def report(test: HumanTest, mine: Answers, everybody: Sequence[Answers]) -> dict[str, Any]:
    """The result of ``mine``, beside all who have taken the ``test`` so far (``mine`` among them), as JSON values."""
    return {
        "key": test.fake,
        "answers": mine.fake,
        "right": _right(test, mine.fake),
        "milliseconds": round(_mean(mine.milliseconds)),
        "people": len(everybody),
        "class_right": round(_mean([_right(test, answers.fake) for answers in everybody]), 2),
        "class_milliseconds": round(_mean([_mean(answers.milliseconds) for answers in everybody])),
        "judge": {
            "right": _right(test, test.says_fake),
            "says_fake": test.says_fake,
            "beliefs": [round(score, 3) for score in test.scores] if test.has_probability else None,
            "ranked_right": _right(test, _ranked(test)),
            "in_company": test.in_company,
        },
        "fooled": fooled(test, everybody),
    }


def fooled(test: HumanTest, everybody: Sequence[Answers]) -> list[dict[str, int]]:
    """For each generated picture its number and how many people took it for real, the most convincing first."""
    counts = [
        {"picture": number, "fooled": sum(not answers.fake[number] for answers in everybody)}
        for number, fake in enumerate(test.fake)
        if fake
    ]
    return sorted(counts, key=lambda row: -row["fooled"])


def _ranked(test: HumanTest) -> list[bool]:
    """The verdicts of a discriminator that knows that half are fake: the ten with the lowest scores."""
    lowest = sorted(range(PICTURES), key=lambda number: test.scores[number])[:_HALF]
    return [number in lowest for number in range(PICTURES)]


def _right(test: HumanTest, said: Sequence[bool]) -> int:
    return sum(a == b for a, b in zip(test.fake, said, strict=True))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
