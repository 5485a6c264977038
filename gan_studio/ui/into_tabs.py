"""The inner tabs of the Latent tab that look into a generator: Find, Inside, Honest. The browser draws all of them."""

from __future__ import annotations

import gradio as gr

from gan_studio.ui.controls import Translate


def build_into_tabs(say: Translate) -> None:
    """Build the three inside the present Tabs."""
    with gr.Tab(say("find.tab"), id="latent-find"):
        gr.HTML('<gan-find class="into"></gan-find>', elem_id="find-board", js_on_load=None)
    with gr.Tab(say("inside.tab"), id="latent-inside"):
        gr.HTML('<gan-inside class="into"></gan-inside>', elem_id="inside-board", js_on_load=None)
    with gr.Tab(say("honest.tab"), id="latent-honest"):
        gr.HTML('<gan-honest class="into"></gan-honest>', elem_id="honest-board", js_on_load=None)
