"""Gradio controls made from the config's fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from gan_studio.config import FIELDS, FieldSpec, RunConfig

Translate = Callable[[str], Any]

PLAIN = {"queue": False, "show_progress": "hidden", "api_name": False}
"""How handlers are called: a command is quick and needs neither Gradio's queue nor its spinner."""

SLIDER_STEPS = {
    "discriminator_steps": 1,
    "generator_steps": 1,
    "label_smoothing": 0.01,
    "label_flip": 0.01,
    "instance_noise": 0.01,
    "discriminator_dropout": 0.01,
    "augment_colour": 0.05,
    "augment_translation": 0.05,
    "augment_cutout": 0.05,
}
"""Fields whose range is small enough to drag through, and the step of the slider."""


def make_control(spec: FieldSpec, value: Any, say: Translate) -> gr.components.Component:
    """The control for one field and what it holds at first, labelled in the visitor's language."""
    labels = {
        "label": say(f"field.{spec.name}"),
        "info": say(f"field.{spec.name}.info"),
        "elem_id": f"field-{spec.name}",
        "min_width": 120,
    }
    value = shown(spec, value)
    if spec.kind in ("choice", "text") or spec.suggestions:
        return _dropdown(spec, value, labels)
    if spec.kind == "flag":
        return gr.Checkbox(value=value, **labels)
    if spec.kind in ("widths", "scales"):
        return gr.Textbox(value=value, max_lines=1, **labels)
    if spec.name in SLIDER_STEPS:
        return gr.Slider(spec.low, spec.high, value=value, step=SLIDER_STEPS[spec.name], **labels)
    return gr.Number(value=value, precision=0 if spec.kind == "whole" else None, **labels)


def _dropdown(spec: FieldSpec, value: Any, labels: dict[str, Any]) -> gr.Dropdown:
    if spec.kind == "choice":
        return gr.Dropdown(list(spec.choices), value=value, **labels)
    # A text's choices are filled in where there are any.
    choices = [(f"{number:g}", shown(spec, number)) for number in spec.suggestions] or [value]
    return gr.Dropdown(choices, value=value, allow_custom_value=True, elem_classes="typed", **labels)


def shown(spec: FieldSpec, value: Any) -> Any:
    """A field's value as its control holds it."""
    return ", ".join(f"{number:g}" for number in value) if isinstance(value, tuple) else value


def shown_values(config: RunConfig) -> list[Any]:
    """All fields of ``config`` as their controls hold them, in the order of :data:`FIELDS`."""
    return [shown(spec, getattr(config, name)) for name, spec in FIELDS.items()]


def on_commit(control: gr.components.Component, **event: Any) -> None:
    """Call a handler when the visitor has settled on a value, not while it is typed or dragged."""
    if isinstance(control, gr.Slider):
        control.release(**event)
    elif isinstance(control, gr.Dropdown):
        control.input(**event)
    else:
        gr.on([control.submit, control.blur], **event)
