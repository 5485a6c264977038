"""The Quality tab: which numbers are measured and how often; the live component draws them."""

from __future__ import annotations

from typing import Any

import gradio as gr

from gan_studio.metrics.registry import METRICS
from gan_studio.quality import Plan, QualityMonitor, offered
from gan_studio.ui.controls import PLAIN, Translate
from gan_studio.ui.notices import try_to


def build_quality_tab(monitor: QualityMonitor, say: Translate, page: gr.Blocks) -> None:
    """Build the contents of the present tab of ``page``."""
    with gr.Row(elem_id="quality"):
        with gr.Column(scale=1, min_width=290, elem_id="quality-controls"):
            with gr.Row():
                begin = gr.Button(say("quality.begin"), variant="primary", min_width=60, elem_id="quality-begin")
                end = gr.Button(say("quality.end"), min_width=60, elem_id="quality-end")
            notice = gr.HTML(elem_id="quality-notice", js_on_load=None)
            with gr.Row():
                interval = gr.Number(
                    label=say("quality.interval"), precision=0, min_width=120, elem_id="quality-interval"
                )
                count = gr.Number(label=say("quality.count"), precision=0, min_width=120, elem_id="quality-count")
            chosen = [
                gr.CheckboxGroup(
                    [(say(f"metric.{name}"), name) for name in names],
                    label=say(f"quality.{kind}"),
                    elem_id=f"quality-{kind}",
                )
                for kind, names in offered().items()
            ]
        with gr.Column(scale=4, min_width=480):
            gr.HTML("<gan-quality></gan-quality>", elem_id="quality-board", js_on_load=None)
    controls = [interval, count, *chosen]

    def measure(seconds: float | None, samples: float | None, *groups: list[str]) -> str:
        names = tuple(name for name in METRICS for group in groups if name in group)
        return try_to(lambda: monitor.begin(Plan(names, seconds or 0, int(samples or 0))))

    begin.click(measure, controls, notice, **PLAIN)
    end.click(lambda: try_to(monitor.end), None, notice, **PLAIN)
    page.load(lambda: _shown(monitor.plan), None, controls, **PLAIN)


def _shown(plan: Plan) -> list[Any]:
    groups = [[name for name in names if name in plan.names] for names in offered().values()]
    return [plan.interval, plan.count, *groups]
