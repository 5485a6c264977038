from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from pydantic import ValidationError

from gan_studio.errors import StudioError
from gan_studio.judges import examiner as module
from gan_studio.judges.examiner import Examiner, Submission, TestRequest
from gan_studio.judges.player import HeldOut
from gan_studio.worker import Worker
from tests.conftest import tiny_config, wait_until

TIMES = (700,) * 20
REAL = (False,) * 20


@pytest.fixture
def make_examiner(session):
    made = []

    def make():
        worker = Worker(session)
        made.append((Examiner(session, worker, HeldOut(None)), worker))
        return made[-1][0]

    yield make
    for examiner, worker in made:
        examiner.close()
        worker.close()


@pytest.fixture
def examiner(make_examiner):
    return make_examiner()


@pytest.fixture
def saved(session):
    session.step_once(tiny_config())
    session.save("kept")


def begin(examiner, **request):
    return examiner.begin(TestRequest(**request)).result(timeout=30)


def hand_in(examiner, ticket, fake=REAL):
    return examiner.hand_in(Submission(ticket=ticket, fake=fake, milliseconds=TIMES))


def test_what_is_not_there_is_said(session, examiner):
    for request, complaint in (
        ({}, "no run yet"),
        ({"source": "gone"}, "'gone' is not there"),
        ({"source": "../x"}, "checkpoint name"),
        ({"test": "0123"}, "has expired"),
    ):
        with pytest.raises(StudioError, match=complaint):
            begin(examiner, **request)
    session.step_once(tiny_config(dataset="ring8"))
    with pytest.raises(StudioError, match="needs pictures, and live generates points"):
        begin(examiner)


def test_everybody_with_the_same_number_gets_the_same_test(saved, examiner):
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda _: begin(examiner, source="kept", seed=4), range(16)))
    assert len({test.id for _, test in given}) == 1 and len({ticket for ticket, _ in given}) == 16
    assert begin(examiner, source="live", seed=4)[1].id == given[0][1].id  # the same weights
    assert begin(examiner, source="kept", seed=5)[1].id != given[0][1].id
    (newest, first) = examiner.recent()
    assert (newest["seed"], first["seed"], first["began"], first["finished"]) == (5, 4, 17, 0)


def test_a_live_test_stays_as_it_is_while_training_goes_on(session, examiner, monkeypatch):
    session.start(tiny_config(generator_lr=0.05))
    wait_until(lambda: session.snapshot.step > 1)
    ticket, test = begin(examiner, seed=1)
    images = test.images.clone()
    wait_until(lambda: session.snapshot.step > test.step + 5)
    assert begin(examiner, seed=1)[1] is test  # a class does not begin in one instant
    monkeypatch.setattr(module, "SAME_SECONDS", 0.0)
    later = begin(examiner, seed=1)[1]
    assert later.step > test.step and later.id != test.id
    assert begin(examiner, test=test.id)[1] is test and torch.equal(test.images, images)
    result = hand_in(examiner, ticket)
    assert result["key"] == test.fake and result["people"] == 1
    session.pause()
    paused = begin(examiner, seed=1)[1]
    assert paused.step == session.snapshot.step and begin(examiner, seed=1)[1] is paused


def test_results_add_up_over_people_and_over_restarts(saved, make_examiner):
    first = make_examiner()
    ticket, test = begin(first, source="kept")
    with pytest.raises(StudioError, match="answer all pictures first"):
        first.result(ticket)
    result = hand_in(first, ticket)
    assert result["right"] == 10
    assert hand_in(first, ticket) == result  # the answer was lost on its way
    with pytest.raises(StudioError, match="handed in already"):
        hand_in(first, ticket, test.fake)
    other = begin(first, source="kept")[0]
    result = hand_in(first, other, test.fake)
    assert (result["right"], result["people"], result["class_right"]) == (20, 2, 15)
    assert {row["fooled"] for row in result["fooled"]} == {1}
    assert first.result(ticket)["people"] == 2  # seen by those who have finished before, too

    again = make_examiner()
    with pytest.raises(StudioError, match="has expired"):
        hand_in(again, begin(first, source="kept")[0])
    result = hand_in(again, begin(again, source="kept")[0])
    assert result["people"] == 3 and not result["problem"]


def test_a_damaged_file_costs_the_class_average_only(saved, examiner):
    ticket, _ = begin(examiner, source="kept")
    examiner.store.path.write_bytes(b"nothing that SQLite can read" * 99)
    result = hand_in(examiner, ticket)
    assert "cannot be read or kept" in result["problem"]["error"] and (result["right"], result["people"]) == (10, 1)
    assert "cannot be read or kept" in examiner.result(ticket)["problem"]["error"]


def test_only_the_newest_tests_are_kept(saved, examiner, monkeypatch):
    monkeypatch.setattr(module, "_MOST_TESTS", 2)
    ticket = begin(examiner, source="kept", seed=0)[0]
    for seed in (1, 2):
        begin(examiner, source="kept", seed=seed)
    with pytest.raises(StudioError, match="has expired"):
        hand_in(examiner, ticket)
    assert [row["seed"] for row in examiner.recent()] == [2, 1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"fake": (True,) * 19},
        {"fake": (True,) * 21},
        {"fake": (1,) * 20},
        {"fake": ("true",) * 20},
        {"milliseconds": (0, *TIMES[1:])},
        {"milliseconds": (600_001, *TIMES[1:])},
        {"milliseconds": (0.5, *TIMES[1:])},
        {"milliseconds": TIMES[1:]},
        {"ticket": "x" * 101},
        {"more": 1},
    ],
)
def test_answers_are_twenty_booleans_and_sensible_times(wrong):
    right = {"ticket": "x", "fake": REAL, "milliseconds": TIMES}
    Submission(**right)
    with pytest.raises(ValidationError):
        Submission(**{**right, **wrong})
