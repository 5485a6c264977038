"""A run: a trainer with its clock, its curve, its events, its last good state and its checkpoint."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from gan_studio import __version__
from gan_studio.config import LIVE_FIELDS, RunConfig, make_config, resume_config
from gan_studio.data import DataSet
from gan_studio.errors import Sentence, StudioError
from gan_studio.events import Curve, Event, Measurement
from gan_studio.space import Space
from gan_studio.training.checkpoint import CheckpointError, damaged, read_checkpoint, read_meta, write_checkpoint
from gan_studio.training.compatibility import fit_classes
from gan_studio.training.device import describe_precision
from gan_studio.training.trainer import Trainer

GOOD_STATE_EVERY = 10.0
"""Seconds of training between two copies of the last good state."""
SLOW_STEP = 1.0
"""Seconds of a step after which each one is copied: that takes hundredths of a second."""
_NO_MEMORY = ("DefaultCPUAllocator", "out of memory", "bad_alloc")
"""How PyTorch says it on a CPU and on Apple's GPUs, where it has no class of error for it."""

LoadData = Callable[[RunConfig], DataSet]


class TrainingFault(StudioError):
    """Training cannot go on as it is; the message says what happened and what to try."""


def _make_trainer(config: RunConfig, data: DataSet) -> Trainer:
    try:
        return Trainer(config, data)
    except (RuntimeError, MemoryError) as error:
        if not _lacks_memory(error):
            raise
        raise StudioError(
            f"networks with channels = {config.channels} and hidden = {config.hidden} for samples of {data.shape} "
            "do not fit into memory; make them smaller",
            "error.too_large",
            channels=config.channels,
            hidden=", ".join(map(str, config.hidden)),
            shape=" x ".join(map(str, data.shape)),
        ) from None


def _lacks_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in _NO_MEMORY)


class Run:
    """One training run. ``seconds`` counts training time only; ``notes`` are sentences for the user."""

    def __init__(self, config: RunConfig, data: DataSet):
        self.data = data
        config, said = fit_classes(config, data)
        self.notes = [*data.notes, *said]
        self.trainer = _make_trainer(config, data)
        self.events: list[Event] = []
        self.curve = Curve()
        self.seconds = 0.0
        self._measured = (0.0, 0)  # seconds and pictures at the last measurement
        self.pictures = 0  # real ones seen by the discriminator since this object was made
        self.images_per_second = 0.0
        self._last_finite: Measurement | None = None
        self._branched = False  # went back, and the curve still shows what was undone
        self._step_seconds = 0.0  # of the last step
        self._good = self._copy_state()

    @property
    def config(self) -> RunConfig:
        return self.trainer.config

    @property
    def step_count(self) -> int:
        return self.trainer.step_count

    def record(self, kind: str, **detail: Any) -> None:
        """Note something that was done to the run before its next step."""
        self.events.append(Event(self.step_count, kind, detail))

    def edit(self, changes: Mapping[str, Any]) -> None:
        """Change live fields, and record which changed from what to what."""
        before = self.config
        self.trainer.edit(changes)
        changed = {k: [getattr(before, k), getattr(self.config, k)] for k in changes}
        changed = {k: pair for k, pair in changed.items() if pair[0] != pair[1]}
        if changed:
            self.record("edit", **changed)

    # -- training ------------------------------------------------------------------------------------

    def step(self) -> None:
        """One step of the trainer; raises :class:`TrainingFault` where the device gives up."""
        self._leave_old_branch()
        start = time.perf_counter()
        try:
            self.trainer.step()
        except (RuntimeError, MemoryError) as error:  # torch.OutOfMemoryError is a RuntimeError
            step = self.step_count + 1
            if _lacks_memory(error):
                reason = str(error) or type(error).__name__
                text = f"out of memory in step {step}: {reason}; use a smaller batch"
                raise TrainingFault(text, "error.memory", step=step, error=reason) from None
            raise TrainingFault(f"step {step} failed: {error}", "error.step", step=step, error=str(error)) from None
        finally:
            self._step_seconds = time.perf_counter() - start
            self.seconds += self._step_seconds
        self.pictures += self.config.batch_size * self.config.discriminator_steps

    def measure(self) -> Measurement:
        """Read the last step, add it to the curve, and keep its state from time to time.

        Raises :class:`TrainingFault` where a loss is not finite.
        """
        start = time.perf_counter()
        values = self.trainer.measure()
        waited = time.perf_counter() - start  # for the device: it is training time
        self.seconds += waited
        self._step_seconds += waited
        self._update_speed()
        if not all(math.isfinite(v) for v in values.values()):
            broken = ", ".join(f"{name} = {value}" for name, value in values.items() if not math.isfinite(value))
            raise TrainingFault(self._describe_divergence(broken))
        point = Measurement(
            step=self.step_count,
            epoch=self.trainer.sampler.epochs,
            images_per_second=self.images_per_second,
            seconds=self.seconds,
            **values,
        )
        self._last_finite = point
        self.curve.add(point)
        due = self._step_seconds >= SLOW_STEP or self.seconds - self._good["seconds"] >= GOOD_STATE_EVERY
        if due and self.trainer.all_finite():
            self._good = self._copy_state()
        return point

    def check_finite(self) -> None:
        """Raise :class:`TrainingFault` where a weight of either player is not a finite number."""
        if not self.trainer.all_finite():
            raise TrainingFault(self._describe_divergence("weights are not finite"))

    def _update_speed(self) -> None:
        seconds, pictures = self._measured
        if self.seconds - seconds > 0:
            self.images_per_second = (self.pictures - pictures) / (self.seconds - seconds)
        self._measured = (self.seconds, self.pictures)

    def _describe_divergence(self, broken: str) -> Sentence:
        last = self._last_finite
        known = Sentence("no finite value before it", "error.diverged.at_once")
        if last:
            d_loss, g_loss = f"{last.d_loss:.4g}", f"{last.g_loss:.4g}"
            text = f"last finite at step {last.step}: d_loss {d_loss}, g_loss {g_loss}"
            known = Sentence(text, "error.diverged.last", step=last.step, d_loss=d_loss, g_loss=g_loss)
        step = self.step_count
        return Sentence(
            f"training diverged by step {step} ({broken}; {known}); lower the learning rates and go on",
            "error.diverged",
            step=step,
            broken=broken,
            known=known,
        )

    def return_to_good_state(self) -> int:
        """Undo what went wrong: go back to the newest state known to be finite, and return its step.

        The settings and the events stay as they are. The curve keeps showing what happened until the run goes on.
        """
        good, failed_at = self._good, self.step_count
        self.trainer.load_state_dict(good["tensors"])
        self.seconds = good["seconds"]
        self._measured = (self.seconds, self.pictures)
        self._branched = True
        self.record("return", failed_at=failed_at)
        return self.step_count

    def _leave_old_branch(self) -> None:
        """Drop the points of the steps that were undone."""
        if self._branched:
            self.curve.cut(self.step_count)
            self._branched = False

    def _copy_state(self) -> dict[str, Any]:
        return {
            "tensors": {name: tensor.clone() for name, tensor in self.trainer.state_dict().items()},
            "step": self.step_count,
            "seconds": self.seconds,
            "machine": self._machine(),
        }

    # -- keeping -------------------------------------------------------------------------------------

    def save(self, path: Path) -> None:
        """Write everything that a later :meth:`load` needs to go on bit for bit (on a CPU).

        Raises :class:`TrainingFault`, and leaves the file that is there, where the run has diverged.
        """
        self.check_finite()
        self._leave_old_branch()
        self._good = self._copy_state()  # the run never goes back behind what is saved
        self._write(path, self._good, self.events)

    def save_good_state(self, path: Path) -> int:
        """Write the newest good state, as if the run had gone back to it, and return its step.

        From any thread, also while another one is in the middle of a step.
        """
        good, events = self._good, list(self.events)
        if good["step"] != self.step_count:
            events.append(Event(good["step"], "return", {"failed_at": self.step_count}))
        self._write(path, good, events)
        return good["step"]

    def _write(self, path: Path, state: Mapping[str, Any], events: list[Event]) -> None:
        meta = {
            "program": f"gan-studio {__version__}",
            "config": self.config.model_dump(),
            "space": self.trainer.data.space.to_json(),
            "step": state["step"],
            "seconds": state["seconds"],
            **state["machine"],
            "events": [event.to_json() for event in events],
            "curve": [row for row in self.curve.to_rows() if row[0] <= state["step"]],
        }
        write_checkpoint(path, state["tensors"], meta)

    def wrote(self, path: Path) -> bool:
        """Whether ``path`` holds an earlier state of this very run: it was saved or loaded there, and has come from it.

        Both follow from what each says was done to it.
        """
        try:
            there = read_meta(path)["events"]
        except (CheckpointError, KeyError):
            return False
        here = json.loads(json.dumps([event.to_json() for event in self.events]))
        named = any(e.kind in ("save", "load") and e.detail.get("name") == path.stem for e in self.events)
        return named and here[: len(there)] == there

    def _machine(self) -> dict[str, str | int]:
        """Where it runs and how it rounds, with "auto" resolved."""
        machine = {"device": self.trainer.device.type, "precision": describe_precision(self.trainer.precision)}
        # Sums that several threads share are added in another order by another number of them.
        return machine | ({"threads": torch.get_num_threads()} if machine["device"] == "cpu" else {})

    @classmethod
    def load(cls, path: Path, load_data: LoadData, changes: Mapping[str, Any] | None = None) -> Run:
        """The run saved in ``path``, ready to go on; ``changes`` may name live fields, device and precision.

        Raises :class:`CheckpointError` or :class:`gan_studio.config.ConfigError`, naming what is wrong.
        """
        checkpoint = read_checkpoint(path)
        saved = read_description(path, checkpoint.meta)
        config = saved.config
        wanted = make_config(changes, base=config)  # a mistake is refused before the data are loaded
        data = load_data(config)
        wanted, _ = fit_classes(wanted, data)  # as it was when the run began
        changes = {name: getattr(wanted, name) for name in changes or {}}
        resumed = resume_config(config, changes)
        if data.space != saved.space:
            raise CheckpointError(
                f"{path}: made for samples like {saved.space}, but the data set now has {data.space}",
                "error.data_changed",
                name=path.stem,
            )
        run = cls(resumed.model_copy(update={k: getattr(config, k) for k in changes if k in LIVE_FIELDS}), data)
        try:
            run.trainer.load_state_dict(checkpoint.tensors)
        except (StudioError, RuntimeError, ValueError, TypeError, IndexError) as error:
            raise damaged(path, f"does not fit its own description: {error}") from None
        if run.step_count != saved.step:
            raise damaged(path, f"does not fit its own description: step {run.step_count}, not {saved.step}")
        if not run.trainer.all_finite():
            raise CheckpointError(f"{path}: it has diverged, its weights are not numbers", "error.run_diverged")
        run.events, run.curve, run.seconds = saved.events, saved.curve, saved.seconds
        run._measured = (saved.seconds, 0)
        run._good = run._copy_state()
        moved = {
            key: [checkpoint.meta.get(key), now]
            for key, now in run._machine().items()
            if checkpoint.meta.get(key) not in (None, now)
        }
        if moved:
            run.record("moved", **moved)
        run.edit({k: v for k, v in changes.items() if k in LIVE_FIELDS})
        return run


@dataclass(frozen=True)
class Description:
    """What a checkpoint says of its run beside the tensors."""

    config: RunConfig
    space: Space
    events: list[Event]
    curve: Curve
    step: int
    seconds: float


def read_description(path: Path, meta: Mapping[str, Any]) -> Description:
    """Read the JSON part of a checkpoint; raises :class:`CheckpointError` where it is damaged."""
    try:
        return Description(
            config=make_config(meta["config"]),
            space=Space.from_json(meta["space"]),
            events=[_read_event(event) for event in meta["events"]],
            curve=Curve.from_rows([[float(v) for v in row] for row in meta["curve"]]),
            step=int(meta["step"]),
            seconds=float(meta["seconds"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError, StudioError) as error:
        raise damaged(path, f"its description is damaged ({error})") from None


def _read_event(saved: Mapping[str, Any]) -> Event:
    event = Event(int(saved["step"]), str(saved["kind"]), dict(saved["detail"]))
    changes = event.kind in ("edit", "moved")
    if changes and not all(isinstance(v, list) and len(v) == 2 for v in event.detail.values()):
        raise ValueError("an edit must say from what to what")
    return event
