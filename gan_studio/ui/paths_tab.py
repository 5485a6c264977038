"""The Paths tab inside the Latent tab; everything in it is the live component."""

from __future__ import annotations

import gradio as gr

from gan_studio.ui.controls import Translate


def build_paths_tab(say: Translate) -> None:
    """Build the contents of the present tab."""
    gr.Markdown(say("paths.about"), elem_id="paths-about")
    gr.HTML("<gan-paths></gan-paths>", elem_id="paths-board", js_on_load=None)
