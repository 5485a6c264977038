"""The Train tab: controls on the left, the live board on the right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from gan_studio.config import FIELDS, LIVE_FIELDS, RunConfig, make_config
from gan_studio.data.uploads import check_source
from gan_studio.lessons.presets import DEFAULT_PRESET, PRESETS, find_preset
from gan_studio.session import Session
from gan_studio.training.checkpoint import list_checkpoints
from gan_studio.ui.controls import PLAIN, Translate, make_control, on_commit, shown, shown_values
from gan_studio.ui.notices import note, try_to
from gan_studio.ui.own_data import build_own_data

GROUPS = (
    ("live", True, ("training",)),
    ("objective", True, ("objective",)),
    ("betas", True, ("betas",)),
    ("regularisation", True, ("regularisation",)),
    ("augmentation", True, ("augmentation",)),
    ("data", False, ("data",)),
    ("network", False, ("network",)),
    ("machine", False, ("machine",)),
)
"""The accordions: name, whether their fields are live, and the groups of fields they hold."""
_CHANGED = "() => document.querySelector('gan-board').takeChanged()"


def build_train_tab(session: Session, say: Translate, device: str | None) -> Callable[[], list[Any]]:
    """Build the tab inside the present Blocks; returns what fills its controls when a page is loaded."""
    with gr.Row(elem_id="train"):
        with gr.Column(scale=1, min_width=290, elem_id="controls"):
            preset, description = _preset_choice(say)
            buttons = _run_buttons(say)
            notice = gr.HTML(elem_id="notice", js_on_load=None)
            controls = _field_controls(session, say, notice, device)
            _checkpoint_controls(session, say, notice, device)
        with gr.Column(scale=4, min_width=480):
            gr.HTML("<gan-board></gan-board>", elem_id="board", js_on_load=None)
    ordered = [controls[name] for name in FIELDS]
    _wire_preset(preset, description, ordered, device)
    _wire_buttons(session, buttons, ordered, notice)
    _wire_edits(session, controls, notice)
    # The board presses this hidden button when somebody else has changed the run's config, and names what was changed.
    # What the visitor prepares for the next start is left alone.
    changed = gr.Textbox(elem_id="changed-fields", visible="hidden")
    refresh = gr.Button(elem_id="refresh-controls", visible="hidden")
    live = [controls[name] for name in LIVE_FIELDS]
    refresh.click(lambda names: _live_values(session, names.split()), changed, live, js=_CHANGED, **PLAIN)

    def load() -> list[Any]:
        config = session.snapshot.config
        name = _preset_of(config)
        return [name, _about(name), *shown_values(config or default_config(device))]

    return lambda demo: demo.load(load, None, [preset, description, *ordered], **PLAIN)


# -- building --------------------------------------------------------------------------------------------


def _preset_choice(say: Translate) -> tuple[gr.Dropdown, gr.HTML]:
    with gr.Group():
        choice = gr.Dropdown(
            [(say(f"preset.{name}"), name) for name in PRESETS],
            value=DEFAULT_PRESET,
            label=say("preset.label"),
            info=say("preset.info"),
            elem_id="preset",
        )
    return choice, gr.HTML(_about(DEFAULT_PRESET), elem_id="preset-about", js_on_load=None)


def _run_buttons(say: Translate) -> dict[str, gr.Button]:
    buttons = {}
    with gr.Row(elem_id="run-buttons"):
        for name, variant in (("start", "primary"), ("pause", "secondary"), ("resume", "secondary")):
            buttons[name] = gr.Button(say(f"button.{name}"), variant=variant, min_width=60, elem_id=f"button-{name}")
    with gr.Row(elem_id="more-buttons"):
        for name in ("step", "stop", "reset"):
            buttons[name] = gr.Button(say(f"button.{name}"), size="sm", min_width=50, elem_id=f"button-{name}")
    return buttons


def _field_controls(
    session: Session, say: Translate, notice: gr.HTML, device: str | None
) -> dict[str, gr.components.Component]:
    """A control for every field, under the heading that says when it takes effect.

    They hold the default preset from the beginning, for whoever starts before the page has filled them.
    """
    controls: dict[str, gr.components.Component] = {}
    config = default_config(device)
    for name, live, groups in GROUPS:
        with gr.Accordion(say(f"group.{name}"), open=name == "live", elem_id=f"{name}-controls") as group:
            for spec in FIELDS.values():
                if spec.group in groups and (spec.when == "live") == live:
                    controls[spec.name] = make_control(spec, getattr(config, spec.name), say)
            if name == "data":
                build_own_data(session, say, notice, group, controls)
    return controls


def _checkpoint_controls(session: Session, say: Translate, notice: gr.HTML, device: str | None) -> None:
    with gr.Accordion(say("group.checkpoints"), open=False, elem_id="checkpoints") as folder:
        name = gr.Textbox(
            label=say("checkpoint.name"), placeholder="my-first-gan", max_lines=1, elem_id="checkpoint-name"
        )
        save = gr.Button(say("checkpoint.save"), size="sm", elem_id="checkpoint-save")
        saved = gr.Dropdown(
            list_checkpoints(session.checkpoints), value=None, label=say("checkpoint.choose"), elem_id="checkpoint-list"
        )
        load = gr.Button(say("checkpoint.load"), size="sm", elem_id="checkpoint-load")

    def refresh() -> Any:
        return gr.update(choices=list_checkpoints(session.checkpoints))

    def save_run(chosen: str) -> tuple[Any, str]:
        said = try_to(lambda: session.save(chosen))
        return refresh(), said or note("note.saved", chosen)

    def load_run(chosen: str | None) -> str:
        if not chosen:
            return note("note.no_checkpoint")
        return try_to(lambda: session.load(chosen, device or "auto")) or note("note.loaded", chosen)

    save.click(save_run, name, [saved, notice], **PLAIN)
    folder.expand(refresh, None, saved, **PLAIN)
    load.click(load_run, saved, notice, **PLAIN)


# -- wiring ----------------------------------------------------------------------------------------------


def _wire_preset(preset: gr.Dropdown, description: gr.HTML, ordered: list, device: str | None) -> None:
    def fill(name: str) -> list[Any]:
        return [_about(name), *shown_values(default_config(device, name))]

    preset.input(fill, preset, [description, *ordered], **PLAIN)


def _wire_buttons(session: Session, buttons: dict[str, gr.Button], ordered: list, notice: gr.HTML) -> None:
    def begin(command: Callable[[RunConfig], None]) -> Callable[..., str]:
        def run(values: tuple[Any, ...]) -> None:
            config = make_config(dict(zip(FIELDS, values, strict=True)))
            check_source(config, session.data_dir)
            command(config)

        return lambda *values: try_to(lambda: run(values))

    for name, command in (("start", session.start), ("step", session.step_once), ("reset", session.reset)):
        buttons[name].click(begin(command), ordered, notice, **PLAIN)
    for name, command in (("pause", session.pause), ("resume", session.resume), ("stop", session.stop)):
        buttons[name].click(lambda command=command: try_to(command), None, notice, **PLAIN)


def _wire_edits(session: Session, controls: dict[str, gr.components.Component], notice: gr.HTML) -> None:
    """A live field's control changes the run there is; where refused, it shows the run's value again."""

    def edit(name: str) -> Callable[[Any], Any]:
        def handler(value: Any) -> Any:
            if session.snapshot.config is None:
                return gr.skip()  # nothing runs yet: Start will read the control
            said = try_to(lambda: session.edit({name: value}))
            return shown(FIELDS[name], getattr(session.snapshot.config, name)), said

        return handler

    for name in LIVE_FIELDS:
        control = controls[name]
        on_commit(control, fn=edit(name), inputs=control, outputs=[control, notice], **PLAIN)


def _live_values(session: Session, changed: list[str]) -> list[Any]:
    config = session.snapshot.config
    return [
        shown(FIELDS[name], getattr(config, name)) if config and name in changed else gr.skip() for name in LIVE_FIELDS
    ]


def _preset_of(config: RunConfig | None) -> str | None:
    """The preset whose network and data ``config`` has, for a page that is loaded while a run is there."""
    if config is None:
        return DEFAULT_PRESET
    kept = [name for name, spec in FIELDS.items() if spec.when == "start" and spec.group != "machine"]
    same = (n for n, p in PRESETS.items() if all(getattr(p.config, key) == getattr(config, key) for key in kept))
    return next(same, None)


def default_config(device: str | None, preset: str = DEFAULT_PRESET) -> RunConfig:
    """What a preset fills the controls with; ``device`` is the app's own default, if it has one."""
    config = find_preset(preset).config
    return make_config({"device": device}, base=config) if device else config


def _about(preset: str | None) -> str:
    return f'<gan-notice class="about" data-key="preset.{preset}.info"></gan-notice>' if preset else ""
