"""Plays one match at a time in the background, for everybody who looks at the page."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gan_studio.errors import StudioError, in_words, unexpected
from gan_studio.judges.examiner import Name
from gan_studio.judges.match import MOST, MOST_SAMPLES, SAMPLES, Match, check_fit, check_numbers, play
from gan_studio.judges.player import HeldOut, Player, live_player, saved_player
from gan_studio.latent.source import LIVE, Seed
from gan_studio.session import Session
from gan_studio.training.checkpoint import saved_path
from gan_studio.worker import Worker

log = logging.getLogger(__name__)


class MatchRequest(BaseModel):
    """Who plays, "live" or saved runs, with how many samples of each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    players: Annotated[tuple[Name, ...], Field(max_length=4 * MOST)]
    samples: Annotated[int, Field(ge=0, le=MOST_SAMPLES)] = SAMPLES
    seed: Seed = 0


@dataclass(frozen=True)
class Progress:
    """What everybody may see of the match that was asked for last."""

    state: Literal["empty", "running", "done", "stopped", "failed"] = "empty"
    share: float = 0.0
    players: tuple[str, ...] = ()
    message: str = ""
    match: Match | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "message": in_words(self.message), "match": self.match and self.match.to_json()}


class _Stopped(Exception):
    """Somebody pressed Stop, or the app is ending."""


class Referee:
    """``progress`` may be read by any thread; samples are drawn and judged by ``worker``, one batch at a time."""

    def __init__(self, session: Session, worker: Worker, real: HeldOut):
        self._session, self._worker, self._real = session, worker, real
        self.progress = Progress()
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def start(self, request: MatchRequest) -> None:
        """Begin in the background; :class:`StudioError` for bad numbers or while another match is played."""
        check_numbers(request.players, request.samples)
        with self._lock:
            if self.progress.state == "running":
                raise StudioError(
                    f"a match between {', '.join(self.progress.players)} is being played: wait or stop it",
                    "error.match_busy",
                )
            self._stopping.clear()
            self.progress = Progress("running", players=request.players)
        threading.Thread(target=self._run, args=(request,), name="referee", daemon=True).start()

    def stop(self) -> None:
        """End the match after the batch in progress."""
        self._stopping.set()

    def _run(self, request: MatchRequest) -> None:
        try:
            match = self._play(request)
            self.progress = Progress("done", 1.0, request.players, match=match)
        except (_Stopped, CancelledError):
            self.progress = Progress("stopped", players=request.players)
        except StudioError as error:
            self.progress = Progress("failed", players=request.players, message=error.sentence)
        except Exception as error:  # such as no memory left on the device: the page must hear of it
            if not self._stopping.is_set():
                log.exception("a match failed")
            self.progress = Progress("failed", players=request.players, message=unexpected(error))

    def _play(self, request: MatchRequest) -> Match:
        players: list[Player] = []
        for name in request.players:  # found out before more is read
            players.append(self._player(name))
            check_fit(players[0], players[-1])
        real = self._real.of(players[0])
        return play(players, real, samples=request.samples, seed=request.seed, do=self._piece, progress=self._tell)

    def _player(self, name: str) -> Player:
        if name == LIVE:
            return self._piece(partial(live_player, self._session))
        return self._piece(partial(saved_player, saved_path(self._session.checkpoints, name), name))

    def _piece(self, work: Callable[[], Any]) -> Any:
        if self._stopping.is_set():
            raise _Stopped
        return self._worker.submit(work).result()

    def _tell(self, share: float) -> None:
        self.progress = replace(self.progress, share=round(share, 3))
