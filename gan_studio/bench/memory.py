"""Peak memory of training each network, in a fresh process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch

from gan_studio.bench import ours
from gan_studio.bench.plan import Plan, say
from gan_studio.bench.worker import Answer, Worker
from gan_studio.config import RunConfig
from gan_studio.errors import StudioError
from gan_studio.training.device import resolve_device

STEPS = 20


def peak_bytes() -> int:
    """The most memory that this process has had, in bytes; raises :class:`StudioError` on Windows."""
    if sys.platform.startswith("linux"):  # not getrusage, which remembers the parent's memory from before exec
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    try:
        import resource
    except ImportError:
        raise StudioError("the memory of a process can be measured on Linux and macOS only") from None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in bytes on macOS


def measure(plan: Plan) -> dict[str, Any]:
    """Peak MiB of the process (or on the GPU), and of it what is there before the data and the networks."""
    rows = []
    for network in plan.networks:
        say(f"memory of {network}")
        config = plan.config(network)
        with Worker(answer_memory, config) as worker:
            before, peak = worker.ask(STEPS)
        where = "GPU" if resolve_device(plan.device).type == "cuda" else "process"
        row = {"network": network, "where": where, "batch": config.batch_size, "steps": STEPS}
        rows.append({**row, "before, MiB": before / 2**20, "peak, MiB": peak / 2**20})
    return {"rows": rows, "notes": []}


def answer_memory(config: RunConfig) -> Answer:
    """Bytes before a run is made, and at most during as many steps as are asked for."""
    on_gpu = resolve_device(config.device).type == "cuda"
    read = torch.cuda.max_memory_allocated if on_gpu else peak_bytes

    def answer(steps: int) -> tuple[int, int]:
        before = read()
        training = ours.train(ours.make_run(config))
        for _ in range(steps):
            next(training)
        return before, read()

    return answer
