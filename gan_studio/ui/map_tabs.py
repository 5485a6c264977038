"""The Map, Pad and Cloud tabs inside the Latent tab."""

from __future__ import annotations

import gradio as gr

from gan_studio.ui.controls import Translate


def build_map_tabs(say: Translate) -> None:
    """Build the inner tabs inside the present Tabs."""
    with gr.Tab(say("map.tab"), id="latent-map"):
        gr.HTML("<gan-map></gan-map>", elem_id="map", js_on_load=None)
    with gr.Tab(say("blend.tab"), id="latent-blend"):
        gr.HTML("<gan-blend></gan-blend>", elem_id="blend", js_on_load=None)
    with gr.Tab(say("cloud.tab"), id="latent-cloud"):
        gr.HTML("<gan-cloud></gan-cloud>", elem_id="cloud", js_on_load=None)
