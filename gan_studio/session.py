"""The one thread that owns the models: it trains, obeys commands between steps, and publishes."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from gan_studio.config import RunConfig
from gan_studio.data import DataSet, data_key, load_data
from gan_studio.errors import Sentence, StudioError, in_words, joined, sentence_of, unexpected
from gan_studio.latent.source import cycled_labels
from gan_studio.past import Past
from gan_studio.snapshot import Snapshot, State, Weights
from gan_studio.training.checkpoint import SUFFIX, checkpoint_path, list_checkpoints, read_meta
from gan_studio.training.device import describe_device, describe_precision, use_threads
from gan_studio.training.memory import keep_freed_memory
from gan_studio.training.run import Run, TrainingFault, read_description

log = logging.getLogger(__name__)

SNAPSHOT_SECONDS = 0.245
AUTOSAVE_SECONDS = 120.0
AUTOSAVES_KEPT = 5
AUTOSAVE = "autosave-"
AUTOSAVE_FAILED = "autosave failed"
GRID_SIZE = 64
"""Pictures in the sample grid, and beside it of real ones."""
POINTS_SHOWN = 1000
"""Points drawn, where samples are points."""


class SessionClosed(StudioError):
    """The app is ending; it takes no more commands."""


class Session:
    """Owns the run. Every public method may be called from any thread; commands wait for their step.

    ``on_snapshot`` is called by the session thread with each new :class:`Snapshot` and must not block.
    """

    def __init__(
        self,
        checkpoints: Path,
        data_dir: Path | None = None,
        on_snapshot: Callable[[Snapshot], None] = lambda snapshot: None,
        snapshot_seconds: float = SNAPSHOT_SECONDS,
    ):
        keep_freed_memory()
        self._threads = torch.get_num_threads()
        self.checkpoints = checkpoints
        self.snapshot = Snapshot(state="empty")
        self.weights: Weights | None = None
        self.past: Past[Weights] = Past()  # of the present run, both networks
        self._on_snapshot = on_snapshot
        self._snapshot_seconds = snapshot_seconds
        self.data_dir = data_dir
        self._data: tuple[Any, DataSet] | None = None  # the newest set and what it was made for
        self._data_lock = threading.Lock()
        self._said = 0.0  # when the progress of loading was last told
        self._commands: queue.SimpleQueue[tuple[Callable[[], Any], Future]] = queue.SimpleQueue()
        self._state: State = "empty"
        self._message = ""
        self._run: Run | None = None
        self._run_id = ""
        self._runs = 0
        self._dirty = False  # trained since it was last saved
        self._closing = False
        self._lock = threading.Lock()  # held while deciding whether a command may still be queued
        self._saving = threading.RLock()  # held while a file is written: at the end another thread may have to
        self._put_away = False  # saved for the last time
        self._thread = threading.Thread(target=self._loop, name="session", daemon=True)
        self._thread.start()
        self._do(lambda: None)  # now it has its number of threads, whatever is set for others

    # -- commands, from any thread -------------------------------------------------------------------

    def start(self, config: RunConfig) -> None:
        """Go on with a paused run, or begin a new one as ``config`` says."""
        # Fetching and decoding must not hold up the session thread.
        data = None if self._state in ("running", "paused") else self._load_data(config)
        self._do(lambda: self._start(config, data))

    def reset(self, config: RunConfig) -> None:
        """Put the present run away (it is autosaved) and prepare a new one at step 0."""
        data = self._load_data(config)
        self._do(lambda: self._begin(config, "paused", data))

    def pause(self) -> None:
        """Stop stepping until :meth:`resume`, :meth:`start` or :meth:`step_once`."""
        self._do(self._pause)

    def resume(self) -> None:
        """Go on with a paused, stopped, failed or loaded run."""
        self._do(self._resume)

    def step_once(self, config: RunConfig) -> None:
        """One step of the paused run, or of a new one as ``config`` says."""
        data = self._load_data(config) if self._state == "empty" else None
        self._do(lambda: self._step_once(config, data))

    def stop(self) -> None:
        """End the run: it is autosaved, stays visible, and can be resumed until another one starts."""
        self._do(self._stop)

    def edit(self, changes: Mapping[str, Any]) -> None:
        """Change live fields between two steps; raises :class:`StudioError` where refused."""
        self._do(lambda: self._edit(dict(changes)))

    def save(self, name: str) -> Path:
        """Save the run as ``name`` and return its path; :class:`StudioError` where another run is saved under it."""
        if str(name).startswith(AUTOSAVE):
            raise StudioError(
                f"names that begin with {AUTOSAVE!r} are pruned by themselves; choose another",
                "error.autosave_name",
                prefix=AUTOSAVE,
            )
        return self._do(lambda: self._save(checkpoint_path(self.checkpoints, name), record=True))

    def load(self, name: str, device: str | None = None) -> None:
        """Replace the run (it is autosaved) by the saved one, paused; ``device`` is where it goes on."""
        path = checkpoint_path(self.checkpoints, name)
        data = self._load_data(read_description(path, read_meta(path)).config)
        self._do(lambda: self._load(path, device, data))

    def copy_players(self) -> Weights:
        """The averaged generator and the discriminator as they are between two steps."""
        return self._do(self._copy_players)

    def copy_raw(self) -> Weights:
        """The generator that is trained, not averaged, as it is between two steps."""
        return self._do(self._copy_raw)

    def warm_up(self, config: RunConfig) -> None:
        """Do the slow first-time work of a run like ``config`` before somebody waits for it."""
        data = self._load_data(config)
        self._do(lambda: Run(config, data).step())

    def close(self, timeout: float = 10.0) -> bool:
        """Save what is unsaved and end the thread.

        False where a step takes more than ``timeout`` seconds: then the newest good state is saved instead.
        """
        with self._lock:
            if not self._closing:
                self._closing = True
                self._commands.put((lambda: None, Future()))  # wakes the loop
        self._thread.join(timeout)
        if self._thread.is_alive():
            self._save_for_the_last_time(self._save_good_state)
            self._thread.join(0.1)  # it may only have been writing
        return not self._thread.is_alive()

    def _do(self, action: Callable[[], Any]) -> Any:
        """Run ``action`` on the session thread, between two steps, and hand its result back."""
        future: Future = Future()
        with self._lock:
            if self._closing:
                raise SessionClosed("the app is ending", "error.ending")
            self._commands.put((action, future))
        return future.result()

    # -- the session thread --------------------------------------------------------------------------

    def _loop(self) -> None:
        use_threads(self._threads)
        try:
            self._train_and_obey()
            self._save_for_the_last_time(self._autosave)
        finally:
            with self._lock:
                self._closing = True
            self._refuse_rest()

    def _train_and_obey(self) -> None:
        next_snapshot = next_autosave = 0.0
        while not self._closing:
            self._obey(wait=self._state != "running")
            if self._state != "running" or self._closing:
                continue
            self._guard(self._step)
            self._dirty = True
            now = time.monotonic()
            if now >= next_snapshot and self._state == "running":
                self._guard(self._measure_and_publish)
                # On average at the even rate; but a slow grid must not take all of the time.
                next_snapshot = max(
                    next_snapshot + self._snapshot_seconds, time.monotonic() + self._snapshot_seconds / 2
                )
            if now >= next_autosave:
                if next_autosave:
                    self._autosave()
                next_autosave = now + AUTOSAVE_SECONDS

    def _obey(self, wait: bool) -> None:
        """Carry out the queued commands; with ``wait``, sleep until there is one."""
        while True:
            try:
                action, future = self._commands.get(block=wait)
            except queue.Empty:
                return
            wait = False
            try:
                future.set_result(action())
            except StudioError as error:
                future.set_exception(error)
            except Exception as error:  # a fault in one command must not end the thread that owns the models
                log.exception("a command failed")
                future.set_exception(StudioError(unexpected(error)))

    def _refuse_rest(self) -> None:
        while not self._commands.empty():
            _, future = self._commands.get()
            future.set_exception(SessionClosed("the app is ending", "error.ending"))

    def _guard(self, work: Callable[[], Any]) -> None:
        """Do a piece of training; a fault stops the run at its last good state and says so."""
        try:
            work()
            return
        except TrainingFault as fault:
            reason = fault.sentence
        except Exception as error:
            log.exception("training failed")
            reason = unexpected(error)
        self._fail(reason)  # outside the handler: its traceback would keep the failed step's memory alive

    def _fail(self, reason: Sentence) -> None:
        self._state, self._message = "failed", reason
        self._run.record("fault", reason=reason, words=in_words(reason))
        try:
            step = self._run.return_to_good_state()
            self.past.drop_after(step)
            kept = f"{reason}. The state of step {step} is kept."
            self._message = Sentence(kept, "error.fault", reason=reason, step=step)
            self._publish()
        except Exception as error:  # such as a GPU that answers no more: the page must still hear of it
            log.exception("the good state could not be restored")
            lost = f"{reason}. The last good state could not be restored: {error}"
            self._message = Sentence(lost, "error.fault.lost", reason=reason, error=str(error))
            self._dirty = False  # nothing of this run can be saved any more; it must not stand in the next one's way
            self.snapshot = replace(self.snapshot, state="failed", message=self._message)
            self._on_snapshot(self.snapshot)

    # -- what commands do, on the session thread -----------------------------------------------------

    def _start(self, config: RunConfig, data: DataSet | None) -> None:
        if self._state == "running":
            return
        if self._state == "paused":
            self._resume()
        else:
            self._begin(config, "running", data)

    def _begin(self, config: RunConfig, state: State, data: DataSet | None) -> None:
        if data is None:  # another visitor ended the run in the meantime
            raise StudioError("the run has just ended: press again", "error.just_ended")
        run = Run(config, data)  # refused before the old run is let go
        run.record("start")
        self._adopt(run, state, joined(run.notes))

    def _load_data(self, config: RunConfig) -> DataSet:
        key = data_key(config)
        with self._data_lock:
            if self._data is None or self._data[0] != key:
                try:
                    self._data = key, load_data(config, self.data_dir, progress=self._say_progress)
                except StudioError:
                    self._on_snapshot(replace(self.snapshot, published=time.time()))  # no progress any more
                    raise
            return self._data[1]

    def _say_progress(self, text: str, share: float) -> None:
        """Tell the viewers how far the data are; the next snapshot takes the place of this one."""
        now = time.monotonic()
        if now - self._said >= self._snapshot_seconds:
            self._said = now
            percent = f"{100 * share:.0f}"
            message = Sentence(f"{text}: {percent} %", "loading.share", what=sentence_of(text), share=percent)
            self._on_snapshot(replace(self.snapshot, message=message, published=time.time()))

    def _adopt(self, run: Run, state: State, message: str = "") -> None:
        if not self._autosave():
            raise StudioError(
                f"the present run is kept, because it could not be saved: {self._message}",
                "error.run_kept",
                reason=self._message,
            )
        self._runs += 1
        when = time.strftime("%Y%m%d-%H%M%S")
        self._run, self._run_id = run, f"{run.config.dataset}-{run.config.network}-{when}-{self._runs}"
        self._state, self._message, self._dirty = state, message, False
        self.past = self._keep(Past())
        self._publish()

    def _pause(self) -> None:
        self._need_run()
        if self._state == "running":
            self._guard(self._measure)
        if self._state == "running":
            self._enter("paused", "pause")

    def _resume(self) -> None:
        self._need_run()
        if self._state != "running":
            self._enter("running", "resume")

    def _enter(self, state: State, event: str) -> None:
        self._state, self._message = state, self._first_words()
        self._run.record(event)
        self._publish()

    def _first_words(self) -> str:
        """What there is to say of the run before its first step."""
        return "" if self._run.step_count else joined(self._run.notes)

    def _step_once(self, config: RunConfig, data: DataSet | None) -> None:
        if self._run is None:
            self._begin(config, "paused", data)
        if self._state == "running":
            self._pause()
            if self._state == "failed":  # by the step just measured
                return
        self._run.record("step")
        self._state, self._message, self._dirty = "paused", self._first_words(), True
        self._guard(self._step)
        if self._state == "paused":
            self._guard(self._measure_and_publish)

    def _step(self) -> None:
        self._run.step()
        if self._run.step_count >= self.past.next_step:
            self._keep(self.past)

    def _keep(self, past: Past[Weights]) -> Past[Weights]:
        """Add the present step to ``past``: a copy of a few MB, at some dozens of steps of a whole run."""
        players = self._copy_players()
        past.keep(players.step, players, players.size)
        return past

    def _stop(self) -> None:
        self._need_run()
        if self._state == "running":
            self._guard(self._measure)
        if self._state in ("running", "paused"):
            self._enter("stopped", "stop")
            self._autosave()

    def _edit(self, changes: dict[str, Any]) -> None:
        self._need_run()
        self._run.edit(changes)
        self._dirty = True
        self._publish()

    def _save(self, path: Path, record: bool = False) -> Path:
        """Save the run as it is; if it has just diverged, it goes back to its last good state first."""
        self._need_run()
        if record:
            self._guard(self._run.check_finite)
            if path.exists() and not self._run.wrote(path):
                raise StudioError(
                    f"there is a saved run called {path.stem} already: choose another name",
                    "error.name_taken",
                    name=path.stem,
                )
            self._run.record("save", name=path.stem)
        try:
            with self._saving:
                self._run.save(path)
                self._dirty = False
        except Exception:
            if record:
                self._run.events.pop()  # it was not saved
            raise
        if record:
            self._publish()
        return path

    def _load(self, path: Path, device: str | None, data: DataSet) -> None:
        run = Run.load(path, lambda config: data, {"device": device} if device else None)
        run.record("load", name=path.stem)
        self._adopt(run, "paused")

    def _need_run(self) -> None:
        if self._run is None:
            raise StudioError("there is no run yet: press Start first", "error.no_run")

    def _autosave(self) -> bool:
        """Save a run that has trained since it was last saved, and keep only the newest few; False where it failed."""
        if self._run is not None and self._dirty:
            self._guard(self._run.check_finite)
        if self._run is None or not self._dirty or self._run.step_count == 0:
            return True
        try:
            self._save(self._autosave_path())
            old = [name for name in list_checkpoints(self.checkpoints) if name.startswith(AUTOSAVE)][AUTOSAVES_KEPT:]
            for name in old:
                checkpoint_path(self.checkpoints, name).unlink(missing_ok=True)
            if self._message.startswith(AUTOSAVE_FAILED):
                self._message = ""
            return True
        except Exception as error:  # whatever it is, training goes on
            log.warning("%s: %s", AUTOSAVE_FAILED, error, exc_info=True)
            self._message = Sentence(f"{AUTOSAVE_FAILED}: {error}", "error.autosave", error=sentence_of(error))
            return False

    def _save_for_the_last_time(self, save: Callable[[], Any]) -> None:
        """At the end, once: on the session's thread, or on one that does not wait for it any longer."""
        with self._saving:
            if not self._put_away:
                save()
                self._put_away = True

    def _save_good_state(self) -> None:
        run = self._run
        if run is None or not self._dirty or run.step_count == 0:
            return
        path = self._autosave_path()
        try:
            step = run.save_good_state(path)
            log.warning("a step takes too long to wait for: the run is saved in %s as it was at step %d", path, step)
        except Exception as error:
            log.warning("%s: %s", AUTOSAVE_FAILED, error, exc_info=True)

    def _autosave_path(self) -> Path:
        return self.checkpoints / f"{AUTOSAVE}{self._run_id}{SUFFIX}"

    # -- publishing ----------------------------------------------------------------------------------

    def _measure(self) -> None:
        """Add the present step to the curve where it is not there yet."""
        newest = self._run.curve.newest
        if self._run.trainer.has_stepped and not (newest and newest.step == self._run.step_count):
            self._run.measure()

    def _measure_and_publish(self) -> None:
        self._measure()
        self._publish()

    def _publish(self) -> None:
        run, trainer = self._run, self._run.trainer
        same_run = self.snapshot.run_id == self._run_id
        self.weights = self._copy_weights()
        self.snapshot = Snapshot(
            state=self._state,
            run_id=self._run_id,
            config=run.config,
            step=run.step_count,
            seconds=run.seconds,
            epoch=trainer.sampler.epochs,
            device=describe_device(trainer.device),
            precision=describe_precision(trainer.precision),
            message=self._message,
            point=run.curve.newest,
            curve=run.curve,
            events=tuple(run.events),
            grid=self._draw_grid(),
            real=self.snapshot.real if same_run else run.data.samples[: self._grid_size()],
            extent=run.data.extent,
            surface=trainer.surface() if run.data.is_points else None,
            published=time.time(),
        )
        self._on_snapshot(self.snapshot)

    def _grid_size(self) -> int:
        return POINTS_SHOWN if self._run.data.is_points else GRID_SIZE

    def _draw_grid(self) -> torch.Tensor:
        """Samples of the averaged generator from latents, and for classes, that stay the same all through a run."""
        config, count = self._run.config, self._grid_size()
        z = torch.randn(count, config.latent_size, generator=torch.Generator().manual_seed(config.seed + 2))
        labels = cycled_labels(count, len(self._run.data.classes)) if config.by_class else None
        return self._run.trainer.sample(z, labels)

    def _copy_weights(self, raw: bool = False) -> Weights:
        trainer = self._run.trainer
        network = trainer.generator if raw else trainer.average.network
        return Weights(self._run_id, self._run.step_count, self._run.config, self._run.data.space, _copied(network))

    def _copy_raw(self) -> Weights:
        self._need_run()
        return self._copy_weights(raw=True)

    def _copy_players(self) -> Weights:
        self._need_run()
        return replace(self._copy_weights(), discriminator=_copied(self._run.trainer.discriminator))


def _copied(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}
