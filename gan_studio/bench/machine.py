"""What was measured on: numbers of speed mean nothing without it."""

from __future__ import annotations

import os
import platform
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch

from gan_studio import __version__
from gan_studio.training.device import resolve_device


def describe_machine(device: str = "auto") -> dict[str, Any]:
    """The processor and the device in use, cores, threads, versions, the date, and how busy the machine was."""
    where = resolve_device(device)
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name(where) if where.type == "cuda" else where.type,
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "gan-studio": __version__,
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def in_words(machine: dict[str, Any]) -> str:
    """The machine in one line."""
    words = "{processor}, {cores} cores, {threads} threads, device {device}; PyTorch {torch}, GAN Studio {gan-studio}"
    return f"{words}; {{date}}, load {{load}}".format(**machine)
