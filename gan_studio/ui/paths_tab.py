"""The Paths tab inside the Latent tab; everything in it is the live component."""

from __future__ import annotations

import gradio as gr


def build_paths_tab() -> None:
    """Build the contents of the present tab."""
    gr.HTML("<gan-paths></gan-paths>", elem_id="paths-board", js_on_load=None)
