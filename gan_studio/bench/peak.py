"""Which share of the machine's own matrix multiplication a training step reaches."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from gan_studio.bench.plan import Plan, say
from gan_studio.bench.timing import alternate, ratios, spread, step_seconds
from gan_studio.data import load_data
from gan_studio.training.device import resolve_device
from gan_studio.training.memory import keep_freed_memory
from gan_studio.training.trainer import Trainer

PRECISIONS = ("bfloat16", "float32")
SIZES = {"cpu": (512, 1024, 2048), "mps": (2048, 4096), "cuda": (4096, 8192)}
"""Sides of the square matrices; the fastest counts."""


def count_flops(step: Callable[[], object]) -> int:
    """Floating-point operations of the matrix multiplications and convolutions in one ``step``, backward included.

    A multiplication with its addition counts as two; what else a step does (norms, optimisers) is not counted.
    """
    with FlopCounterMode(display=False) as counter:
        step()
    return counter.get_total_flops()


def matmul_speed(device: torch.device, precision: str, seconds: float) -> float:
    """FLOP a second of the fastest of some square matrix multiplications.

    On a GPU "float32" means TF32, in which cuDNN computes the convolutions of float32 tensors.
    """
    previous = torch.get_float32_matmul_precision()
    sizes = SIZES[device.type]
    try:
        if device.type == "cuda":
            torch.set_float32_matmul_precision("high")
        speeds = []
        for size in sizes:
            a, b = (torch.randn(size, size, device=device, dtype=getattr(torch, precision)) for _ in range(2))
            speeds.append(2 * size**3 / step_seconds(partial(torch.mm, a, b), seconds / len(sizes)))
        return max(speeds)
    finally:
        torch.set_float32_matmul_precision(previous)


def measure(plan: Plan) -> dict[str, Any]:
    """FLOPs of one step, its speed, and the share of the matrix multiplication's in the same round."""
    keep_freed_memory()
    device = resolve_device(plan.device)
    rows = []
    for network in plan.networks:
        say(f"share of the peak of {network}")
        data = load_data(plan.config(network))
        trainers = {p: Trainer(plan.config(network, precision=p), data) for p in PRECISIONS}
        for trainer in trainers.values():
            trainer.step()
        flops = count_flops(trainers["float32"].step)
        measures = {f"peak, {p}": partial(matmul_speed, device, p, plan.seconds / 2) for p in PRECISIONS}
        measures |= {p: partial(step_seconds, trainer.step, plan.seconds) for p, trainer in trainers.items()}
        times = alternate(measures, plan.rounds)
        for precision in PRECISIONS:
            peaks, speeds = times[f"peak, {precision}"], [flops / seconds for seconds in times[precision]]
            rows.append(
                {
                    "network": network,
                    "precision": precision,
                    "GFLOP a step": flops / 1e9,
                    "ms a step": spread([1000 * seconds for seconds in times[precision]]),
                    "GFLOP/s": spread([speed / 1e9 for speed in speeds]),
                    "peak GFLOP/s": spread([peak / 1e9 for peak in peaks]),
                    "share of the peak, %": ratios([100 * speed for speed in speeds], peaks),
                }
            )
    return {"rows": rows, "notes": []}
