"""Generated pictures beside the training pictures nearest to them; what has to be prepared is, in the background."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from concurrent.futures import Future

import torch

from gan_studio.config import RunConfig
from gan_studio.data import data_key
from gan_studio.errors import StudioError, unexpected
from gan_studio.explorer import Explorer
from gan_studio.metrics.copies import Nearest, Preparing, Space, TrainingPictures
from gan_studio.metrics.extractor import Pace
from gan_studio.session import Session
from gan_studio.training.device import use_threads

log = logging.getLogger(__name__)

_MOST_SETS = 2
_CLOSE_SECONDS = 0.5
_SHARE = 0.5
"""The largest part of one core that preparing takes while a run trains."""


class _Closed(Exception):
    """The app is ending."""


class _Set:
    """The training pictures of one data set, from the moment they are asked for."""

    def __init__(self) -> None:
        self.thread: threading.Thread | None = None  # that prepares them
        self.trained: TrainingPictures | None = None
        self.ready: set[Space] = set()
        self.problem = ""
        self.looked = 0

    def share(self) -> float:
        return min(self.looked / (self.trained.to_look_at or 1), 1.0) if self.trained else 0.0


class Comparer:
    """Finds nearest training pictures; any thread may ask. It keeps the data sets that were asked for last."""

    def __init__(self, session: Session, explorer: Explorer):
        self._session, self._explorer = session, explorer
        self._lock, self._line = threading.Lock(), threading.Lock()
        self._sets: OrderedDict[object, _Set] = OrderedDict()
        self._threads: list[threading.Thread] = []
        self._closed = False

    def nearest(
        self, config: RunConfig, images: torch.Tensor, space: Space, count: int
    ) -> Future[tuple[Nearest, torch.Tensor]] | Preparing | None:
        """The ``count`` pictures nearest to each of images (N, C, H, W) uint8 of those ``config`` trains on, and
        these pictures themselves, (N * count, C, H, W) uint8.

        :class:`Preparing` where they are not ready to be searched; None where there is no such space for them.
        Raises :class:`StudioError` for points, and where the data cannot be read.
        """
        trained = self.pictures(config, space)
        if isinstance(trained, Preparing):
            return trained
        return self._explorer.go_on(_look, trained, images, space, count) if space in trained.spaces else None

    def pictures(self, config: RunConfig, space: Space) -> TrainingPictures | Preparing:
        """The training pictures of ``config``, ready to be searched in ``space`` where they can be.

        Raises :class:`StudioError` as :meth:`nearest` does.
        """
        known = self._of(config)
        if known is None:
            return Preparing(0.0)  # others' are being prepared
        if known.problem:
            raise StudioError(known.problem)
        if space in known.ready or (known.trained and space not in known.trained.spaces):
            return known.trained
        return Preparing(known.share())

    def close(self) -> None:
        """End what is being prepared after the pictures at hand."""
        self._closed = True
        for thread in self._threads:
            thread.join(_CLOSE_SECONDS / len(self._threads))

    @property
    def busy(self) -> bool:
        """Whether a thread is still at work; it must not outlive the interpreter."""
        return any(thread.is_alive() for thread in self._threads)

    def _of(self, config: RunConfig) -> _Set | None:
        """The set of ``config``; None where it has to wait until another one is prepared."""
        key = data_key(config)
        with self._lock:
            if key not in self._sets:
                return self._begin(key, config)
            self._sets.move_to_end(key)
            # What has failed is told once, and tried again when it is asked for again.
            return self._sets.pop(key) if self._sets[key].problem else self._sets[key]

    def _begin(self, key: object, config: RunConfig) -> _Set | None:
        """A new set in place of the one that was asked for longest ago; never of one that is being prepared."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if len(self._sets) >= _MOST_SETS:
            idle = next((known for known, made in self._sets.items() if not made.thread.is_alive()), None)
            if idle is None:
                return None
            del self._sets[idle]
        self._sets[key] = made = _Set()
        made.thread = threading.Thread(target=self._prepare, args=(config, made), name="comparer", daemon=True)
        self._threads.append(made.thread)
        made.thread.start()
        return made

    def _prepare(self, config: RunConfig, made: _Set) -> None:
        use_threads(1)
        try:
            pace = Pace(_SHARE, lambda: self._session.snapshot.state == "running")
            trained = TrainingPictures(config, self._session.data_dir, lambda count: self._looked(count, made, pace))
            trained.prepare("pixels")
            made.trained = trained
            made.ready.add("pixels")
            with self._line:  # one data set at a time
                pace.begin()
                trained.prepare("features")
            made.ready.update(trained.spaces)
        except _Closed:
            pass
        except StudioError as error:
            made.problem = error.sentence
        except Exception as error:  # the page must hear of it, whatever it is
            log.exception("training pictures cannot be searched")
            made.problem = unexpected(error)

    def _looked(self, count: int, made: _Set, pace: Pace) -> None:
        """Called on whichever thread looks at pictures; only the one that prepares them waits."""
        if "features" in made.ready:
            return
        if self._closed:
            raise _Closed
        made.looked += count
        pace.rest()


def _look(trained: TrainingPictures, images: torch.Tensor, space: Space, count: int) -> tuple[Nearest, torch.Tensor]:
    found = trained.nearest(images, space, count)
    return found, trained.pictures[found.indices.flatten()]
