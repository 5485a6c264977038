"""Pictures as numbers: bytes for the eye, [-1, 1] for the networks."""

from __future__ import annotations

import math

import numpy as np
import torch
from PIL import Image


def to_unit_range(images: torch.Tensor) -> torch.Tensor:
    """uint8 pictures as floats in [-1, 1]."""
    return images.float().div_(127.5).sub_(1.0)


def to_bytes(images: torch.Tensor) -> torch.Tensor:
    """Pictures in [-1, 1] as uint8 on the CPU."""
    return images.float().add(1.0).mul(127.5).round().clamp(0, 255).to("cpu", torch.uint8)


def in_channels_last(images: torch.Tensor) -> torch.Tensor:
    """Pictures (N, C, H, W), said to be channels-last in memory where one channel leaves that open.

    A 1 x 1 convolution of them would else go on in the other order, and all later layers would convert.
    """
    return images.squeeze(1).unsqueeze(3).permute(0, 3, 1, 2) if images.shape[1] == 1 else images


def dots(points: torch.Tensor, extent: float, side: int = 48) -> torch.Tensor:
    """Points: (N, 2) as pictures (N, 1, S, S) uint8: a bright dot in the square of half-width ``extent``."""
    line = torch.linspace(-extent, extent, side)
    across = (line - points[:, 0, None]) / extent
    down = (-line - points[:, 1, None]) / extent
    distance = across.square()[:, None, :] + down.square()[:, :, None]
    return (40 + 215 * (-distance / (2 * 0.05**2)).exp()).nan_to_num(40).to(torch.uint8)[:, None]


def tile(images: np.ndarray, columns: int) -> Image.Image:
    """Images: (N, H, W, C) uint8, C = 1 or 3, as one picture of ``columns`` columns; empty cells are black."""
    count, height, width, channels = images.shape
    rows = math.ceil(count / columns)
    sheet = np.zeros((rows * columns, height, width, channels), np.uint8)
    sheet[:count] = images
    sheet = sheet.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    sheet = sheet.reshape(rows * height, columns * width, channels)
    return Image.fromarray(sheet[..., 0] if channels == 1 else sheet)
