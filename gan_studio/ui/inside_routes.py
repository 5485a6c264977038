"""The routes of the Inside tab: activations of every layer, single channels, and how many directions matter."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, Literal

import torch
from fastapi import FastAPI, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from gan_studio.data.pixels import dots, to_bytes
from gan_studio.errors import StudioError
from gan_studio.explorer import Explorer
from gan_studio.latent.inside import (
    LayerView,
    channel_effects,
    jacobian_singular_values,
    look_inside,
    participation_ratio,
    without_channel,
)
from gan_studio.latent.source import LIVE, Label, Source, SourceName, latent_of_seed
from gan_studio.latent.vectors import Packed, unpack_one
from gan_studio.ui.encode import sheet_text
from gan_studio.ui.routes import json_response, read_body, said, while_listening

PAGE_MAPS = 64
"""How many feature maps one sheet shows."""
PAGE_VALUES = 512
"""How many outputs of a dense layer are sent at once."""
_COLUMNS = 8
_BRIGHTEST = 0.998  # of the layer: single larger activations would leave all others dark
_MOST_SIDE = 64  # of one feature map on a sheet; larger ones are shown smaller
_WARM = torch.tensor([255.0, 176.0, 66.0])
_COLD = torch.tensor([66.0, 150.0, 255.0])

Layer = Annotated[str, Field(max_length=10)]


class InsideRequest(BaseModel):
    """What happens for the latent ``z`` (of seed 0 where there is none); ``layer`` "": in all layers.

    ``start``: the first channel shown; ``scale``: brightness by the largest activation of the layer or the channel.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: SourceName = LIVE
    label: Label = 0
    z: Packed = ""
    layer: Layer = ""
    start: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    scale: Literal["layer", "channel"] = "layer"


class ChannelRequest(BaseModel):
    """One channel of one layer, or all of the layer's where it is None, for the latent ``z``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: SourceName = LIVE
    label: Label = 0
    z: Packed = ""
    layer: Layer = "first"
    channel: Annotated[int, Field(ge=0, le=1_000_000)] = 0


def add_inside_routes(app: FastAPI, explorer: Explorer) -> None:
    """Add ``/live/inside...`` to ``app``; must happen before Gradio is mounted at the root."""
    kinds = {
        "": (InsideRequest, layers),
        "/effects": (ChannelRequest, effects),
        "/without": (ChannelRequest, without),
        "/directions": (ChannelRequest, directions),
    }
    for path, (model, work) in kinds.items():
        app.post(f"/live/inside{path}")(_handler(explorer, model, work))


def _handler(explorer: Explorer, model: type[BaseModel], work: Callable[[Source, Any], dict[str, Any]]):
    @said
    async def answer(request: Request) -> Response:
        wanted = await read_body(request, model)
        return json_response(await while_listening(request, explorer.study(wanted.source, _finite, work, wanted)))

    return answer


def _finite(source: Source, work: Callable[[Source, Any], dict[str, Any]], wanted: Any) -> dict[str, Any]:
    try:
        return work(source, wanted)
    except StudioError:
        raise
    except (RuntimeError, ValueError) as error:  # a diverged generator, or no memory left on the device
        raise StudioError(f"nothing can be seen inside: {error}", "error.cannot_draw", error=str(error)) from None


def _inputs(source: Source, wanted: InsideRequest | ChannelRequest) -> tuple[torch.Tensor, torch.Tensor | None]:
    z = (unpack_one(wanted.z, source.latent_size) if wanted.z else latent_of_seed(0, source.latent_size))[None]
    labels = source.labels(wanted.label, 1)
    return z.to(source.device), None if labels is None else labels.to(source.device)


# -- the layers ----------------------------------------------------------------------------------------------


def layers(source: Source, wanted: InsideRequest) -> dict[str, Any]:
    """Every layer, or the one that was asked for, as JSON values."""
    z, labels = _inputs(source, wanted)
    views = [view for view in look_inside(source.network, z, labels) if wanted.layer in ("", view.name)]
    if not views:
        raise StudioError(f"there is no layer {wanted.layer!r}: choose the generator anew")
    return {
        "step": source.step,
        "class": source.class_name(wanted.label, z[0]),
        "picture": sheet_text(_pictures(source, source.network(z, labels)), 1),
        "layers": [_layer(view, wanted) for view in views],
    }


def _layer(view: LayerView, wanted: InsideRequest) -> dict[str, Any]:
    about = {"name": view.name, "kind": view.kind, "shape": list(view.activations.shape), "start": wanted.start}
    maps = view.activations.ndim == 3
    part = slice(wanted.start, wanted.start + (PAGE_MAPS if maps else PAGE_VALUES))
    shown = view.activations[part].nan_to_num()
    if not len(shown):
        raise StudioError(f"layer {view.name} has channels 0 to {len(view.activations) - 1}")
    about |= {"count": len(shown), "low": _short(shown.min()), "high": _short(shown.max())}
    if view.mean is not None:
        about |= {"mean": _values(view.mean[part]), "deviation": _values(view.deviation[part])}
    if not maps:
        return {**about, "values": _values(shown)}
    step = math.ceil(max(shown.shape[1:]) / _MOST_SIDE)
    shown = shown[:, ::step, ::step]
    if wanted.scale == "channel":
        most = shown.abs().amax((1, 2), keepdim=True)
    else:
        most = view.activations.nan_to_num().abs().flatten().sort().values[int(_BRIGHTEST * view.activations.numel())]
    columns = min(_COLUMNS, len(shown))
    return {**about, "columns": columns, "sheet": sheet_text(shade(shown / most.clamp_min(1e-12)), columns)}


def shade(values: torch.Tensor) -> torch.Tensor:
    """Maps (N, H, W) in [-1, 1] as (N, 3, H, W) uint8: black at 0, warm above, cold below."""
    warm, cold = (side.nan_to_num().clamp(0, 1)[:, None] for side in (values, -values))
    return (warm * _WARM.view(3, 1, 1) + cold * _COLD.view(3, 1, 1)).round().to(torch.uint8)


# -- channels and directions ---------------------------------------------------------------------------------


def effects(source: Source, wanted: ChannelRequest) -> dict[str, Any]:
    """How much the sample changes without each channel of the layer."""
    z, labels = _inputs(source, wanted)
    return {"effects": _values(channel_effects(source.network, z, wanted.layer, labels))}


def without(source: Source, wanted: ChannelRequest) -> dict[str, Any]:
    """The sample with and without one channel, and the difference: warm where the channel adds, cold where it takes."""
    z, labels = _inputs(source, wanted)
    samples = source.network(z, labels), without_channel(source.network, z, wanted.layer, wanted.channel, labels)
    whole, changed = (_pictures(source, sample) for sample in samples)
    difference = (whole.float() - changed.float()).mean(1) / 255
    most = difference.abs().max()
    pictures = [_colour(whole), _colour(changed), shade(difference / most.clamp_min(1e-12))]
    return {
        "sheet": sheet_text(torch.cat(pictures), 3),
        "change": _short((samples[0] - samples[1]).square().mean().sqrt()),
    }


def directions(source: Source, wanted: ChannelRequest) -> dict[str, Any]:
    """The Jacobian's singular values, and how many of them matter by two measures."""
    z, labels = _inputs(source, wanted)
    values = jacobian_singular_values(source.network, z, labels)
    if not values.isfinite().all():
        raise StudioError("the generator gives no finite picture here: its run has diverged", "error.run_diverged")
    return {
        "values": _values(values),
        "participation": _short(torch.tensor(participation_ratio(values))),
        "tenth": int((values >= 0.1 * values[0]).sum()),
        "latent_size": source.latent_size,
    }


def _pictures(source: Source, samples: torch.Tensor) -> torch.Tensor:
    if source.space.is_points:
        return dots(samples.float().cpu() * source.space.scale, source.space.extent)
    return to_bytes(samples)


def _colour(pictures: torch.Tensor) -> torch.Tensor:
    return pictures.expand(-1, 3, -1, -1)


def _values(values: torch.Tensor) -> list[float]:
    return [_short(value) for value in values]


def _short(value: torch.Tensor) -> float:
    """Four digits; what is not finite becomes 0."""
    return float(f"{value.nan_to_num().item():.4g}")
