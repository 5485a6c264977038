"""Many people's requests in one go, in turn, each with its own answer."""

import pytest

from gan_studio.errors import StudioError
from gan_studio.rounds import Rounds
from gan_studio.worker import MOST_WAITING
from tests.conftest import as_visitor, wait_until


@pytest.fixture
def answered():
    """The requests of each round."""
    return []


@pytest.fixture
def rounds(worker, answered):
    def answer(requests):
        answered.append(list(requests))
        return [StudioError(f"not {r}") if r < 0 else 10 * r for r in requests]

    return Rounds(worker, answer, size=abs, most=12)


def ask(rounds, who, request):
    return as_visitor(who, rounds.submit, request)


def test_everybody_who_waits_is_answered_in_one_round(rounds, answered, hold):
    asked = [ask(rounds, f"person {number}", 1) for number in range(10)]
    hold.set()
    assert [future.result(timeout=20) for future in asked] == [10] * 10 and answered == [[1] * 10]


def test_a_greedy_visitor_gets_one_answer_a_round(rounds, answered, hold):
    greedy = [ask(rounds, "greedy", 1) for _ in range(3)]
    modest = ask(rounds, "modest", 2)
    hold.set()
    assert [future.result(timeout=20) for future in (*greedy, modest)] == [10, 10, 10, 20]
    assert answered == [[1, 2], [1], [1]]


def test_a_round_is_bounded_and_goes_on_with_those_who_were_left(rounds, answered, hold):
    asked = [ask(rounds, who, size) for who, size in (("a", 20), ("b", 7), ("c", 6), ("d", 5))]
    again = ask(rounds, "a", 1)
    hold.set()
    assert [future.result(timeout=20) for future in (*asked, again)] == [200, 70, 60, 50, 10]
    assert answered == [[20], [7, 5], [6, 1]]


def test_a_refusal_is_its_askers_alone(rounds, hold):
    fine, refused = ask(rounds, "fine", 3), ask(rounds, "wrong", -3)
    hold.set()
    assert fine.result(timeout=20) == 30
    with pytest.raises(StudioError, match="not -3"):
        refused.result(timeout=20)


def test_a_fault_is_told_to_all_of_its_round(worker, hold):
    def fail(requests):
        raise MemoryError("none left")

    asked = [ask(Rounds(worker, fail, abs, 9), who, 1) for who in "ab"]
    hold.set()
    for future in asked:
        with pytest.raises(MemoryError, match="none left"):
            future.result(timeout=20)


def test_what_nobody_waits_for_is_not_answered_and_frees_its_place(rounds, answered, hold):
    asked = [ask(rounds, "one", 1) for _ in range(MOST_WAITING)]
    with pytest.raises(StudioError, match="busy"):
        ask(rounds, "one", 1)
    for future in asked[:-1]:
        assert future.cancel()
    last = ask(rounds, "one", 2)
    hold.set()
    assert asked[-1].result(timeout=20) == 10 and last.result(timeout=20) == 20
    assert answered == [[1], [2]]


def test_the_end_of_the_worker_ends_the_waiting(rounds, worker, hold):
    waiting = ask(rounds, "one", 1)
    worker.close()
    assert waiting.cancelled()


def test_requests_of_one_round_wait_as_one_piece_of_work(rounds, worker, hold):
    for who in "abc":
        for _ in range(MOST_WAITING):
            ask(rounds, who, 1)
    assert [len(line) for line in worker._lines.values()] == [1]
    last = ask(rounds, "d", 2)
    hold.set()
    assert last.result(timeout=20) == 20


def test_a_visitors_other_work_does_not_hold_up_the_rounds(rounds, worker, answered, hold):
    done = []
    for number in range(5):
        as_visitor("greedy", worker.submit, lambda number=number: done.append((number, len(answered))))
    asked = [ask(rounds, who, 1) for who in ("greedy", "modest")]
    hold.set()
    assert [future.result(timeout=20) for future in asked] == [10, 10]
    assert answered == [[1, 1]] and done[0] == (0, 0)
    wait_until(lambda: len(done) == 5)
    assert done[1] == (1, 1)
