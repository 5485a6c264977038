"""The tabs in which people and other runs' discriminators judge a generator.

As in the Latent tab, the buttons never reach Gradio's server side: the browser asks the live routes itself.
"""

from __future__ import annotations

import gradio as gr

from gan_studio.judges.match import BATCH, MOST, MOST_SAMPLES, SAMPLES
from gan_studio.session import Session
from gan_studio.ui.controls import PLAIN, Translate
from gan_studio.ui.sources import choose_source

_BEGIN = "(source, seed) => { window.ganStudio?.beginTest(source, seed); }"
_PLAY = "(players, samples, seed) => { window.ganStudio?.playMatch(players, samples, seed); }"
_STOP = "() => { window.ganStudio?.stopMatch(); }"


def build_human_tab(session: Session, say: Translate, tab: gr.Tab) -> None:
    """Build the human test inside ``tab``."""
    with gr.Row(elem_id="human"):
        with gr.Column(scale=1, min_width=290, elem_id="human-controls"):
            source = choose_source(
                session, say, tab, label=say("latent.source"), info=say("latent.source.info"), elem_id="human-source"
            )
            seed = gr.Number(
                1, label=say("human.seed"), info=say("human.seed.info"), precision=0, minimum=0, elem_id="human-seed"
            )
            begin = gr.Button(say("human.start"), variant="primary", elem_id="human-start")
        with gr.Column(scale=4, min_width=480):
            gr.HTML('<gan-human class="judging"></gan-human>', elem_id="human-board", js_on_load=None)
    begin.click(None, [source, seed], None, js=_BEGIN, **PLAIN)


def build_match_tab(session: Session, say: Translate, tab: gr.Tab) -> None:
    """Build the match between runs inside ``tab``."""
    with gr.Row(elem_id="match"):
        with gr.Column(scale=1, min_width=290, elem_id="match-controls"):
            players = choose_source(
                session, say, tab, [], multiselect=True, max_choices=MOST, label=say("match.players"),
                info=say("match.players.info"), elem_id="match-players",
            )  # fmt: skip
            samples = gr.Number(
                SAMPLES, label=say("match.samples"), precision=0, minimum=BATCH, maximum=MOST_SAMPLES,
                elem_id="match-samples",
            )  # fmt: skip
            seed = gr.Number(0, label=say("match.seed"), precision=0, minimum=0, elem_id="match-seed")
            with gr.Row():
                play = gr.Button(say("match.play"), variant="primary", min_width=60, elem_id="match-play")
                stop = gr.Button(say("match.stop"), min_width=60, elem_id="match-stop")
        with gr.Column(scale=4, min_width=480):
            gr.HTML('<gan-match class="judging"></gan-match>', elem_id="match-board", js_on_load=None)
    play.click(None, [players, samples, seed], None, js=_PLAY, **PLAIN)
    stop.click(None, None, None, js=_STOP, **PLAIN)
