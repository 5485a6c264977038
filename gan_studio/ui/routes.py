"""The live routes beside Gradio's: the stream, its polling twin, pictures of latents, and quality numbers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ValidationError
from starlette.staticfiles import StaticFiles

from gan_studio.assets import asset_dir
from gan_studio.errors import StudioError
from gan_studio.explorer import Drawing, Explorer
from gan_studio.latent.source import PATH_FRAMES, VARIATIONS, DrawRequest, LatentRequest
from gan_studio.latent.vectors import pack
from gan_studio.quality import QualityMonitor
from gan_studio.ui.encode import sheet_png
from gan_studio.ui.stream import Cursor, Hub

_MOST_BYTES = 10_000
MOST_LATENT_BYTES = 4_000_000
"""Of a request that brings latents."""
SHEET_COLUMNS = 20
NO_STORE = {"Cache-Control": "no-store"}

Handler = Callable[..., Awaitable[Response]]
Body = TypeVar("Body", bound=BaseModel)


def add_live_routes(app: FastAPI, hub: Hub, explorer: Explorer, monitor: QualityMonitor) -> None:
    """Add ``/live/...`` to ``app``; must happen before Gradio is mounted at the root."""

    @app.get("/live/stream")
    async def stream(request: Request, cursor: str = "") -> StreamingResponse:
        cursor = request.headers.get("last-event-id", cursor)
        headers = {**NO_STORE, "X-Accel-Buffering": "no"}  # proxies must not hold events back
        return StreamingResponse(hub.events(Cursor.parse(cursor)), media_type="text/event-stream", headers=headers)

    @app.get("/live/state")
    async def state(cursor: str = "", published: float | None = None) -> Response:
        """The same as one message; nothing (204) for who has the snapshot of the time ``published``."""
        if published == hub.published:
            return Response(status_code=204, headers=NO_STORE)
        message, _ = hub.message(Cursor.parse(cursor))
        return Response(message, media_type="application/json", headers=NO_STORE)

    @app.post("/live/latent")
    @said
    async def latent(request: Request) -> Response:
        wanted = await read_body(request, LatentRequest)
        drawing = await asyncio.wrap_future(explorer.submit(wanted))
        explained = [round(share, 4) for share in drawing.explained]
        return drawing_response(
            drawing,
            PATH_FRAMES if wanted.view == "path" else VARIATIONS + 1,
            explained=explained,
            z=pack(drawing.latents[0]),
        )

    @app.post("/live/draw")
    @said
    async def draw(request: Request) -> Response:
        wanted = await read_body(request, DrawRequest, MOST_LATENT_BYTES)
        drawing = await asyncio.wrap_future(explorer.submit(wanted))
        return drawing_response(drawing, min(len(drawing.images), SHEET_COLUMNS))

    @app.get("/live/classes")
    @said
    async def classes(source: str) -> Response:
        """The names of the classes that ``source`` can be asked for; none where it knows none."""
        names = await asyncio.wrap_future(explorer.quick(source, lambda it: it.space.classes if it.conditional else ()))
        return JSONResponse(names, headers=NO_STORE)

    @lru_cache(maxsize=1)
    def encoded_numbers(version: float) -> bytes:
        """Once for all viewers."""
        return json.dumps(monitor.numbers()).encode()

    @app.get("/live/quality")
    async def quality(known: float | None = None) -> Response:
        """The state, and the numbers unless those of version ``known`` are still the newest."""
        status = monitor.status()
        text = json.dumps(status).encode()
        if known != status["version"]:
            text = b"%s,%s" % (text[:-1], encoded_numbers(status["version"])[1:])
        return Response(text, media_type="application/json", headers=NO_STORE)

    app.mount("/live/static", StaticFiles(directory=Path(__file__).parent / "static"))
    app.mount("/live/vendor", StaticFiles(directory=asset_dir() / "vendor"))


def drawing_response(drawing: Drawing, columns: int, **more: Any) -> Response:
    """The pictures as one PNG sheet; what they are goes into a header."""
    about = {
        "step": drawing.step,
        "latent_size": drawing.latents.shape[1],
        "columns": columns,
        "count": len(drawing.images),
        "class": drawing.class_name,
        **more,
    }
    headers = {**NO_STORE, "X-Drawing": json.dumps(about)}
    return Response(sheet_png(drawing.images, columns), media_type="image/png", headers=headers)


async def read_body(request: Request, model: type[Body], most: int = _MOST_BYTES) -> Body:
    """The request's JSON as a ``model``; raises :class:`StudioError` naming what is wrong with it."""
    body = await read_bytes(request, most)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "request"
        raise StudioError(f"{where}: {first['msg']}") from None


async def read_bytes(request: Request, most: int) -> bytes:
    """The request's body; raises :class:`StudioError` where it is larger than ``most`` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise StudioError(f"the request is larger than {most} bytes")
    return bytes(body)


def said(handler: Handler) -> Handler:
    """What cannot be done becomes a sentence for the page."""

    @wraps(handler)
    async def guarded(*arguments: object, **named: object) -> Response:
        try:
            return await handler(*arguments, **named)
        except StudioError as error:
            return JSONResponse({"error": str(error)}, 422)

    return guarded
