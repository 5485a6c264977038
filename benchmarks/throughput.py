"""Training speed against the tutorial loop: same network, data and batch, alternating in one run.

    python -m benchmarks.throughput [--preset mnist-dcgan] [--rounds 5] [--seconds 12]

Each measurement is a fresh process. Prints a table of images per second and the ratios round by round.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time

LOADERS = {"tutorial, 2 workers": "2", "tutorial, no worker": "0"}
PRECISIONS = {"float32": "float32", "auto": "auto"}


def run_tutorial(preset: str, seconds: float, workers: str) -> float:
    command = [sys.executable, "-m", "benchmarks.tutorial", "--preset", preset]
    output = subprocess.check_output([*command, "--seconds", str(seconds), "--workers", workers], text=True)
    return json.loads(output)["images_per_second"]


def run_ours(preset: str, seconds: float, precision: str) -> float:
    """The command line's own training, over its measurements after the first two seconds."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "gan_studio.cli", "train", "--preset", preset, "--json", "--out", folder]
        command += ["--steps", "1000000", "--set", f"precision={precision}"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        points = []
        begin = None
        for line in process.stdout:
            points.append(json.loads(line))
            begin = begin or time.monotonic()
            if time.monotonic() - begin > seconds + 2:
                break
        process.terminate()
        process.communicate(timeout=30)
    warm = [p for p in points if p["seconds"] > points[0]["seconds"] + 2]
    steps = warm[-1]["step"] - warm[0]["step"]
    from gan_studio.lessons.presets import find_preset

    return steps * find_preset(preset).config.batch_size / (warm[-1]["seconds"] - warm[0]["seconds"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="mnist-dcgan")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=12)
    options = parser.parse_args()
    speeds: dict[str, list[float]] = {name: [] for name in (*LOADERS, *PRECISIONS)}
    for _ in range(options.rounds):
        for name, workers in LOADERS.items():
            speeds[name].append(run_tutorial(options.preset, options.seconds, workers))
        for name, precision in PRECISIONS.items():
            speeds[name].append(run_ours(options.preset, options.seconds, precision))
    print(f"{options.preset}, {options.rounds} rounds of {options.seconds:g} s, images per second")
    for name, values in speeds.items():
        print(f"  {name:22s} median {statistics.median(values):8.0f}   from {min(values):.0f} to {max(values):.0f}")
    for ours in PRECISIONS:
        for theirs in LOADERS:
            ratios = [a / b for a, b in zip(speeds[ours], speeds[theirs], strict=True)]
            print(f"  {ours:8s} / {theirs:22s} median {statistics.median(ratios):.2f}   lowest {min(ratios):.2f}")


if __name__ == "__main__":
    main()
