"""The visitor's own data: pictures or a zip of them, a file of points, or points drawn on the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from gan_studio.data.uploads import keep_drawing, keep_upload, list_uploads
from gan_studio.session import Session
from gan_studio.ui.controls import PLAIN, Translate
from gan_studio.ui.notices import note, try_to

FILE_TYPES = ["image", ".zip", ".csv", ".json"]


def build_own_data(
    session: Session, say: Translate, notice: gr.HTML, group: gr.Accordion, controls: dict[str, Any]
) -> None:
    """Build the upload and the drawing pad inside ``group``; they set the ``controls`` dataset and source."""
    dataset, source = controls["dataset"], controls["source"]
    upload = gr.File(
        label=say("data.upload"), file_count="multiple", file_types=FILE_TYPES, elem_id="data-upload", height=120
    )
    gr.HTML("<gan-pad></gan-pad>", elem_id="data-pad", js_on_load=None)
    drawn = gr.Textbox(elem_id="drawn-points", visible="hidden")
    use = gr.Button(elem_id="use-drawn-points", visible="hidden")

    def choices() -> list[tuple[str, str]]:
        return [("–", ""), *((Path(path).name, path) for path in list_uploads(session.data_dir))]

    def taken(name: str, path: str) -> tuple[Any, Any, str]:
        return name, gr.update(choices=choices(), value=path), note("note.data", Path(path).name)

    def keep_files(files: list[str] | None) -> tuple[Any, Any, str]:
        if not files:
            return gr.skip(), gr.skip(), gr.skip()
        kept: list[tuple[str, str]] = []
        said = try_to(lambda: kept.append(keep_upload([Path(file) for file in files], session.data_dir)))
        return (gr.skip(), gr.skip(), said) if said else taken(*kept[0])

    def keep_points(text: str) -> tuple[Any, Any, str]:
        kept: list[str] = []
        said = try_to(lambda: kept.append(keep_drawing(text, session.data_dir)))
        return (gr.skip(), gr.skip(), said) if said else taken("points", kept[0])

    upload.upload(keep_files, upload, [dataset, source, notice], **PLAIN)
    use.click(keep_points, drawn, [dataset, source, notice], **PLAIN)
    group.expand(lambda: gr.update(choices=choices()), None, source, **PLAIN)
