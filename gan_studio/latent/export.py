"""Films and strips of pictures: GIF, WebP, MP4 and PNG files."""

from __future__ import annotations

import io
from fractions import Fraction

import numpy as np
import torch
from PIL import Image

from gan_studio.data.pixels import tile
from gan_studio.errors import StudioError

FORMATS = {"gif": "image/gif", "webp": "image/webp", "mp4": "video/mp4", "png": "image/png"}
"""What a path can be saved as, and its media type; png is a strip of all frames."""
MOST_FRAMES = 600
_LEAST_SIDE = 256
_GIF_SPEED = 50  # frames a second at most


def encode_film(images: torch.Tensor, kind: str, frames_per_second: int = 24) -> bytes:
    """Frames (N, C, H, W) uint8, of one or three channels, as a file of ``kind``, one of :data:`FORMATS`.

    Films are enlarged by a whole factor to at least 256 pixels, with sharp pixels, and repeat for ever.
    Raises :class:`StudioError` for another kind, or no or too many frames.
    """
    if kind not in FORMATS:
        raise StudioError(f"{kind!r} cannot be written; choose one of {', '.join(FORMATS)}")
    if not 1 <= len(images) <= MOST_FRAMES:
        raise StudioError(f"{len(images)} frames: a film has from 1 to {MOST_FRAMES}")
    if not 1 <= frames_per_second <= 60:
        raise StudioError(f"{frames_per_second} frames a second: must be from 1 to 60")
    frames = images.permute(0, 2, 3, 1).numpy()
    if kind == "png":
        return _saved(tile(frames, len(frames)), "PNG")
    frames = _enlarged(frames)
    if kind == "mp4":
        return _mp4(frames, frames_per_second)
    options, duration = {"lossless": True, "quality": 20, "method": 0}, round(1000 / frames_per_second)
    if kind == "gif":
        kept, duration = _gif_times(len(frames), frames_per_second)
        frames, options = frames[kept], {}
    pictures = [Image.fromarray(frame) for frame in frames]
    shown = {"duration": duration, "loop": 0}
    return _saved(pictures[0], kind.upper(), save_all=True, append_images=pictures[1:], **shown, **options)


def _gif_times(count: int, frames_per_second: int) -> tuple[list[int], list[int]]:
    """Which of ``count`` frames a GIF shows, and for how many milliseconds each.

    Its delays are hundredths of a second, and browsers show those below 20 ms for 100 ms. So frames above 50 a second
    are dropped, and the delays take turns: the film keeps its length to the hundredth.
    """
    shown = min(count, max(1, count * _GIF_SPEED // frames_per_second))
    ends = [round(100 * count * (i + 1) / (shown * frames_per_second)) for i in range(shown)]
    delays = [max(10 * (end - start), 1000 // _GIF_SPEED) for start, end in zip([0, *ends], ends, strict=False)]
    return [i * count // shown for i in range(shown)], delays


def _enlarged(frames: np.ndarray) -> np.ndarray:
    """(N, H, W, C) to (N, h, w, 3), with even sides, which video needs."""
    factor = -(-_LEAST_SIDE // min(frames.shape[1:3]))
    factor += factor * frames.shape[1] % 2 or factor * frames.shape[2] % 2
    large = frames.repeat(factor, 1).repeat(factor, 2)
    return np.ascontiguousarray(np.broadcast_to(large, (*large.shape[:3], 3)))


def _mp4(frames: np.ndarray, frames_per_second: int) -> bytes:
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=Fraction(frames_per_second), options={"crf": "18", "preset": "fast"})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"  # what every browser plays
        for frame in frames:
            film.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        film.mux(stream.encode())
    return buffer.getvalue()


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
