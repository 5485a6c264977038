"""What the Train tab's handlers say, without a browser."""

import gradio as gr

from gan_studio.config import FIELDS
from gan_studio.ui.controls import shown_values
from gan_studio.ui.train_tab import build_train_tab, default_config
from tests.conftest import tiny_config


def test_a_name_that_is_taken_is_refused_and_said(session):
    with gr.Blocks() as page:
        build_train_tab(session, lambda key: key, "cpu")
    save = next(handler.fn for handler in page.fns.values() if handler.name == "save_run")
    session.step_once(tiny_config())
    assert "note.saved" in save("my-first-gan")[1]
    session.reset(tiny_config())
    _, said = save("my-first-gan")
    assert 'class="fault"' in said and "called my-first-gan already: choose another name" in said
    assert "note.saved" in save("my-second-gan")[1]


def test_who_starts_before_the_page_has_filled_its_controls_gets_the_default_preset(session):
    with gr.Blocks() as page:
        build_train_tab(session, lambda key: key, "cpu")
    held = {block.elem_id: getattr(block, "value", None) for block in page.blocks.values()}
    assert [held[f"field-{name}"] for name in FIELDS] == shown_values(default_config("cpu"))
