"""How good the samples are after so many seconds of training, beside those of the tutorial's DCGAN.

The clock starts after the first step and stands still while samples are drawn and judged. Ours are drawn by the
averaged generator, the tutorial's by its only one. Judged are as many samples as the plan says against as many
training pictures, in the features of the bundled classifier, to whose size pictures are resized.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import torch

from gan_studio.bench import ours
from gan_studio.bench.plan import Plan, say
from gan_studio.bench.timing import spread, synchronize
from gan_studio.bench.tutorial import TutorialDCGAN
from gan_studio.bench.worker import Answer, Worker
from gan_studio.config import RunConfig, make_config
from gan_studio.data.pixels import to_bytes
from gan_studio.errors import StudioError
from gan_studio.latent.source import Source
from gan_studio.lessons.presets import find_preset
from gan_studio.metrics.classifier import has_classifier
from gan_studio.metrics.reference import Reference, load_references
from gan_studio.metrics.registry import METRICS
from gan_studio.sampling import draw_samples
from gan_studio.training.run import Run

NUMBERS = ("fcd", "precision", "recall")
GOAL_SECONDS = 60
"""The tutorial is asked when it reaches the FCD that ours has after so many seconds."""
SAMPLE_SEED = 0


def measure(plan: Plan) -> dict[str, Any]:
    """FCD, precision and recall of both at each of the plan's times, over seeds."""
    base = make_config({"device": plan.device}, base=find_preset(plan.preset).config)
    if not has_classifier(base.dataset):
        raise StudioError(f"{plan.preset}: there is no classifier for {base.dataset}; choose a preset of other data")
    reference = load_references(base, ("classifier",))["classifier"]
    names = {f"ours ({plan.preset})": answer_ours, "tutorial DCGAN 64 x 64": answer_tutorial}
    found: dict[tuple[str, float], list[dict[str, float]]] = {}
    for seed in range(plan.seeds):
        config = make_config({"seed": seed}, base=base)
        with ExitStack() as stack:
            workers = {n: stack.enter_context(Worker(make, config, plan.samples)) for n, make in names.items()}
            for seconds in sorted(plan.times):
                for name, worker in workers.items():
                    steps, samples = worker.ask(seconds)
                    numbers = {"steps": steps, **judge(reference, samples)}
                    say(f"seed {seed}, {name}, {seconds:g} s: {steps} steps, FCD {numbers['fcd']:.3g}")
                    found.setdefault((name, seconds), []).append(numbers)
    rows = [_row(name, seconds, found[name, seconds]) for name in names for seconds in sorted(plan.times)]
    floors = reference.floor(NUMBERS, plan.samples, "train")
    real = ", ".join(f"{name} {mean:.3g}" for name, (mean, _) in floors.items())
    return {"rows": rows, "notes": [goal(*(_curve(found, name) for name in names)), f"real test pictures get {real}"]}


def _row(name: str, seconds: float, numbers: list[dict[str, float]]) -> dict[str, Any]:
    return {"who": name, "seconds": seconds} | {key: spread([n[key] for n in numbers]) for key in ("steps", *NUMBERS)}


def _curve(found: Mapping[tuple[str, float], list[dict[str, float]]], name: str) -> dict[float, float]:
    """The median FCD at each time."""
    return {s: statistics.median([n["fcd"] for n in numbers]) for (who, s), numbers in found.items() if who == name}


def judge(reference: Reference, samples: torch.Tensor, names: Sequence[str] = NUMBERS) -> dict[str, float]:
    """The numbers ``names`` of samples (N, C, H, W) uint8."""
    pair = reference.pair(samples, "train", SAMPLE_SEED)
    return {name: float(METRICS[name].compute(pair)) for name in names}


def goal(ours: Mapping[float, float], theirs: Mapping[float, float]) -> str:
    """When the tutorial's FCD came down to what ours was after a minute, in a sentence."""
    begin = GOAL_SECONDS if GOAL_SECONDS in ours else max(ours)
    wanted = ours[begin]
    reached = next((s for s in sorted(theirs) if theirs[s] <= wanted), None)
    when = f"has not reached it in {max(theirs):g} s" if reached is None else f"had reached it at {reached:g} s"
    best = "" if reached is not None else f" (its best is {min(theirs.values()):.3g})"
    return f"FCD {wanted:.3g}, which ours has at {begin:g} s: the tutorial {when}{best}"


# -- in processes of their own ---------------------------------------------------------------------------


def answer_ours(config: RunConfig, count: int) -> Answer:
    """Train until as many seconds as are asked for; the steps so far, and samples of the averaged generator."""
    run = ours.make_run(config)
    return _clocked(ours.train(run), lambda: samples_of(run, count))


def samples_of(run: Run, count: int) -> torch.Tensor:
    """``count`` samples (N, C, H, W) uint8 of the averaged generator as it is now."""
    state = run.trainer.average.network.state_dict()
    return draw_samples(Source(run.config, run.data.space, state, run.step_count), count, SAMPLE_SEED)


def answer_tutorial(config: RunConfig, count: int) -> Answer:
    """The same for the tutorial's DCGAN on the same data."""
    loop = TutorialDCGAN(config, config.seed)
    return _clocked(loop.steps, lambda: to_bytes(loop.sample(count, SAMPLE_SEED)))


def _clocked(training: Iterator[None], sample: Callable[[], torch.Tensor]) -> Answer:
    next(training)  # the start of loaders and libraries does not count, for neither
    steps, passed = 1, 0.0

    def answer(until: float) -> tuple[int, torch.Tensor]:
        nonlocal steps, passed
        start = time.perf_counter() - passed
        while passed < until:
            next(training)
            steps += 1
            passed = time.perf_counter() - start
        synchronize()
        passed = time.perf_counter() - start
        return steps, sample()

    return answer
