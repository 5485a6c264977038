"""Everything the page says, by language. English ones of fields, presets and metrics come from these themselves."""

from __future__ import annotations

import json
from functools import cache

from gan_studio.assets import asset_dir
from gan_studio.config import FIELDS, FieldSpec
from gan_studio.lessons.presets import PRESETS
from gan_studio.metrics.registry import METRICS

LANGUAGES = ("en", "zh")


@cache
def texts(language: str) -> dict[str, str]:
    """All texts of one of :data:`LANGUAGES`, by key."""
    found = json.loads((asset_dir() / "locale" / f"{language}.json").read_text(encoding="utf-8"))
    return {**_english_of_registries(), **found} if language == "en" else found


def _english_of_registries() -> dict[str, str]:
    said = {}
    for name, spec in FIELDS.items():
        said[f"field.{name}"] = title_of(spec)
        said[f"field.{name}.info"] = spec.text
    for name, preset in PRESETS.items():
        said[f"preset.{name}"] = preset.title
        said[f"preset.{name}.info"] = preset.description
    for name, row in METRICS.items():
        title, sentence = row.text.split(": ", 1)
        said[f"metric.{name}"], said[f"metric.{name}.info"] = title, sentence[0].upper() + sentence[1:]
    return said


_TITLES = {
    "train_size": "Training samples",
    "hidden": "Hidden layer widths",
    "output": "Output function",
    "pack": "Pack size",
}
"""Of fields whose names alone say too little."""
_WORDS = {"lr": "learning rate", "ema": "EMA", "dragan": "DRAGAN", "optimizer": "optimiser", "std": "deviation"}


def title_of(spec: FieldSpec) -> str:
    """``generator_lr`` as a person reads it."""
    words = " ".join(_WORDS.get(word, word) for word in spec.name.split("_"))
    return _TITLES.get(spec.name, words[0].upper() + words[1:])
