"""Choosing runs: the live one and the saved ones."""

from __future__ import annotations

from typing import Any

import gradio as gr

from gan_studio.latent.source import LIVE
from gan_studio.session import Session
from gan_studio.training.checkpoint import list_checkpoints
from gan_studio.ui.controls import PLAIN, Translate


def choose_source(
    session: Session, say: Translate, tab: gr.Tab, value: Any = LIVE, none: bool = False, **shown: Any
) -> gr.Dropdown:
    """A choice of the live run and the saved ones, whose list is renewed whenever ``tab`` is opened.

    ``none`` offers "" too.
    """

    def choices() -> list[tuple[Any, str]]:
        return [
            *([("–", "")] if none else []),
            (say("source.live"), LIVE),
            *((name, name) for name in list_checkpoints(session.checkpoints)),
        ]

    source = gr.Dropdown(choices(), value=value, **shown)
    tab.select(lambda: gr.update(choices=choices()), None, source, **PLAIN)
    return source
