"""The route of the Honest tab: generated pictures and the training pictures nearest to them."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Annotated, Any

import torch
from fastapi import FastAPI, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from gan_studio.config import RunConfig
from gan_studio.errors import StudioError
from gan_studio.explorer import Explorer, draw
from gan_studio.into.comparer import Comparer
from gan_studio.latent.source import LIVE, Label, Seed, Source, SourceName
from gan_studio.latent.vectors import Packed, unpack_one
from gan_studio.metrics.copies import Nearest, Preparing, Space
from gan_studio.ui.encode import sheet_text
from gan_studio.ui.routes import MOST_LATENT_BYTES, json_response, read_body, said, while_listening

MOST_COMPARED = 12


class HonestRequest(BaseModel):
    """Compare the picture of ``z`` or, without it, twelve random ones of ``seed``, with ``neighbours`` each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: SourceName = LIVE
    label: Label = 0
    z: Packed = ""
    seed: Seed = 0
    spaces: Annotated[tuple[Space, ...], Field(min_length=1, max_length=2)] = ("pixels", "features")
    neighbours: Annotated[int, Field(ge=1, le=4)] = 1


def add_honest_routes(app: FastAPI, explorer: Explorer, comparer: Comparer) -> None:
    """Add ``/live/honest`` to ``app``; must happen before Gradio is mounted at the root."""

    @app.post("/live/honest")
    @said
    async def honest(request: Request) -> Response:
        wanted = await read_body(request, HonestRequest, MOST_LATENT_BYTES)
        config, images, step = await while_listening(request, explorer.quick(wanted.source, _draw, wanted))
        answer: dict[str, Any] = {"step": step, "count": len(images), "sheet": await asyncio.to_thread(_sheet, images)}
        for space in wanted.spaces:
            found = comparer.nearest(config, images, space, wanted.neighbours)
            if isinstance(found, Future):
                found = await asyncio.to_thread(_found, *await while_listening(request, found))
            answer[space] = {"preparing": found.share} if isinstance(found, Preparing) else found
        return json_response(answer)


def _draw(source: Source, wanted: HonestRequest) -> tuple[RunConfig, torch.Tensor, int]:
    if source.space.is_points:
        raise StudioError("this generator draws points: there are no pictures to compare", "error.copies_points")
    if wanted.z:
        z = unpack_one(wanted.z, source.latent_size)[None]
        return source.config, draw(source, z, wanted.label), source.step
    z = torch.randn(MOST_COMPARED, source.latent_size, generator=torch.Generator().manual_seed(wanted.seed))
    return source.config, source.draw(z), source.step


def _found(nearest: Nearest, pictures: torch.Tensor) -> dict[str, Any]:
    return {
        "distances": [[_short(value) for value in row] for row in nearest.distances.tolist()],
        "suspicious": nearest.suspicious.tolist(),
        "limit": _short(nearest.limit),
        "neighbours": nearest.indices.shape[1],
        "sheet": _sheet(pictures),
    }


def _sheet(pictures: torch.Tensor) -> str:
    return sheet_text(pictures, len(pictures))


def _short(value: float) -> float:
    return float(f"{value:.4g}")
