"""Gives human tests out and takes answers in, for any number of people at once."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from gan_studio.errors import StudioError, in_words
from gan_studio.judges.human import PICTURES, Answers, HumanTest, check_pictures, draw_test, report
from gan_studio.judges.player import HeldOut, Player, live_player, saved_player
from gan_studio.judges.store import FILE_NAME, AnswerStore
from gan_studio.latent.source import LIVE, Seed
from gan_studio.session import Session
from gan_studio.training.checkpoint import saved_path
from gan_studio.worker import Worker

SLOWEST = 600_000
"""Milliseconds: whoever looks at one picture for longer has gone to lunch."""
SAME_SECONDS = 60.0
"""How long a test of a generator that goes on training is given out again: a class does not begin in one instant."""
_MOST_TESTS = 64
_MOST_TICKETS = 2000
_MOST_LISTED = 8
_EXPIRED = "this test has expired: many others were begun since, or the app was started anew; begin a new one"

Verdicts = Annotated[tuple[StrictBool, ...], Field(min_length=PICTURES, max_length=PICTURES)]
Times = Annotated[
    tuple[Annotated[StrictInt, Field(ge=1, le=SLOWEST)], ...], Field(min_length=PICTURES, max_length=PICTURES)
]
Name = Annotated[str, Field(max_length=100)]


class TestRequest(BaseModel):
    """A test of ``source``, "live" or a saved run, or, where ``test`` is not empty, the one that was given out."""

    __test__ = False  # not for pytest
    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Name = LIVE
    seed: Seed = 0
    test: Name = ""


class Submission(BaseModel):
    """What one person said: whether each picture is fake, and after how many milliseconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ticket: Name
    fake: Verdicts
    milliseconds: Times


@dataclass
class _Ticket:
    """One person's copy of a test; ``problem`` says why the answers could not be kept."""

    test: str
    answers: Answers | None = None
    problem: str = ""


@dataclass
class _Given:
    """A test that was given out, what it was asked for as, and when it was drawn."""

    test: HumanTest
    asked: tuple[Any, ...]
    drawn: float
    began: int = 0
    finished: int = 0


class Examiner:
    """Serves human tests from any thread; pictures are drawn by ``worker``, the key never leaves before the answers."""

    def __init__(self, session: Session, worker: Worker, real: HeldOut):
        self._session, self._worker, self._real = session, worker, real
        self.store = AnswerStore(session.checkpoints / FILE_NAME)
        self._desk = ThreadPoolExecutor(1, thread_name_prefix="examiner")  # a class that begins together draws once
        self._lock = threading.Lock()
        self._tests: OrderedDict[str, _Given] = OrderedDict()
        self._tickets: OrderedDict[str, _Ticket] = OrderedDict()

    def begin(self, request: TestRequest) -> Future[tuple[str, HumanTest]]:
        """A ticket and its test; the future raises :class:`StudioError` where it cannot be drawn or has expired."""
        return self._desk.submit(self._begin, request)

    def hand_in(self, submission: Submission) -> dict[str, Any]:
        """Keep one person's answers and return the result, as :meth:`result` does; a ticket is good for one time.

        The same answers again get the result again: the first one may have been lost on its way.
        """
        answers = Answers(submission.fake, submission.milliseconds)
        with self._lock:
            ticket, given = self._find(submission.ticket)
            known = ticket.answers
            if known is not None and known != answers:
                raise StudioError("these answers have been handed in already", "error.handed_in")
            if known is None:
                ticket.answers = answers
                given.finished += 1
        if known is not None:
            return self.result(submission.ticket)
        try:
            self.store.add(submission.ticket, given.test, answers)
        except StudioError as error:  # the person still gets a result
            ticket.problem = error.sentence
        return self.result(submission.ticket)

    def result(self, ticket_name: str) -> dict[str, Any]:
        """The key, the own score, the class's so far and the discriminator's, as JSON values; see :func:`report`."""
        with self._lock:
            ticket, given = self._find(ticket_name)
        if ticket.answers is None:
            raise StudioError("answer all pictures first", "error.unanswered")
        everybody, problem = [ticket.answers], ticket.problem
        if not problem:
            try:
                everybody = self.store.answers(given.test) or everybody
            except StudioError as error:
                problem = error.sentence
        return {**report(given.test, ticket.answers, everybody), "problem": in_words(problem)}

    def recent(self) -> list[dict[str, Any]]:
        """The tests that were given out last, newest first, for others to take too."""
        with self._lock:
            newest = list(reversed(self._tests.values()))[:_MOST_LISTED]
            return [
                {
                    "test": given.test.id,
                    "source": given.test.source,
                    "dataset": given.test.dataset,
                    "step": given.test.step,
                    "seed": given.test.seed,
                    "began": given.began,
                    "finished": given.finished,
                }
                for given in newest
            ]

    def close(self) -> None:
        """Forget what waits."""
        self._desk.shutdown(wait=False, cancel_futures=True)

    # -- on the desk's thread ------------------------------------------------------------------------

    def _begin(self, request: TestRequest) -> tuple[str, HumanTest]:
        given = self._given(request.test) if request.test else self._asked(request.source, request.seed)
        name = secrets.token_urlsafe(16)
        with self._lock:
            given.began += 1
            self._tests[given.test.id] = given
            self._tests.move_to_end(given.test.id)
            self._tickets[name] = _Ticket(given.test.id)
            while len(self._tests) > _MOST_TESTS:
                self._tests.popitem(last=False)
            while len(self._tickets) > _MOST_TICKETS:
                self._tickets.popitem(last=False)
        return name, given.test

    def _given(self, test: str) -> _Given:
        with self._lock:
            if test not in self._tests:
                raise StudioError(_EXPIRED, "error.expired")
            return self._tests[test]

    def _asked(self, source: str, seed: int) -> _Given:
        """The test of these weights and this seed, drawn now or given out before."""
        if source == LIVE:
            known, asked = self._live_test(seed), (LIVE, self._session.snapshot.run_id)
            return known or self._draw(self._worker.submit(live_player, self._session), seed, asked)
        path = saved_path(self._session.checkpoints, source)
        asked = path, path.stat().st_mtime_ns
        with self._lock:
            known = next((given for given in self._tests.values() if given.asked == (*asked, seed)), None)
        return known or self._draw(self._worker.submit(saved_player, path, source), seed, asked)

    def _live_test(self, seed: int) -> _Given | None:
        """One of the run's present weights; while it trains, also of those of a moment ago."""
        now, snapshot = time.monotonic(), self._session.snapshot
        with self._lock:
            for given in reversed(self._tests.values()):
                fresh = snapshot.state == "running" and now - given.drawn < SAME_SECONDS
                if given.asked == (LIVE, snapshot.run_id, seed) and (fresh or given.test.step == snapshot.step):
                    return given
        return None

    def _draw(self, coming: Future[Player], seed: int, asked: tuple[Any, ...]) -> _Given:
        player = coming.result()
        check_pictures(player)  # before the data are read
        test = self._worker.submit(draw_test, player, self._real.of(player), seed).result()
        with self._lock:
            known = self._tests.get(test.id)  # the same weights under another name
        return known or _Given(test, (*asked, seed), time.monotonic())

    # -- under the lock ------------------------------------------------------------------------------

    def _find(self, name: str) -> tuple[_Ticket, _Given]:
        ticket = self._tickets.get(name)
        if ticket is None or ticket.test not in self._tests:
            raise StudioError(_EXPIRED, "error.expired")
        return ticket, self._tests[ticket.test]
