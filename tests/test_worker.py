import time

import pytest

from gan_studio.worker import Worker
from tests.conftest import tiny_config, wait_until


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


def test_what_goes_wrong_is_raised_to_who_asked_and_the_worker_goes_on(session):
    worker = Worker(session)
    with pytest.raises(ZeroDivisionError):
        worker.submit(lambda: 1 / 0).result(timeout=30)
    assert worker.submit(int, "3").result(timeout=30) == 3
    worker.close()
