"""The Latent tab. Its controls never reach Gradio's server side: the browser asks the live route itself."""

from __future__ import annotations

import gradio as gr

from gan_studio.latent.source import PRINCIPAL
from gan_studio.session import Session
from gan_studio.ui.arithmetic_tab import build_arithmetic_tab
from gan_studio.ui.controls import PLAIN, Translate
from gan_studio.ui.directions_tab import build_directions_tab
from gan_studio.ui.into_tabs import build_into_tabs
from gan_studio.ui.map_tabs import build_map_tabs
from gan_studio.ui.paths_tab import build_paths_tab
from gan_studio.ui.sources import choose_source

_SEND = "(...values) => { window.ganStudio?.explore(values); }"
_RANDOM = "() => Math.floor(Math.random() * 1000000)"


def build_latent_tab(session: Session, say: Translate, tab: gr.Tab) -> None:
    """Build the contents of ``tab`` inside the present Blocks: what all inner tabs share, the inner tabs, the tray."""
    with gr.Row(elem_id="latent-shared"):
        with gr.Column(scale=1, min_width=290):
            source = choose_source(
                session, say, tab, label=say("latent.source"), info=say("latent.source.info"), elem_id="latent-source"
            )
            gr.HTML('<gan-class class="into"></gan-class>', elem_id="latent-class", js_on_load=None)
        with gr.Column(scale=4, min_width=480):
            gr.HTML("<gan-tray></gan-tray>", elem_id="latent-tray", js_on_load=None)
            gr.HTML("<gan-past></gan-past>", elem_id="latent-past", js_on_load=None)
    with gr.Tabs(elem_id="latent-tabs"):
        with gr.Tab(say("latent.tab.walk"), id="latent-walk"):
            _build_walk(session, say, tab, source)
        with gr.Tab(say("paths.tab"), id="latent-paths"):
            build_paths_tab()
        build_directions_tab(say)
        build_arithmetic_tab(say)
        build_map_tabs(say)
        build_into_tabs(say)


def _build_walk(session: Session, say: Translate, tab: gr.Tab, source: gr.Dropdown) -> None:
    with gr.Row(elem_id="latent"):
        with gr.Column(scale=1, min_width=290, elem_id="latent-controls"):
            with gr.Group():
                seed = gr.Number(0, label=say("latent.seed"), precision=0, minimum=0, elem_id="latent-seed")
                with gr.Row():
                    dice = gr.Button(say("latent.random"), size="sm", min_width=60, elem_id="latent-random")
                    zero = gr.Button(say("latent.reset"), size="sm", min_width=60, elem_id="latent-reset")
            truncation = gr.Slider(
                0, 2, 1, step=0.01, label=say("latent.truncation"), info=say("latent.truncation.info"),
                elem_id="latent-truncation",
            )  # fmt: skip
            spread = gr.Slider(0, 1, 0.3, step=0.01, label=say("latent.spread"), elem_id="latent-spread")
            with gr.Accordion(say("latent.beside"), open=False, elem_id="latent-beside-group"):
                beside = choose_source(
                    session, say, tab, "", none=True, label=say("latent.beside.source"), info=say("latent.beside.info"),
                    elem_id="latent-beside",
                )  # fmt: skip
                raw_weights = gr.Checkbox(False, label=say("latent.beside.raw"), elem_id="latent-beside-raw")
            with gr.Accordion(say("latent.principal"), open=True):
                principal = _sliders("principal")
            with gr.Accordion(say("latent.raw"), open=False, elem_id="latent-raw-group"):
                raw_start = gr.Number(
                    0, label=say("latent.raw.first"), precision=0, minimum=0, elem_id="latent-raw-start"
                )
                raw = _sliders("raw")
            to_seed = gr.Number(1, label=say("latent.to_seed"), precision=0, minimum=0, elem_id="latent-to-seed")
        with gr.Column(scale=4, min_width=480):
            gr.HTML("<gan-latent></gan-latent>", elem_id="latent-board", js_on_load=None)
    inputs = [source, seed, truncation, spread, to_seed, raw_start, beside, raw_weights, *principal, *raw]
    for control in inputs:
        control.change(None, inputs, None, js=_SEND, **PLAIN)
    dice.click(None, None, seed, js=_RANDOM, **PLAIN)
    zeros = f"() => [1, ...Array({2 * PRINCIPAL}).fill(0)]"
    zero.click(None, None, [truncation, *principal, *raw], js=zeros, **PLAIN)


def _sliders(kind: str) -> list[gr.Slider]:
    return [
        gr.Slider(-5, 5, 0, step=0.05, label=f"{index + 1}", elem_id=f"latent-{kind}-{index}", elem_classes="compact")
        for index in range(PRINCIPAL)
    ]
