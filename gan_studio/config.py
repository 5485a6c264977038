"""What a run *is*: one frozen, validated description that every other part reads.

The page's controls, the command line, the checkpoints and the documentation are all made from
these fields, so a range, a unit or an explanation is written here once.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic import ValidationError

from gan_studio.errors import Sentence, StudioError, joined
from gan_studio.settings import RunConfig, Toy, When

POINT_SETS: tuple[str, ...] = get_args(Toy)
"""The data sets whose samples are points in the plane; all others hold pictures."""


class ConfigError(StudioError):
    """A configuration that is refused; the message names each key, its value and what is allowed."""


@dataclass(frozen=True)
class FieldSpec:
    """One field of :class:`RunConfig` as a control or a help text needs it."""

    name: str
    kind: Literal["choice", "whole", "real", "flag", "widths", "scales", "text"]
    default: Any
    text: str
    unit: str
    when: When
    group: str
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    suggestions: tuple[float, ...]

    @property
    def allowed(self) -> Sentence:
        """The allowed values in words, for error messages and help."""
        if self.kind == "choice":
            choices = ", ".join(self.choices)
            return Sentence(f"one of {choices}", "error.allowed.choice", choices=choices)
        if self.kind in _ALLOWED:
            return _ALLOWED[self.kind]
        low, high = f"{self.low:g}", f"{self.high:g}" if self.high < 1e6 else f"{self.high}"
        if self.kind == "whole":
            return Sentence(f"a whole number from {low} to {high}", "error.allowed.whole", low=low, high=high)
        return Sentence(f"a number from {low} to {high}", "error.allowed.real", low=low, high=high)


_KINDS = {int: "whole", float: "real", bool: "flag", str: "text"}
_ALLOWED = {
    "flag": Sentence("true or false", "error.allowed.flag"),
    "widths": Sentence("1 to 16 whole numbers from 1 to 4096, separated by commas", "error.allowed.widths"),
    "scales": Sentence("1 to 8 numbers from 0.0001 to 10000, separated by commas", "error.allowed.scales"),
    "text": Sentence("a text of at most 400 characters", "error.allowed.text"),
}


def _spec(name: str) -> FieldSpec:
    field = RunConfig.model_fields[name]
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    kind = "choice" if choices else _KINDS.get(field.annotation)
    if kind is None:  # a tuple of numbers
        kind = "widths" if all(isinstance(number, int) for number in field.default) else "scales"
    limits = {type(m): m for m in field.metadata}
    low, high = limits.get(annotated_types.Ge), limits.get(annotated_types.Le)
    return FieldSpec(
        name=name,
        kind=kind,
        default=field.default,
        text=field.description,
        unit=field.json_schema_extra["unit"],
        when=field.json_schema_extra["when"],
        group=field.json_schema_extra["group"],
        low=low.ge if low else None,
        high=high.le if high else None,
        choices=choices,
        suggestions=tuple(field.json_schema_extra["suggestions"]),
    )


FIELDS: dict[str, FieldSpec] = {name: _spec(name) for name in RunConfig.model_fields}
LIVE_FIELDS: tuple[str, ...] = tuple(name for name, spec in FIELDS.items() if spec.when == "live")


def make_config(values: Mapping[str, Any] | None = None, base: RunConfig | None = None) -> RunConfig:
    """Build a config from ``values`` on top of ``base`` (the defaults if none).

    Raises :class:`ConfigError` that names every unknown key and every refused value with what is allowed.
    """
    merged = {**(base.model_dump() if base else {}), **(values or {})}
    try:
        return RunConfig(**merged)
    except ValidationError as error:
        raise ConfigError(joined(_explain(error))) from None


def edit_config(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    """``config`` with its live fields changed.

    Raises :class:`ConfigError` where a field is not live, unknown or out of range.
    """
    fixed = [key for key in changes if key in FIELDS and key not in LIVE_FIELDS]
    if fixed:
        live = ", ".join(LIVE_FIELDS)
        names = ", ".join(fixed)
        raise ConfigError(
            f"{names}: cannot change while a run goes on (live fields: {live})", "error.not_live", names=names
        )
    return make_config(changes, base=config)


def resume_config(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    """``config`` of a checkpoint with the fields changed that may differ when it is resumed.

    Raises :class:`ConfigError` naming each field that would make it another run.
    """
    changed = make_config(changes, base=config)
    refused = [
        f"{name} is {getattr(config, name)} in the checkpoint, not {getattr(changed, name)}"
        for name, spec in FIELDS.items()
        if spec.when == "start" and getattr(config, name) != getattr(changed, name)
    ]
    if refused:
        raise ConfigError("a resumed run keeps its shape: " + "; ".join(refused))
    return changed


def _explain(error: ValidationError) -> list[Sentence]:
    # A tuple with several wrong entries has a problem for each; one sentence for its key is enough.
    by_key = {problem["loc"][:1]: _explain_one(problem) for problem in reversed(error.errors())}
    return list(reversed(by_key.values()))


def _explain_one(problem: Mapping[str, Any]) -> Sentence:
    key = str(problem["loc"][0]) if problem["loc"] else "config"
    if key not in FIELDS:
        near = difflib.get_close_matches(key, FIELDS, n=1)
        hint = f"did you mean {near[0]}?" if near else "known keys: " + ", ".join(FIELDS)
        return Sentence(f"{key}: unknown key ({hint})")
    value = str(problem["input"])
    shown = value if len(value) <= 60 else value[:57] + "..."
    allowed = FIELDS[key].allowed
    return Sentence(
        f"{key} = {shown}: must be {allowed}",
        "error.value",
        name=Sentence(key, f"field.{key}"),
        value=shown,
        allowed=allowed,
    )
