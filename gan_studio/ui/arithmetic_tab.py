"""The Arithmetic tab: sums of kept latents, and crossings of two."""

from __future__ import annotations

import gradio as gr

from gan_studio.ui.controls import Translate


def build_arithmetic_tab(say: Translate) -> None:
    """Build the inner tab inside the present Tabs."""
    with gr.Tab(say("arithmetic.tab"), id="latent-arithmetic"):
        html = "<gan-arithmetic class='latent-tool'></gan-arithmetic><gan-crossing class='latent-tool'></gan-crossing>"
        gr.HTML(html, elem_id="arithmetic", js_on_load=None)
