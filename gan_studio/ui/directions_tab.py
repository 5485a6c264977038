"""The Directions tab. The browser adds the sliders to the latent itself; only the pictures come from the server."""

from __future__ import annotations

import gradio as gr

from gan_studio.ui.controls import Translate


def build_directions_tab(say: Translate) -> None:
    """Build the inner tab inside the present Tabs."""
    with gr.Tab(say("directions.tab"), id="latent-directions"):
        gr.HTML("<gan-directions class='latent-tool'></gan-directions>", elem_id="directions", js_on_load=None)
