import time
from concurrent import futures

import pytest

from gan_studio import worker as module
from gan_studio.errors import StudioError
from gan_studio.worker import MOST_WAITING, Worker, visitor
from tests.conftest import as_visitor, tiny_config, wait_until


def test_drawing_leaves_most_of_the_time_to_training(session):
    worker = Worker(session)
    session.start(tiny_config())

    def work():
        end = time.thread_time() + 0.02
        while time.thread_time() < end:
            pass

    wait_until(lambda: session.snapshot.state == "running")
    start = time.monotonic()
    for piece in [worker.submit(work) for _ in range(10)]:
        piece.result(timeout=30)
    assert time.monotonic() - start > 9 * 0.02 / 0.4
    worker.close()


def test_what_goes_wrong_is_raised_to_who_asked_and_the_worker_goes_on(worker):
    with pytest.raises(ZeroDivisionError):
        worker.submit(lambda: 1 / 0).result(timeout=30)
    assert worker.submit(int, "3").result(timeout=30) == 3


def test_nobody_waits_for_training_that_has_paused(state, worker):
    worker.submit(int).result(timeout=30)
    state.snapshot.state, worker._rest_until = "running", time.monotonic() + 1e6
    piece = worker.submit(int, "3")
    with pytest.raises(futures.TimeoutError):
        piece.result(timeout=0.1)
    state.snapshot.state = "paused"
    assert piece.result(timeout=30) == 3


def test_a_long_piece_does_not_make_the_next_one_wait_as_long(state, worker, monkeypatch):
    clock = iter([0.0, 1000.0])
    monkeypatch.setattr(module.time, "thread_time", lambda: next(clock))
    worker._do_next()  # nothing waits: nothing is measured
    worker.submit(int)
    wait_until(lambda: worker._rest_until)
    assert 0 < worker._rest_until - time.monotonic() <= 2


def test_ten_people_take_turns_although_one_of_them_is_greedy(worker, hold):
    done = []
    pieces = [as_visitor("greedy", worker.submit, done.append, "greedy") for _ in range(MOST_WAITING)]
    pieces += [as_visitor(str(number), worker.submit, done.append, number) for number in range(9)]
    pieces += [as_visitor("0", worker.submit, done.append, "again")]
    hold.set()
    for piece in pieces:
        piece.result(timeout=30)
    assert done[:12] == ["greedy", *range(9), "greedy", "again"]
    assert len(done) == MOST_WAITING + 10


def test_each_persons_line_is_bounded(worker, hold):
    pieces = [as_visitor("greedy", worker.submit, int) for _ in range(MOST_WAITING)]
    with pytest.raises(StudioError, match="busy"):
        as_visitor("greedy", worker.submit, int)
    pieces[3].cancel()  # makes room
    pieces += [as_visitor("greedy", worker.submit, int), as_visitor("other", worker.submit, int)]
    with pytest.raises(StudioError, match="busy"):
        as_visitor("greedy", worker.submit, int)
    hold.set()
    assert [piece.cancelled() or piece.result(timeout=30) for piece in pieces].count(True) == 1


def test_what_a_piece_asks_for_is_the_same_visitors(worker):
    inner = as_visitor("me", worker.submit, lambda: worker.submit(visitor.get)).result(timeout=30)
    assert inner.result(timeout=30) == "me" and worker.submit(visitor.get).result(timeout=30) == ""


def test_a_closed_worker_forgets_what_waits(worker, hold):
    piece = worker.submit(int)
    worker.close()
    assert piece.cancelled()
    with pytest.raises(RuntimeError):
        worker.submit(int)
