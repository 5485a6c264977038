"""What a run *is*: one frozen, validated description that every other part reads.

The page's controls, the command line, the checkpoints and the documentation are all made from
these fields, so a range, a unit or an explanation is written here once.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

import annotated_types
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from gan_studio.errors import StudioError

When = Literal["live", "resume", "start"]
"""When a field may change: ``live`` at any step, ``resume`` when a checkpoint is loaded (where it
runs, not what it computes), ``start`` only when a run begins."""


class ConfigError(StudioError):
    """A configuration that is refused; the message names each key, its value and what is allowed."""


def _setting(default: Any, text: str, when: When = "start", *, group: str, unit: str = "", **limits: Any) -> Any:
    """One field: its default, its explanation (one sentence), when it may change, and its limits."""
    suggestions = limits.pop("suggestions", ())
    extra = {"when": when, "group": group, "unit": unit, "suggestions": list(suggestions)}
    return Field(default, description=text, json_schema_extra=extra, **limits)


def _split_numbers(value: Any) -> Any:
    """Let ``128,256`` on the command line or in a text box stand for a tuple of whole numbers."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _not_bool(value: Any) -> Any:
    """Python counts ``True`` as 1; a batch size of ``True`` is a mistake."""
    if isinstance(value, bool):
        raise ValueError("a number is needed")
    return value


Whole = Annotated[int, BeforeValidator(_not_bool)]
Real = Annotated[float, BeforeValidator(_not_bool)]
Width = Annotated[int, Field(ge=1, le=4096)]
Widths = Annotated[tuple[Width, ...], BeforeValidator(_split_numbers)]

LEARNING_RATES = (1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 3e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2)


class RunConfig(BaseModel):
    """A run, completely described. Build it with :func:`make_config` for readable errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    dataset: Literal["mnist", "fashion_mnist", "kmnist"] = _setting(
        "mnist", "The real pictures that the discriminator learns to tell from generated ones.", group="data"
    )
    network: Literal["dcgan", "mlp"] = _setting(
        "dcgan", "The architecture of generator and discriminator.", group="network"
    )
    latent_size: Whole = _setting(
        100, "How many random numbers the generator turns into one picture.", group="network", ge=1, le=1024
    )
    channels: Whole = _setting(
        48,
        "Convolution channels next to the picture; each layer further in has twice as many (dcgan only).",
        group="network",
        ge=4,
        le=512,
    )
    hidden: Widths = _setting(
        (128, 256),
        "Widths of the generator's hidden layers; the discriminator mirrors them (mlp only).",
        group="network",
        min_length=1,
        max_length=16,
    )
    objective: Literal["non_saturating"] = _setting(
        "non_saturating", "The loss that sets the two networks against each other.", group="objective"
    )
    generator_lr: Real = _setting(
        5e-4,
        "How large a step the generator's optimiser takes.",
        "live",
        group="optimiser",
        ge=0.0,
        le=1.0,
        suggestions=LEARNING_RATES,
    )
    discriminator_lr: Real = _setting(
        5e-4,
        "How large a step the discriminator's optimiser takes.",
        "live",
        group="optimiser",
        ge=0.0,
        le=1.0,
        suggestions=LEARNING_RATES,
    )
    generator_beta1: Real = _setting(
        0.5, "Adam's memory of the generator's past gradients (momentum).", "live", group="betas", ge=0.0, le=0.9999
    )
    generator_beta2: Real = _setting(
        0.999,
        "Adam's memory of the size of the generator's past gradients.",
        "live",
        group="betas",
        ge=0.0,
        le=0.999999,
    )
    discriminator_beta1: Real = _setting(
        0.5,
        "Adam's memory of the discriminator's past gradients (momentum).",
        "live",
        group="betas",
        ge=0.0,
        le=0.9999,
    )
    discriminator_beta2: Real = _setting(
        0.999,
        "Adam's memory of the size of the discriminator's past gradients.",
        "live",
        group="betas",
        ge=0.0,
        le=0.999999,
    )
    batch_size: Whole = _setting(
        64,
        "How many real and how many generated pictures each step looks at.",
        "live",
        group="training",
        unit="pictures",
        ge=2,
        le=4096,
        suggestions=(16, 32, 64, 128, 256, 512),
    )
    discriminator_steps: Whole = _setting(
        1,
        "How often the discriminator learns for each time the generator does.",
        "live",
        group="training",
        unit="steps",
        ge=1,
        le=20,
    )
    label_smoothing: Real = _setting(
        0.0,
        "How far below 1 the discriminator's target for real pictures lies (one-sided).",
        "live",
        group="training",
        ge=0.0,
        le=0.5,
    )
    ema_decay: Real = _setting(
        0.995,
        "How slowly the averaged generator, which draws the samples, follows the trained one.",
        "live",
        group="training",
        ge=0.0,
        le=0.99999,
    )
    precision: Literal["auto", "float32", "bfloat16"] = _setting(
        "auto",
        "Number format of the heavy arithmetic; auto takes bfloat16 where the device is fast at it.",
        "resume",
        group="machine",
    )
    device: Literal["auto", "cuda", "mps", "cpu"] = _setting(
        "auto", "Where to compute; auto takes cuda, else mps, else cpu.", "resume", group="machine"
    )
    seed: Whole = _setting(
        0, "The number from which all randomness of the run follows.", group="machine", ge=0, le=2**31 - 1
    )


@dataclass(frozen=True)
class FieldSpec:
    """One field of :class:`RunConfig` as a control or a help text needs it."""

    name: str
    kind: Literal["choice", "whole", "real", "widths"]
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
    def allowed(self) -> str:
        """The allowed values in words, for error messages and help."""
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        if self.kind == "widths":
            return "1 to 16 whole numbers from 1 to 4096, separated by commas"
        noun = "a whole number" if self.kind == "whole" else "a number"
        return f"{noun} from {self.low:g} to {self.high:g}" if self.high < 1e6 else f"{noun} from 0 to {self.high}"


def _spec(name: str) -> FieldSpec:
    field = RunConfig.model_fields[name]
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    kinds = {int: "whole", float: "real"}
    limits = {type(m): m for m in field.metadata}
    low, high = limits.get(annotated_types.Ge), limits.get(annotated_types.Le)
    return FieldSpec(
        name=name,
        kind="choice" if choices else kinds.get(field.annotation, "widths"),
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
        raise ConfigError(_explain(error)) from None


def edit_config(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    """``config`` with its live fields changed.

    Raises :class:`ConfigError` where a field is not live, unknown or out of range.
    """
    fixed = [key for key in changes if key in FIELDS and key not in LIVE_FIELDS]
    if fixed:
        live = ", ".join(LIVE_FIELDS)
        raise ConfigError(f"{', '.join(fixed)}: cannot change while a run goes on (live fields: {live})")
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


def _explain(error: ValidationError) -> str:
    return "; ".join(dict.fromkeys(_explain_one(problem) for problem in error.errors()))


def _explain_one(problem: Mapping[str, Any]) -> str:
    key = str(problem["loc"][0]) if problem["loc"] else "config"
    if key not in FIELDS:
        near = difflib.get_close_matches(key, FIELDS, n=1)
        hint = f"did you mean {near[0]}?" if near else "known keys: " + ", ".join(FIELDS)
        return f"{key}: unknown key ({hint})"
    value = str(problem["input"])
    shown = value if len(value) <= 60 else value[:57] + "..."
    return f"{key} = {shown}: must be {FIELDS[key].allowed}"
