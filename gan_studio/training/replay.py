"""A run again from its description alone: config, seed and the recorded edits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from gan_studio.config import RunConfig, make_config
from gan_studio.events import Event
from gan_studio.training.checkpoint import CheckpointError, read_checkpoint
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


def effective_edits(events: list[Event]) -> list[tuple[int, Mapping[str, Any]]]:
    """The steps before which each edit counts in the steps that were kept, and its values.

    Where a run went back to an earlier step after a fault, the steps in between are gone, but not the settings:
    edits made in between count from the step it went back to.
    """
    edits: list[tuple[int, Mapping[str, Any]]] = []
    for event in events:
        if event.kind == "return":
            edits = [(min(step, event.step), values) for step, values in edits]
        elif event.kind == "edit":
            edits.append((event.step, {key: pair[1] for key, pair in event.detail.items()}))
    return edits


def replay(path: Path, load_data: LoadData, progress: Callable[[int, int], None] = lambda step, last: None) -> Replay:
    """Train the run saved in ``path`` again from step 0 and compare it with what was saved, bit for bit.

    ``progress(step, last)`` is told of each step. Raises :class:`CheckpointError` where the run cannot be repeated.
    """
    checkpoint = read_checkpoint(path)
    description = read_description(path, checkpoint.meta)
    if any(event.kind == "moved" for event in description.events):
        raise CheckpointError(
            f"{path}: this run changed its device, precision or number of threads on the way, "
            "and rounds differently since"
        )
    # What "auto" stood for when it was trained.
    machine = {key: checkpoint.meta.get(key) for key in ("device", "precision")}
    config = make_config(machine, base=original_config(description.config, description.events))
    trainer = Trainer(config, load_data(config))
    last = _last_step(path, checkpoint.tensors, description.step)
    edits = effective_edits(description.events)
    with _threads(checkpoint.meta.get("threads")):
        for step, values in edits:
            _train_to(trainer, min(step, last), last, progress)
            trainer.edit(values)
        _train_to(trainer, last, last, progress)
    state = trainer.state_dict()
    names = state.keys() | checkpoint.tensors.keys()
    return Replay(
        last, len(edits), tuple(sorted(n for n in names if not _same(state.get(n), checkpoint.tensors.get(n))))
    )


@contextmanager
def _threads(count: object) -> Iterator[None]:
    """Compute with as many threads as the run was trained with: sums are rounded otherwise with more or fewer."""
    before = torch.get_num_threads()
    torch.set_num_threads(count if type(count) is int and 0 < count <= _MOST_THREADS else before)
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
