"""The routes of the Latent tab's map, pad and cloud."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import Response

from gan_studio.explorer import Explorer, draw_map, is_small
from gan_studio.into.comparer import Comparer
from gan_studio.judges.heat import HeatMaps, HeatRequest
from gan_studio.judges.player import HeldOut
from gan_studio.latent.maps import BlendRequest, MapRequest, PlaneRequest, pack_plane, plane_of
from gan_studio.latent.source import Source
from gan_studio.latent.vectors import pack
from gan_studio.metrics.cloud import Cloud, CloudRequest, Clouds
from gan_studio.metrics.copies import Preparing
from gan_studio.ui.encode import sheet_text
from gan_studio.ui.routes import (
    MOST_LATENT_BYTES,
    drawing_response,
    json_beside,
    json_response,
    read_body,
    said,
    while_listening,
)

_COLUMNS = 8
_CLOUD_COLUMNS = 50


def add_map_routes(app: FastAPI, explorer: Explorer, real: HeldOut, comparer: Comparer) -> None:
    """Add ``/live/plane``, ``/live/map``, ``/live/heat``, ``/live/blend`` and ``/live/cloud`` to ``app``."""
    heats, clouds = HeatMaps(real, comparer.pictures), Clouds(real)

    @app.post("/live/plane")
    @said
    async def plane(request: Request) -> Response:
        wanted = await read_body(request, PlaneRequest, MOST_LATENT_BYTES)
        return json_response(await while_listening(request, explorer.quick(wanted.source, _plane, wanted)))

    @app.post("/live/map")
    @said
    async def places(request: Request) -> Response:
        wanted = await read_body(request, MapRequest, MOST_LATENT_BYTES)
        drawing = await while_listening(request, explorer.quick(wanted.source, draw_map, wanted))
        return await drawing_response(drawing, min(len(drawing.images), _COLUMNS))

    @app.post("/live/blend")
    @said
    async def blend(request: Request) -> Response:
        wanted = await read_body(request, BlendRequest, MOST_LATENT_BYTES)
        future = explorer.submit(wanted) if is_small(wanted) else explorer.quick(wanted.source, draw_map, wanted)
        drawing = await while_listening(request, future)
        return await drawing_response(drawing, min(len(drawing.images), _COLUMNS), z=pack(drawing.latents[0]))

    @app.post("/live/heat")
    @said
    async def heat(request: Request) -> Response:
        wanted = await read_body(request, HeatRequest, MOST_LATENT_BYTES)
        found = await while_listening(
            request, explorer.study_player(wanted.source, heats.measure, wanted, shared=True, step=wanted.step)
        )
        if isinstance(found, Preparing):
            return json_response({"preparing": found.share})
        values = [round(value, 5) for value in found.values.nan_to_num(0, 1e9, -1e9).tolist()]
        answer = {"values": values, "names": found.names, "limit": found.limit, "step": found.step}
        return json_response(answer)

    @app.post("/live/cloud")
    @said
    async def cloud(request: Request) -> Response:
        wanted = await read_body(request, CloudRequest)
        found = await while_listening(request, explorer.study_player(wanted.source, clouds.make, wanted))
        return await json_beside(_cloud_json, found)


def _plane(source: Source, request: PlaneRequest) -> dict:
    plane, marks = plane_of(request, source)
    return {"plane": pack_plane(plane), "marks": marks.tolist(), "latent_size": source.latent_size}


def _cloud_json(cloud: Cloud) -> dict:
    return {
        "places": [round(number, 4) for number in cloud.places.flatten().tolist()],
        "classes": cloud.classes.tolist(),
        "names": cloud.names,
        "neighbours": cloud.neighbours.tolist(),
        "generated": cloud.generated,
        "count": len(cloud.places),
        "columns": _CLOUD_COLUMNS,
        "what": cloud.what,
        "step": cloud.step,
        "png": sheet_text(cloud.images, _CLOUD_COLUMNS),
    }
