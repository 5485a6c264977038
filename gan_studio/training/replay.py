"""A run again from its description alone: config, seed and the recorded edits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from gan_studio.config import RunConfig, make_config
from gan_studio.events import Event
from gan_studio.training.checkpoint import CheckpointError, read_checkpoint
from gan_studio.training.device import resolve_precision, use_threads
from gan_studio.training.run import LoadData, TrainingFault, read_description
from gan_studio.training.trainer import Trainer

_MOST_THREADS = 1024


@dataclass(frozen=True)
class Replay:
    """What came of it: how many steps were repeated, and the names of the tensors that came out otherwise."""

    step: int
    edits: int
    different: tuple[str, ...]

    @property
    def exact(self) -> bool:
        return not self.different


def original_config(config: RunConfig, events: list[Event]) -> RunConfig:
    """The config that a run began with: the present one with its edits taken back."""
    values: dict[str, Any] = {}
    for event in reversed(events):
        if event.kind == "edit":
            values |= {key: pair[0] for key, pair in event.detail.items()}
    return make_config(values, base=config)


def original_machine(meta: Mapping[str, Any], events: list[Event]) -> dict[str, Any]:
    """Where a run began and how it rounded: device, precision and, on a CPU, the number of threads."""
    machine = {key: meta.get(key) for key in ("device", "precision", "threads")}
    for event in reversed(events):
        if event.kind == "moved":
            machine |= {key: pair[0] for key, pair in event.detail.items()}
    return machine


def effective_changes(events: list[Event]) -> list[Event]:
    """The edits and moves, each at the step before which it counts in the steps that were kept.

    Where a run went back to an earlier step after a fault, the steps in between are gone, but not the settings:
    edits made in between count from the step it went back to.
    """
    changes: list[Event] = []
    for event in events:
        if event.kind == "return":
            changes = [replace(change, step=min(change.step, event.step)) for change in changes]
        elif event.kind in ("edit", "moved"):
            changes.append(event)
    return changes


def replay(path: Path, load_data: LoadData, progress: Callable[[int, int], None] = lambda step, last: None) -> Replay:
    """Train the run saved in ``path`` again from step 0 and compare it with what was saved, bit for bit.

    ``progress(step, last)`` is told of each step. Raises :class:`CheckpointError` where the run cannot be repeated.
    """
    checkpoint = read_checkpoint(path)
    description = read_description(path, checkpoint.meta)
    changes = effective_changes(description.events)
    if any("device" in change.detail for change in changes if change.kind == "moved"):
        raise CheckpointError(f"{path}: this run went on on another device on the way, and rounds differently since")
    machine = original_machine(checkpoint.meta, description.events)  # what "auto" stood for
    began = {key: machine[key] for key in ("device", "precision")}
    config = make_config(began, base=original_config(description.config, description.events))
    trainer = Trainer(config, load_data(config))
    last = _last_step(path, checkpoint.tensors, description.step)
    with _threads_kept():
        _use_saved_threads(machine["threads"])
        for change in changes:
            _train_to(trainer, min(change.step, last), last, progress)
            _carry_out(change, trainer)
        _train_to(trainer, last, last, progress)
    state = trainer.state_dict()
    names = state.keys() | checkpoint.tensors.keys()
    different = sorted(n for n in names if not _same(state.get(n), checkpoint.tensors.get(n)))
    return Replay(last, sum(change.kind == "edit" for change in changes), tuple(different))


def _carry_out(change: Event, trainer: Trainer) -> None:
    values = {key: pair[1] for key, pair in change.detail.items()}
    if change.kind == "edit":
        trainer.edit(values)
    else:
        _use_saved_threads(values.get("threads"))
        if "precision" in values:
            trainer.precision = resolve_precision(values["precision"], trainer.device)


def _use_saved_threads(count: object) -> None:
    """Compute with as many threads as the run was trained with: sums are rounded otherwise with more or fewer."""
    if type(count) is int and 0 < count <= _MOST_THREADS:
        use_threads(count)


@contextmanager
def _threads_kept() -> Iterator[None]:
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _last_step(path: Path, tensors: Mapping[str, torch.Tensor], step: int) -> int:
    """The step the run was saved at; raises :class:`CheckpointError` where tensors and description disagree."""
    progress = tensors.get("progress", torch.zeros(0)).flatten().tolist()
    if not progress or progress[0] != step or step < 0:
        raise CheckpointError(f"{path}: its description says step {step}, its tensors {progress[:1]}")
    return step


def _train_to(trainer: Trainer, step: int, last: int, progress: Callable[[int, int], None]) -> None:
    while trainer.step_count < step:
        try:
            trainer.step()
        except RuntimeError as error:
            raise TrainingFault(f"step {trainer.step_count + 1} failed: {error}") from None
        progress(trainer.step_count, last)


def _same(a: torch.Tensor | None, b: torch.Tensor | None) -> bool:
    return a is not None and b is not None and torch.equal(a.cpu(), b.cpu())
