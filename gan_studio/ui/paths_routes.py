"""The routes of paths: their frames at once, their curves when a study has measured them, and films."""

from __future__ import annotations

import math
from typing import Any

import torch
from fastapi import FastAPI, Request
from fastapi.responses import Response

from gan_studio.errors import StudioError
from gan_studio.explorer import PIECE, Explorer, draw
from gan_studio.judges.along import Curves, curves_along
from gan_studio.judges.player import HeldOut, Player
from gan_studio.latent.export import FORMATS, encode_film
from gan_studio.latent.journey import FilmRequest, Journey, PathRequest, journey_of
from gan_studio.latent.paths import shell
from gan_studio.latent.source import Source
from gan_studio.ui.encode import sheet_text
from gan_studio.ui.routes import (
    MOST_LATENT_BYTES,
    NO_STORE,
    draw_in_pieces,
    json_beside,
    json_response,
    read_body,
    said,
    while_listening,
)

_COLUMNS = 24


def add_paths_routes(app: FastAPI, explorer: Explorer, real: HeldOut) -> None:
    """Add ``/live/path...`` to ``app``; must happen before Gradio is mounted at the root."""

    @app.post("/live/path")
    @said
    async def path(request: Request) -> Response:
        wanted = await read_body(request, PathRequest, MOST_LATENT_BYTES)
        return await json_beside(_path_field, *await _draw_path(request, explorer, wanted))

    @app.post("/live/path/curves")
    @said
    async def curves(request: Request) -> Response:
        wanted = await read_body(request, PathRequest, MOST_LATENT_BYTES)
        measured = await while_listening(request, explorer.study_player(wanted.source, _measure, wanted, real))
        return json_response(_curves_field(measured))

    @app.post("/live/path/film")
    @said
    async def film(request: Request) -> Response:
        wanted = await read_body(request, FilmRequest, MOST_LATENT_BYTES)
        data = await while_listening(request, explorer.study(wanted.source, _film, wanted))
        return Response(data, media_type=FORMATS[wanted.format], headers=NO_STORE)


async def _draw_path(request: Request, explorer: Explorer, wanted: PathRequest) -> tuple[dict[str, Any], torch.Tensor]:
    """What is known of the path, and the frames of all rows, one row after the other."""
    about, journey, source = await while_listening(request, explorer.quick(wanted.source, _plan, wanted))
    rows = [await draw_in_pieces(request, explorer, source, z, journey.labels) for z in journey.rows.values()]
    return about, torch.cat(rows)


def _path_field(about: dict[str, Any], frames: torch.Tensor) -> dict[str, Any]:
    rows = math.ceil(len(frames) / _COLUMNS)
    return {**about, "columns": _COLUMNS, "rows": rows, "png": sheet_text(frames, _COLUMNS)}


def _plan(source: Source, wanted: PathRequest) -> tuple[dict[str, Any], Journey, Source]:
    """What is known of the path, the path, and what draws all of it while training goes on."""
    journey = journey_of(wanted, source)
    norms = {name: _short(latents.norm(dim=1)) for name, latents in journey.rows.items()}
    about = {
        "step": source.step,
        "latent_size": source.latent_size,
        "classes": list(source.space.classes) if source.conditional else [],
        "count": len(next(iter(journey.rows.values()))),
        "norms": norms,
        "shell": shell(source.latent_size),
        "stops": journey.stops,
        "through": journey.classes,
    }
    return about, journey, source.frozen()


def _measure(player: Player, wanted: PathRequest, real: HeldOut) -> Curves:
    return curves_along(player, real.of(player), journey_of(wanted, player.source), wanted.closed)


def _film(source: Source, wanted: FilmRequest) -> bytes:
    journey = journey_of(wanted, source)
    if wanted.row not in journey.rows:
        raise StudioError(f"row: this path has {' and '.join(journey.rows)}, not {wanted.row}")
    latents, labels = journey.rows[wanted.row], journey.labels
    parts = [slice(start, start + PIECE) for start in range(0, len(latents), PIECE)]
    images = torch.cat([draw(source, latents[part], None if labels is None else labels[part]) for part in parts])
    return encode_film(images, wanted.format, wanted.frames_per_second)


def _curves_field(curves: Curves) -> dict[str, Any]:
    return {
        "step": curves.step,
        "is_probability": curves.is_probability,
        "threshold": curves.threshold,
        "measured_in": curves.measured_in,
        "scores": {name: _short(along.scores) for name, along in curves.rows.items()},
        "distances": {name: _short(along.distances) for name, along in curves.rows.items()},
    }


def _short(values: torch.Tensor) -> list[float]:
    """Four digits of each."""
    return [float(f"{value:.4g}") for value in values.tolist()]
