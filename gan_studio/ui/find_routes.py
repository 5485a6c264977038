"""The routes of the Find tab: target pictures, and searches for the latents that make them."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import torch
from fastapi import FastAPI, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from gan_studio.data.pixels import to_bytes
from gan_studio.errors import in_words
from gan_studio.explorer import Explorer
from gan_studio.into.finder import Finder, FindRequest, Problem, Progress, SeenRequest, picture_shape, problem_of
from gan_studio.into.targets import MOST_UPLOAD_BYTES, real_picture, uploaded_picture
from gan_studio.judges.player import HeldOut
from gan_studio.latent.source import LIVE, Label, Seed, Source, SourceName
from gan_studio.latent.vectors import pack
from gan_studio.ui.encode import sheet_png, sheet_text
from gan_studio.ui.routes import (
    MOST_LATENT_BYTES,
    NO_STORE,
    json_beside,
    json_response,
    read_body,
    read_bytes,
    said,
    while_listening,
)


class AboutRequest(BaseModel):
    """Which generator."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: SourceName = LIVE


class RealRequest(AboutRequest):
    """A real picture like those that ``source`` was trained on; ``label`` None: of any class."""

    label: Label | None = None
    seed: Seed = 0


class StopRequest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    search: Annotated[str, Field(max_length=40)]


def add_find_routes(app: FastAPI, explorer: Explorer, finder: Finder, real: HeldOut) -> None:
    """Add ``/live/find...`` to ``app``; must happen before Gradio is mounted at the root."""
    _add_targets(app, explorer, real)

    @app.post("/live/find")
    @said
    async def start(request: Request) -> Response:
        name = finder.start(await read_body(request, FindRequest, MOST_LATENT_BYTES))
        return json_response({"search": name})

    @app.get("/live/find")
    @said
    async def progress(search: str, step: int = -1) -> Response:
        """How far it is; with pictures only where it is further than ``step``."""
        return await json_beside(_progress, finder.progress(search), step)

    @app.post("/live/find/stop")
    @said
    async def stop(request: Request) -> Response:
        finder.stop((await read_body(request, StopRequest)).search)
        return json_response({})


def _add_targets(app: FastAPI, explorer: Explorer, real: HeldOut) -> None:
    @app.post("/live/find/about")
    @said
    async def about(request: Request) -> Response:
        wanted = await read_body(request, AboutRequest)
        return json_response(await while_listening(request, explorer.quick(wanted.source, _about)))

    @app.post("/live/find/real")
    @said
    async def a_real_one(request: Request) -> Response:
        wanted = await read_body(request, RealRequest)
        config, space = await while_listening(request, explorer.quick(wanted.source, lambda s: (s.config, s.space)))

        def look() -> tuple[torch.Tensor, dict[str, Any]]:
            found = real_picture(real.like(config, space, wanted.source), wanted.label, wanted.seed)
            return found.image, {"class": found.class_name, "label": found.label, "typical": found.typical}

        image, description = await asyncio.to_thread(look)
        return _picture(image, **description)

    @app.post("/live/find/upload")
    @said
    async def upload(request: Request, source: Annotated[str, Query(max_length=100)] = LIVE) -> Response:
        file = await read_bytes(request, MOST_UPLOAD_BYTES)
        # One at a time: a large photograph takes a second and hundreds of megabytes while it is decoded.
        image = explorer.study(source, lambda it: uploaded_picture(file, picture_shape(it)))
        return _picture(await while_listening(request, image))

    @app.post("/live/find/seen")
    @said
    async def seen(request: Request) -> Response:
        wanted = await read_body(request, SeenRequest, MOST_LATENT_BYTES)
        problem = await while_listening(request, explorer.quick(wanted.source, lambda it: problem_of(wanted, it)))
        return _picture(to_bytes(problem.seen))


def _about(source: Source) -> dict[str, Any]:
    return {
        "shape": picture_shape(source),
        "classes": source.space.classes,
        "conditional": source.conditional,
        "latent_size": source.latent_size,
    }


def _picture(image: torch.Tensor, **about: Any) -> Response:
    headers = {**NO_STORE, "X-Drawing": json.dumps({"columns": 1, "count": 1, **about})}
    return Response(sheet_png(image[None], 1), media_type="image/png", headers=headers)


def _progress(progress: Progress, known: int) -> dict[str, Any]:
    answer = {
        "state": progress.state,
        "message": in_words(progress.message),
        "steps": progress.steps,
        "weights": progress.weights,
        "seconds": round(progress.seconds, 2),
        "curve": [[_short(value) for value in point] for point in progress.curve],
        "step": progress.found.step if progress.found else -1,
    }
    return answer if answer["step"] <= known else {**answer, **_found(progress, progress.problem)}


def _found(progress: Progress, problem: Problem) -> dict[str, Any]:
    """The latents, best first, with their errors and pictures; errors are roots of the mean square."""
    found = progress.found
    whole = problem.composite(found.pictures)
    off = (whole - problem.target).square().flatten(1).mean(1).sqrt().tolist()
    same_size = problem.seen.shape == problem.target.shape
    return {
        "z": [pack(latent) for latent in found.latents],
        "labels": progress.labels.tolist() if progress.labels is not None else None,
        "restarts": found.restarts.tolist(),
        "errors": [_short(error) for error in found.errors.sqrt().tolist()],
        "off": [_short(error) for error in off],
        "pictures": _sheet(found.pictures),
        "composites": _sheet(whole) if problem.mask is not None else None,
        "seen": _sheet(problem.seen[None]),
        "seen_off": _short((problem.seen - problem.target).square().mean().sqrt().item()) if same_size else None,
    }


def _sheet(pictures: torch.Tensor) -> str:
    return sheet_text(to_bytes(pictures.nan_to_num()), len(pictures))


def _short(value: float) -> float:
    return float(f"{value:.5g}")
