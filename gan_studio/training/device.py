"""What ``auto`` means: the device to compute on and the number format it is fast at."""

from __future__ import annotations

import torch

from gan_studio.data import DataSet
from gan_studio.errors import StudioError


def resolve_device(name: str) -> torch.device:
    """The device for ``auto``, ``cuda``, ``mps`` or ``cpu``; :class:`StudioError` where it is not there."""
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(kind for kind, there in present.items() if there)
    if not present[name]:
        raise StudioError(
            f"device {name} is not available here; use device=auto or device=cpu", "error.no_device", name=name
        )
    return torch.device(name)


def resolve_precision(name: str, device: torch.device, *, points: bool = False) -> torch.dtype:
    """The autocast type for ``auto``, ``float32`` or ``bfloat16`` on ``device``.

    Networks on ``points`` are so small that converting to bfloat16 takes longer than it saves.
    """
    if name == "auto":
        name = "bfloat16" if _fast_at_bfloat16(device) and not points else "float32"
    return getattr(torch, name)


def _fast_at_bfloat16(device: torch.device) -> bool:
    if device.type == "cpu":
        # Matrix instructions (AMX, from Sapphire Rapids) or AMD's bfloat16 dot products (from Zen 4). Intel's alone
        # multiply half as fast as float32 (75 against 146 GFLOP/s on a Xeon without AMX); anything else emulates them.
        found = torch.cpu.get_capabilities()
        dot_products = found.get("avx512_bf16") and "Intel" not in found.get("cpu_name", "")
        return bool(found.get("amx_tile") or dot_products)
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= 8  # tensor cores for bfloat16, from Ampere
    return False


def use_threads(count: int) -> None:
    """Compute with ``count`` threads on this thread from now on, and on threads that begin later; others keep theirs.

    Only one thread should have several: each has a team of its own, and libgomp puts all teams to sleep between two
    operations as soon as they are together more than the cores. That costs training up to a third of its speed.
    """
    torch.set_num_threads(count)
    torch.get_num_threads()  # until a thread has asked once, its number is that which any other one sets (2.15)


def describe_device(device: torch.device) -> str:
    """The device in words, for the status line."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple GPU"
    count = torch.get_num_threads()
    return f"CPU ({count} thread{'s' if count > 1 else ''})"


def describe_precision(precision: torch.dtype) -> str:
    """The number format as the config names it."""
    return str(precision).removeprefix("torch.")


_RESIDENT_SHARE = 0.5
"""The largest part of the free memory of a device that a data set may take there."""


def place_samples(data: DataSet, device: torch.device) -> torch.Tensor:
    """The samples where batches are drawn from: on ``device`` where they fit, else where they are (streamed).

    Points become float32 of order one, divided by the set's scale; pictures stay uint8.
    """
    samples = data.samples / data.scale if data.is_points else data.samples
    return samples.to(device) if samples.nbytes <= _RESIDENT_SHARE * _free_memory(device) else samples


def _free_memory(device: torch.device) -> float:
    # On the CPU and on Apple's GPUs the samples are in the same memory already: nothing is copied or doubled.
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else float("inf")
