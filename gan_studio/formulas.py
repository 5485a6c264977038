"""What each setting computes, as a formula with its source: one row a choice, from the tables that compute it.

Regularisers that are a line in a network or in the trainer, and have no table of their own, have their rows here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gan_studio.config import FIELDS, RunConfig
from gan_studio.data.load import DATASETS
from gan_studio.errors import StudioError
from gan_studio.networks import NETWORKS
from gan_studio.objectives import AUGMENTATIONS, OBJECTIVES, PENALTIES
from gan_studio.objectives.kernels import KERNELS
from gan_studio.training.optimizers import OPTIMIZERS


@dataclass(frozen=True)
class Formula:
    """What is computed, where that is a formula, and who described it."""

    formula: str
    source: str


def _rows(table: Mapping[str, Any]) -> dict[str, Formula]:
    """The formulas and sources of a registry; the formula of a network or a data set is its file."""
    return {name: Formula(getattr(row, "formula", ""), row.source) for name, row in table.items()}


_MIRZA = "Mirza and Osindero 2014, arXiv:1411.1784"
REGULARISERS: Mapping[str, Formula] = {
    "weight_clip": Formula("w = min(max(w, -c), c) after each update of D", "Arjovsky et al. 2017, arXiv:1701.07875"),
    "gradient_clip": Formula("g min(1, c / ||g||)", "Pascanu et al. 2013, arXiv:1211.5063, algorithm 1"),
    "spectral_norm": Formula(
        "W / s, s the largest singular value, by power iteration", "Miyato et al. 2018, arXiv:1802.05957"
    ),
    "label_smoothing": Formula(
        "the target of real samples is 1 - s", "Salimans et al. 2016, arXiv:1606.03498, section 3.4"
    ),
    "label_flip": Formula("x and G(z) change places with probability p", "Chintala et al. 2016, How to train a GAN"),
    "instance_noise": Formula("D(x + s n), D(G(z) + s n), n ~ N(0, 1)", "Sønderby et al. 2017, arXiv:1610.04490"),
    "discriminator_dropout": Formula("h m / (1 - p), m ~ Bernoulli(1 - p)", "Srivastava et al. 2014, JMLR 15"),
    "minibatch_std": Formula(
        "one more feature: the mean over j of std_i f_ij", "Karras et al. 2018, arXiv:1710.10196, section 3"
    ),
    "pack": Formula("D(x_1, ..., x_m)", "Lin et al. 2018, arXiv:1712.04086"),
    "penalty_interval": Formula("n times the penalty at each n-th update of D", "Karras et al. 2020, arXiv:1912.04958"),
    "ema_decay": Formula("a = d a + (1 - d) w after each step", "Yazıcı et al. 2019, arXiv:1806.04498"),
    "weight_decay": Formula("g + d w; adamw: w (1 - lr d)", "Loshchilov and Hutter 2019, arXiv:1711.05101"),
    "auxiliary_weight": Formula("a (-log C(y | x) - log C(y | G(z, y)))", "Odena et al. 2017, arXiv:1610.09585"),
}
"""By the name of their field."""

_BATCH_NORM = {
    "batch": Formula("gain (x - mean) / std + bias, over the batch", "Ioffe and Szegedy 2015, arXiv:1502.03167")
}
CHOICES: Mapping[str, Mapping[str, Formula]] = {
    "objective": _rows(OBJECTIVES),
    "kernel": _rows(KERNELS),
    "network": _rows(NETWORKS),
    "dataset": _rows(DATASETS),
    "generator_optimizer": _rows(OPTIMIZERS),
    "discriminator_optimizer": _rows(OPTIMIZERS),
    "schedule": {
        "linear": Formula("lr (1 - t / T)", "common practice"),
        "cosine": Formula("lr (1 + cos(pi t / T)) / 2", "Loshchilov and Hutter 2017, arXiv:1608.03983"),
    },
    "generator_norm": _BATCH_NORM,
    "discriminator_norm": _BATCH_NORM,
    "generator_conditioning": {
        "embedding": Formula("G(z, e(y))", _MIRZA),
        "batch_norm": Formula("gain_y (x - mean) / std + bias_y", "Dumoulin et al. 2017, arXiv:1610.07629"),
    },
    "discriminator_conditioning": {
        "embedding": Formula("D(x, e(y)), e(y) one more channel", _MIRZA),
        "projection": Formula("D(x) + <e(y), f(x)>", "Miyato and Koyama 2018, arXiv:1802.05637"),
        "auxiliary": Formula("a classifier C(y | x) beside D(x)", "Odena et al. 2017, arXiv:1610.09585"),
    },
}
"""The choices of a field that has some, by its name."""

TERMS: Mapping[str, Formula] = {**REGULARISERS, **_rows(PENALTIES), **_rows(AUGMENTATIONS)}
"""What a number or a switch turns on, by the name of its field."""


def losses_of(config: RunConfig) -> tuple[str, ...]:
    """The losses of a run as lines of formulas: of D, of G, and each penalty of D with its weight."""
    lines = [line.strip() for line in OBJECTIVES[config.objective].formula.split(";  ")]
    weights = {name: getattr(config, name) for name in PENALTIES}
    return (*lines, *(f"D + {weight:g} {TERMS[name].formula}" for name, weight in weights.items() if weight))


WHEN = {"live": "at any step", "resume": "when a run is resumed", "start": "only when a run begins"}


def explain_fields(names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """All there is to say of the fields ``names``, or of all, as JSON; :class:`StudioError` for an unknown one."""
    unknown = [name for name in names if name not in FIELDS]
    if unknown:
        raise StudioError(f"{', '.join(unknown)}: no field; there are {', '.join(FIELDS)}")
    return [
        {
            "name": spec.name,
            "default": ", ".join(map(str, spec.default)) if isinstance(spec.default, tuple) else spec.default,
            "unit": spec.unit,
            "text": spec.text,
            "allowed": str(spec.allowed),
            "when": WHEN[spec.when],
            "formulas": {name: asdict(term) for name, term in _formulas_of(spec.name).items()},
        }
        for spec in FIELDS.values()
        if not names or spec.name in names
    ]


def _formulas_of(field: str) -> Mapping[str, Formula]:
    """Those of its choices, or its own."""
    return CHOICES.get(field) or ({field: TERMS[field]} if field in TERMS else {})
