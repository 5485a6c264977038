"""The page as a whole: theme, languages, tabs, and the scripts and styles of what is live."""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr

from gan_studio.events import COLUMNS
from gan_studio.latent.journey import MOST_KEYS, MOST_PER_SEGMENT, MOST_STEPS
from gan_studio.latent.sliders import MOST_DIRECTIONS
from gan_studio.latent.source import PRINCIPAL
from gan_studio.metrics.registry import METRICS
from gan_studio.quality import QualityMonitor
from gan_studio.session import Session
from gan_studio.ui.human_tab import build_human_tab, build_match_tab
from gan_studio.ui.latent_tab import build_latent_tab
from gan_studio.ui.quality_tab import build_quality_tab
from gan_studio.ui.text import LANGUAGES, texts
from gan_studio.ui.train_tab import build_train_tab

STATIC = Path(__file__).parent / "static"
_FONTS = ["ui-sans-serif", "system-ui", "Segoe UI", "Roboto", "Helvetica Neue", "Noto Sans", "sans-serif"]
_MONO = ["ui-monospace", "Consolas", "Menlo", "DejaVu Sans Mono", "monospace"]


def translations() -> gr.I18n:
    """All languages' texts, for Gradio to choose from by the browser's language."""
    return gr.I18n(**{language: texts(language) for language in LANGUAGES})


def theme() -> gr.themes.Base:
    """Calm and dense, with the system's fonts: nothing is fetched from another host."""
    return gr.themes.Base(
        primary_hue="indigo",
        secondary_hue="slate",
        neutral_hue="slate",
        font=_FONTS,
        font_mono=_MONO,
        spacing_size="sm",
        radius_size="md",
    ).set(
        # What explains is read from the last row too: 7 to 1 and more on white, where Gradio's greys are 2.6 to 1.
        body_text_color_subdued="*neutral_600",
        block_info_text_color="*neutral_600",
        block_label_text_color="*neutral_600",
        block_title_text_color="*neutral_700",
        input_placeholder_color="*neutral_500",
    )


def head() -> str:
    """What the live components need to know, and the script that defines them."""
    known = {
        "columns": COLUMNS,
        "principal": PRINCIPAL,
        "directions": MOST_DIRECTIONS,
        "paths": {"keys": MOST_KEYS, "per_segment": MOST_PER_SEGMENT, "steps": MOST_STEPS},
        "metrics": {name: row.best for name, row in METRICS.items()},
        "texts": {language: texts(language) for language in LANGUAGES},
    }
    data = json.dumps(known, ensure_ascii=False).replace("</", "<\\/")
    return (
        f"<script>window.ganStudioData = {data};</script>"
        '<script src="live/static/quiet.js"></script>'
        '<link rel="stylesheet" href="live/vendor/uplot/uPlot.min.css">'
        '<script type="module" src="live/static/main.js"></script>'
    )


def build_page(session: Session, monitor: QualityMonitor, i18n: gr.I18n, device: str | None = None) -> gr.Blocks:
    """The Gradio page of ``session``; ``device`` is what new runs are set to compute on."""
    with gr.Blocks(title="GAN Studio", analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600)) as page:
        gr.HTML("<gan-header></gan-header>", elem_id="header", js_on_load=None)
        with gr.Tabs():
            with gr.Tab(i18n("tab.train"), id="train-tab"):
                on_load = build_train_tab(session, i18n, device)
            with gr.Tab(i18n("tab.latent"), id="latent-tab") as latent_tab:
                build_latent_tab(session, i18n, latent_tab)
            with gr.Tab(i18n("tab.quality"), id="quality-tab"):
                build_quality_tab(monitor, i18n, page)
            with gr.Tab(i18n("tab.human"), id="human-tab") as human_tab:
                build_human_tab(session, i18n, human_tab)
            with gr.Tab(i18n("tab.match"), id="match-tab") as match_tab:
                build_match_tab(session, i18n, match_tab)
        on_load(page)
    return page
