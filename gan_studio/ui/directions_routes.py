"""The routes of the Directions tab, beside Gradio's."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import Response

from gan_studio.explorer import Explorer
from gan_studio.latent.sliders import (
    AttributeRequest,
    Directions,
    DirectionsRequest,
    attribute_of,
    directions_of,
)
from gan_studio.latent.vectors import pack
from gan_studio.ui.routes import MOST_LATENT_BYTES, json_response, read_body, said, while_listening


def add_directions_routes(app: FastAPI, explorer: Explorer) -> None:
    """Add ``/live/directions`` and ``/live/attribute`` to ``app``; must happen before Gradio is mounted at the root."""

    @app.post("/live/directions")
    @said
    async def directions(request: Request) -> Response:
        wanted = await read_body(request, DirectionsRequest, MOST_LATENT_BYTES)
        ask = explorer.study if wanted.kind == "layer" else explorer.quick
        return _answer(await while_listening(request, ask(wanted.source, directions_of, wanted)))

    @app.post("/live/attribute")
    @said
    async def attribute(request: Request) -> Response:
        wanted = await read_body(request, AttributeRequest, MOST_LATENT_BYTES)
        return _answer(await while_listening(request, explorer.study(wanted.source, attribute_of, wanted)))


def _answer(found: Directions) -> Response:
    about = {
        "step": found.step,
        "latent_size": found.directions.shape[1],
        "directions": pack(found.directions),
        "explained": [round(share, 5) for share in found.explained.tolist()],
        "layers": found.layers,
        "accuracy": found.accuracy,
        "voters": found.voters,
    }
    return json_response(about)
