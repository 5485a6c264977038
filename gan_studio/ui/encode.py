"""Pictures and snapshots as bytes for the browser."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import math
import zlib
from collections.abc import Iterable

import torch

from gan_studio.data.pixels import tile
from gan_studio.errors import in_words
from gan_studio.events import Measurement
from gan_studio.formulas import losses_of
from gan_studio.snapshot import Snapshot

GRID_COLUMNS = 8
REAL_COLUMNS = 16
MARKED = ("edit", "fault")
"""The kinds of event that the curves show."""
MOST_MARKERS = 200
_QUICK = 60_000  # numbers: seventeen small colour pictures


def sheet_png(images: torch.Tensor, columns: int) -> bytes:
    """Images: (N, C, H, W) uint8 side by side as one PNG file, lightly compressed because it is made often."""
    buffer = io.BytesIO()
    tile(images.permute(0, 2, 3, 1).numpy(), columns).save(buffer, "PNG", compress_level=1, compress_type=zlib.Z_RLE)
    return buffer.getvalue()


async def sheet_file(images: torch.Tensor, columns: int) -> bytes:
    """:func:`sheet_png`, where it takes more than some milliseconds beside the event loop."""
    if images.numel() <= _QUICK:
        return sheet_png(images, columns)
    return await asyncio.to_thread(sheet_png, images, columns)


def sheet_text(images: torch.Tensor, columns: int) -> str:
    """:func:`sheet_png` in base64, for JSON."""
    return base64.b64encode(sheet_png(images, columns)).decode()


def samples_field(samples: torch.Tensor | None, columns: int, extent: float) -> dict | None:
    """Samples as the stream carries them: a sheet of pictures, or points in thousandths of ``extent``."""
    if samples is None:
        return None
    if samples.ndim == 2:
        # A diverged generator's points are anywhere, or nowhere.
        near = (1000 * samples / extent).nan_to_num(nan=9999).clamp(-9999, 9999)
        return {"points": near.round().to(torch.int64).flatten().tolist(), "extent": extent, "count": len(samples)}
    return {"png": sheet_text(samples, columns), "columns": columns, "count": len(samples)}


def surface_field(surface: torch.Tensor | None) -> dict | None:
    """What the discriminator believes over the plane, (S, S) in [0, 1], as bytes, the top row first."""
    if surface is None:
        return None
    shades = (255 * surface.nan_to_num(nan=0.5)).round().to(torch.uint8)
    return {"side": len(surface), "shades": base64.b64encode(shades.numpy().tobytes()).decode()}


def encode_snapshot(snapshot: Snapshot, viewers: int) -> bytes:
    """The part of a message that is the same for every viewer, as JSON without its closing brace."""
    message = {
        "run": snapshot.run_id,
        "state": snapshot.state,
        "message": in_words(snapshot.message),
        "config": snapshot.config.model_dump() if snapshot.config else None,
        "losses": losses_of(snapshot.config) if snapshot.config else [],
        "step": snapshot.step,
        "epoch": round(snapshot.epoch, 3),
        "seconds": round(snapshot.seconds, 2),
        "speed": round(snapshot.point.images_per_second, 1) if snapshot.point else None,
        "device": snapshot.device,
        "precision": snapshot.precision,
        "viewers": viewers,
        "events": [event.to_json() for event in snapshot.events if event.kind in MARKED][-MOST_MARKERS:],
        "grid": samples_field(snapshot.grid, GRID_COLUMNS, snapshot.extent),
        "surface": surface_field(snapshot.surface),
        "published": snapshot.published,
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()[:-1]


def encode_points(points: Iterable[Measurement]) -> bytes:
    """Measurements as a JSON array of rows of :data:`gan_studio.events.COLUMNS`, six digits each."""
    rows = [[_short(value) for value in vars(point).values()] for point in points]
    return json.dumps(rows, separators=(",", ":")).encode()


def _short(value: float) -> float:
    return value if isinstance(value, int) or not math.isfinite(value) else float(f"{value:.6g}")
