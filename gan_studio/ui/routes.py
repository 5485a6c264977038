"""The live routes beside Gradio's: the stream, its polling twin, pictures of latents, and quality numbers."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, TypeVar

import torch
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ValidationError
from starlette.staticfiles import StaticFiles

from gan_studio.assets import asset_dir
from gan_studio.errors import StudioError
from gan_studio.explorer import PIECE, Drawing, Explorer, draw, draw_first, is_small
from gan_studio.latent.source import PATH_FRAMES, DrawRequest, LatentRequest, Source
from gan_studio.latent.vectors import pack
from gan_studio.quality import QualityMonitor
from gan_studio.ui.encode import sheet_file
from gan_studio.ui.stream import Cursor, Hub

_MOST_BYTES = 10_000
MOST_LATENT_BYTES = 4_000_000
"""Of a request that brings latents."""
SHEET_COLUMNS = 20
_MOST_VOTERS = 100  # named in an answer
NO_STORE = {"Cache-Control": "no-store"}
_GONE_SECONDS = 0.2

Handler = Callable[..., Awaitable[Response]]
Body = TypeVar("Body", bound=BaseModel)
T = TypeVar("T")


def add_live_routes(app: FastAPI, hub: Hub, monitor: QualityMonitor) -> None:
    """Add what streams and the page's own files; all of ``/live/...`` must be there before Gradio is mounted."""

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

    @lru_cache(maxsize=1)
    def encoded_numbers(version: float) -> bytes:
        """Once for all viewers."""
        return json.dumps(finite(monitor.numbers())).encode()

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


def add_drawing_routes(app: FastAPI, explorer: Explorer) -> None:
    """Add the pictures of latents."""

    @app.post("/live/latent")
    @said
    async def latent(request: Request) -> Response:
        wanted = await read_body(request, LatentRequest)
        drawing = await while_listening(request, explorer.submit(wanted))
        explained = [round(share, 4) for share in drawing.explained]
        return await drawing_response(
            drawing,
            PATH_FRAMES if wanted.view == "path" else wanted.variations + 1,
            explained=explained,
            z=pack(drawing.latents[0]),
        )

    @app.post("/live/draw")
    @said
    async def pictures(request: Request) -> Response:
        wanted = await read_body(request, DrawRequest, MOST_LATENT_BYTES)
        if is_small(wanted):
            drawing = await while_listening(request, explorer.submit(wanted))
            return await drawing_response(drawing, min(len(drawing.images), SHEET_COLUMNS))
        drawing, labels, source = await while_listening(request, explorer.quick(wanted.source, draw_first, wanted))
        if source:
            labels = None if labels is None else labels[PIECE:]
            others = await draw_in_pieces(request, explorer, source, drawing.latents[PIECE:], labels)
            drawing = replace(drawing, images=torch.cat([drawing.images, others]))
        return await drawing_response(drawing, min(len(drawing.images), SHEET_COLUMNS))

    @app.get("/live/classes")
    @said
    async def classes(request: Request, source: str) -> Response:
        """The names of the classes that ``source`` can be asked for; none where it knows none."""
        wanted = explorer.quick(source, lambda it: it.space.classes if it.conditional else ())
        return json_response(await while_listening(request, wanted))


def json_response(content: Any) -> Response:
    """``content`` as JSON that is not stored; numbers that are none, as a diverged run has them, become null."""
    return JSONResponse(finite(content), headers=NO_STORE)


def finite(content: Any) -> Any:
    """The same JSON value with None for NaN and infinity, for which JSON has no word."""
    if isinstance(content, dict):
        return {name: finite(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


async def drawing_response(drawing: Drawing, columns: int, **more: Any) -> Response:
    """The pictures as one PNG sheet; what they are goes into a header."""
    about = {
        "step": drawing.step,
        "latent_size": drawing.latents.shape[1],
        "columns": columns,
        "count": len(drawing.images),
        "class": drawing.class_name,
        "voters": drawing.voters[:_MOST_VOTERS],
        **more,
    }
    headers = {**NO_STORE, "X-Drawing": json.dumps(about)}
    return Response(await sheet_file(drawing.images, columns), media_type="image/png", headers=headers)


async def draw_in_pieces(
    request: Request, explorer: Explorer, source: Source, latents: torch.Tensor, labels: torch.Tensor | None
) -> torch.Tensor:
    """Pictures (N, C, H, W) uint8 of latents (N, Z), as :func:`gan_studio.explorer.draw` gives them, all by ``source``
    as it is, which must be a frozen one."""
    images = []
    for start in range(0, len(latents), PIECE):
        part = slice(start, start + PIECE)
        piece = explorer.go_on_drawing(draw, source, latents[part], None if labels is None else labels[part])
        images.append(await while_listening(request, piece))
    return torch.cat(images)


async def while_listening(request: Request, future: Future[T]) -> T:
    """What ``future`` gives; a piece of work that nobody waits for any more is not begun."""
    waiting = asyncio.wrap_future(future)
    while not waiting.done():
        await asyncio.wait([waiting], timeout=_GONE_SECONDS)
        if not waiting.done() and await request.is_disconnected():
            future.cancel()
            raise StudioError("nobody waits for this any more")
    return waiting.result()


async def json_beside(make: Callable[..., Any], *arguments: object) -> Response:
    """What ``make(*arguments)`` gives, made and written beside the event loop, because it brings pictures."""
    return await asyncio.to_thread(lambda: json_response(make(*arguments)))


async def read_body(request: Request, model: type[Body], most: int = _MOST_BYTES) -> Body:
    """The request's JSON as a ``model``; raises :class:`StudioError` naming what is wrong with it."""
    body = await read_bytes(request, most)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "request"
        text = f"{where}: {first['msg']}"
        raise StudioError(text, "error.request", where=where, problem=first["msg"]) from None


async def read_bytes(request: Request, most: int) -> bytes:
    """The request's body; raises :class:`StudioError` where it is larger than ``most`` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise StudioError(f"the request is larger than {most} bytes", "error.request_size", most=most)
    return bytes(body)


def said(handler: Handler) -> Handler:
    """What cannot be done becomes a sentence for the page."""

    @wraps(handler)
    async def guarded(*arguments: object, **named: object) -> Response:
        try:
            return await handler(*arguments, **named)
        except StudioError as error:
            return JSONResponse(error.sentence.to_json(), 422)

    return guarded
