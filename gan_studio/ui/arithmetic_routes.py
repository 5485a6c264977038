"""The route of crossings, beside Gradio's; sums of latents are made in the browser."""

from __future__ import annotations

import torch
from fastapi import FastAPI, Request
from fastapi.responses import Response

from gan_studio.explorer import Drawing, Explorer, as_pictures
from gan_studio.latent.crossing import Children, CrossRequest, cross_in
from gan_studio.latent.source import Source
from gan_studio.latent.vectors import unpack
from gan_studio.ui.routes import MOST_LATENT_BYTES, SHEET_COLUMNS, drawing_response, read_body, said, while_listening


def add_arithmetic_routes(app: FastAPI, explorer: Explorer) -> None:
    """Add ``/live/cross`` to ``app``; must happen before Gradio is mounted at the root."""

    @app.post("/live/cross")
    @said
    async def crossing(request: Request) -> Response:
        """Both parents, then the child of each layer, as one sheet."""
        wanted = await read_body(request, CrossRequest, MOST_LATENT_BYTES)
        drawing, family = await while_listening(request, explorer.quick(wanted.source, _draw_children, wanted))
        # A batch normalisation or activation keeps channels apart: a child mixed before it is the same as after it.
        same = [torch.equal(*pair) for pair in zip(drawing.images[2:], drawing.images[3:], strict=False)]
        layers = [[*layer, equal] for layer, equal in zip(family.layers, [False, *same], strict=False)]
        return await drawing_response(drawing, min(len(drawing.images), SHEET_COLUMNS), layers=layers)


def _draw_children(source: Source, request: CrossRequest) -> tuple[Drawing, Children]:
    family, samples = cross_in(source, request)
    parents = unpack(request.z, source.latent_size)
    name = source.class_name(request.label)
    return Drawing(as_pictures(source, samples), parents, source.step, source.explained, name), family
