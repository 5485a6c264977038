"""Generated pictures beside the training pictures nearest to them; what has to be prepared is, in the background."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass

import torch

from gan_studio.config import RunConfig
from gan_studio.data import data_key
from gan_studio.errors import StudioError, unexpected
from gan_studio.explorer import Explorer
from gan_studio.metrics.copies import Nearest, Space, TrainingPictures
from gan_studio.metrics.extractor import Pace
from gan_studio.session import Session

log = logging.getLogger(__name__)

_MOST_SETS = 2
_CLOSE_SECONDS = 0.5
_SHARE = 0.5
"""The largest part of one core that preparing takes while a run trains."""


@dataclass(frozen=True)
class Preparing:
    """Not yet: ``share`` of what has to be looked at first is done."""

    share: float


class _Closed(Exception):
    """The app is ending."""


class _Set:
    """The training pictures of one data set, from the moment they are asked for."""

    def __init__(self) -> None:
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
        known = self._of(config)
        if known.problem:
            raise StudioError(known.problem)
        if space not in known.ready:
            return None if known.trained and space not in known.trained.spaces else Preparing(known.share())
        return self._explorer.go_on(_look, known.trained, images, space, count)

    def close(self) -> None:
        """End what is being prepared after the pictures at hand."""
        self._closed = True
        for thread in self._threads:
            thread.join(_CLOSE_SECONDS / len(self._threads))

    @property
    def busy(self) -> bool:
        """Whether a thread is still at work; it must not outlive the interpreter."""
        return any(thread.is_alive() for thread in self._threads)

    def _of(self, config: RunConfig) -> _Set:
        key = data_key(config)
        with self._lock:
            if key not in self._sets or self._sets[key].problem:
                self._sets[key] = made = _Set()
                thread = threading.Thread(target=self._prepare, args=(config, made), name="comparer", daemon=True)
                self._threads = [*(other for other in self._threads if other.is_alive()), thread]
                thread.start()
                while len(self._sets) > _MOST_SETS:
                    self._sets.popitem(last=False)
            self._sets.move_to_end(key)
            return self._sets[key]

    def _prepare(self, config: RunConfig, made: _Set) -> None:
        torch.set_num_threads(1)
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
