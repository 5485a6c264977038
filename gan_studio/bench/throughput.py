"""Training speed of each network against the tutorial loop: same network, data and batch, alternating in one run."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import Any

from gan_studio.bench import ours, tutorial
from gan_studio.bench.plan import Plan, say
from gan_studio.bench.timing import alternate, ratios, spread, step_seconds, stepper
from gan_studio.bench.worker import Answer, Worker
from gan_studio.config import RunConfig
from gan_studio.errors import StudioError
from gan_studio.training.device import resolve_device

TUTORIAL = {"tutorial, 2 workers": tutorial.WORKERS, "tutorial, no worker": 0}
PRECISIONS = {"ours, automatic precision": "auto", "ours, float32": "float32"}
COMPILED = "ours, compiled"


def measure(plan: Plan) -> dict[str, Any]:
    """Samples per second of each network and loop; how many times those of the tutorial loops that is."""
    rows, notes = [], []
    for network in plan.networks:
        say(f"throughput of {network}")
        speeds, found = measure_network(plan, network)
        notes += found
        for name, values in speeds.items():
            row = {"network": network, "loop": name, "samples per second": spread(values)}
            for other in TUTORIAL:
                row[f"times {other}"] = None if name in TUTORIAL else ratios(values, speeds[other])
            rows.append(row)
    return {"rows": rows, "notes": notes}


def measure_network(plan: Plan, network: str) -> tuple[dict[str, list[float]], list[str]]:
    """Samples per second of each loop, round by round; and what could not be measured, and why."""
    config = plan.config(network)
    loops = {name: (answer_tutorial, config, workers) for name, workers in TUTORIAL.items()}
    for name, precision in PRECISIONS.items():
        loops[name] = (answer_ours, plan.config(network, precision=precision), False)
    if resolve_device(plan.device).type == "cuda":
        loops[COMPILED] = (answer_ours, config, True)
    notes = []
    with ExitStack() as stack:
        workers = {}
        for name, loop in loops.items():
            worker = stack.enter_context(Worker(*loop))
            try:
                worker.ask(min(1.0, plan.seconds))  # warm, and compiled
                workers[name] = worker
            except StudioError as error:
                if name != COMPILED:
                    raise
                notes.append(f"{network}, {name}: {str(error).splitlines()[0]}")
        measures = {name: partial(worker.ask, plan.seconds) for name, worker in workers.items()}
        return alternate(measures, plan.rounds), notes


def answer_tutorial(config: RunConfig, workers: int) -> Answer:
    """Samples per second of the tutorial loop over as many seconds as are asked for."""
    step = stepper(tutorial.same_networks(config, workers))
    return lambda seconds: config.batch_size / step_seconds(step, seconds)


def answer_ours(config: RunConfig, compiled: bool) -> Answer:
    """Samples per second of the engine over as many seconds as are asked for."""
    run = ours.make_run(config)
    if compiled:
        ours.compile_step(run.trainer)
    step = stepper(ours.train(run))
    return lambda seconds: config.batch_size / step_seconds(step, seconds)
