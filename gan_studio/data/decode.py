"""One picture file as a small square of bytes."""

from __future__ import annotations

import io
import threading

import numpy as np
from PIL import Image, ImageOps

from gan_studio.errors import StudioError

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
MOST_PIXELS = 40_000_000
"""Of one picture: more than cameras of today have, 160 MB when decoded, of which a few are at work at a time."""

MOST_PIXELS_OF_A_SET = 20 * 10**9
"""Minutes of decoding; more than two thousand photographs, or a million small pictures."""


class Unusable(Exception):
    """A file that is not taken; the message says why."""


class Budget:
    """How many pixels one set may still have; shared by the threads that decode it."""

    def __init__(self, pixels: int = MOST_PIXELS_OF_A_SET):
        self._left = pixels
        self._lock = threading.Lock()

    def take(self, pixels: int) -> None:
        """Raises :class:`StudioError` where the set has more: small files can hold pictures that take hours."""
        with self._lock:
            self._left -= pixels
            if self._left < 0:
                raise StudioError(
                    f"source: its pictures have more than {MOST_PIXELS_OF_A_SET // 10**9} thousand megapixels "
                    "together; make them smaller or take fewer",
                    "error.set_pixels",
                    most=MOST_PIXELS_OF_A_SET // 10**9,
                )


def decode(data: bytes, side: int, channels: int, budget: Budget | None = None) -> np.ndarray:
    """The middle square of a picture file, (channels, side, side) uint8; grey for 1 channel, RGB for 3.

    The first frame of an animation, turned as its EXIF orientation says, on white where it is transparent.
    Raises :class:`Unusable` for whatever is wrong with it, StudioError where the ``budget`` is used up.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:  # known from the header, before anything is decoded
                raise Unusable(_TOO_MANY)
            if budget:
                budget.take(picture.width * picture.height)
            small = _square(picture, side)
    except Image.UnidentifiedImageError:
        raise Unusable("not a picture") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unusable(_TOO_MANY) from None
    except (Unusable, StudioError):
        raise
    except Exception:  # the readers raise whatever a damaged file leads them to
        raise Unusable("damaged") from None
    pixels = np.asarray(small.convert("L" if channels == 1 else "RGB"))
    return pixels.reshape(side, side, channels).transpose(2, 0, 1)


_TOO_MANY = f"more than {MOST_PIXELS // 10**6} megapixels"


def _square(picture: Image.Image, side: int) -> Image.Image:
    picture.draft(None, (4 * side, 4 * side))  # lets JPEG decode at a fraction of a much larger size
    ImageOps.exif_transpose(picture, in_place=True)
    picture = _plain(picture)
    edge = min(picture.size)
    left, top = (picture.width - edge) // 2, (picture.height - edge) // 2
    middle = picture.crop((left, top, left + edge, top + edge))  # what is cut off must not shine through at the edge
    small = middle.resize((side, side), Image.Resampling.BILINEAR, reducing_gap=3.0)
    if small.mode != "RGBA":
        return small
    return Image.alpha_composite(Image.new("RGBA", small.size, "white"), small)


def _plain(picture: Image.Image) -> Image.Image:
    """In mode L, RGB or RGBA, which can be resized."""
    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.mode in ("I", "F"):
        raise Unusable("32 bits a channel")  # of which no one knows what is white
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    return picture if picture.mode in ("L", "RGB") else picture.convert("RGB")
